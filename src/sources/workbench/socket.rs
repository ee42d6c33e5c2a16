//! The only user of the WebSocket library: one socket, from the handshake to its end.
//!
//! The handshake is an HTTP request of our own client, so that TLS, proxies and the refusal of redirects are
//! those of every other request; the library takes over the connection behind it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt as _, StreamExt as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use url::Url;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::{GapReason, NoticeTime};
use crate::engine::port::feed::{FeedSession, Heard};
use crate::sources::address::address;
use crate::sources::context::{RequestContext, quote};
use crate::sources::http::{HttpClient, Raw};
use crate::sources::payload::answer::{Declared, body_text};
use crate::sources::workbench::agent_monitor::read;
use crate::sources::workbench::privacy::MessagePrivacy;

const PATH: &str = "/agent/monitor";

/// What a connection may send at once; more ends it.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Messages are small, and there are many sockets.
const BUFFER_BYTES: usize = 16 << 10;

/// For taking leave.
const LEAVE: Duration = Duration::from_millis(500);

/// Whom to connect to, and how to read what comes.
pub(super) struct Place {
    pub(super) key: StreamKey,
    pub(super) base_url: Url,
    pub(super) extno: String,
    pub(super) access_token: SecretString,
    pub(super) named_token: bool,
    pub(super) notice_time: NoticeTime,
    pub(super) privacy: Arc<MessagePrivacy>,
    pub(super) bytes_max: usize,
}

/// An open socket.
pub(super) struct Socket {
    place: Place,
    context: RequestContext,
    stream: WebSocketStream<Raw>,
}

/// Opens the socket of one agent.
pub(super) async fn connect(http: &HttpClient, place: Place) -> Result<Socket, Fault> {
    let context = RequestContext {
        subject: place.key.to_string(),
        request: format!("socket {PATH} of agent {}", place.extno),
    };
    let mut url = address(&place.base_url, PATH, &[]);
    let token = place.access_token.expose_secret();
    if place.named_token {
        url.query_pairs_mut().append_pair("access_token", token);
    } else {
        // The token is the whole query, without a name (`docs/vendors.md#call-system`).
        url.set_query(Some(token));
    }
    let key = generate_key();
    let headers = [("sec-websocket-version", "13"), ("sec-websocket-key", key.as_str())];
    let (raw, accept) = http.upgrade(&context, url, "websocket", &headers, "sec-websocket-accept").await?;
    if accept.as_deref() != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(context.fault(FaultKind::Malformed, "the answer to the handshake is not a WebSocket's"));
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let stream = WebSocketStream::from_raw_socket(raw, Role::Client, Some(config)).await;
    Ok(Socket { place, context, stream })
}

impl Socket {
    fn read(&self, text: String) -> Heard {
        let token = self.place.access_token.expose_secret();
        // Should the vendor ever echo it.
        let text = if text.contains(token) { text.replace(token, "***") } else { text };
        let rules = (self.place.privacy.as_ref(), self.place.notice_time);
        Heard::Message(read(text, &self.place.extno, rules, self.place.bytes_max))
    }

    fn quoted(&self, text: &str) -> String {
        quote(text, &[self.place.access_token.expose_secret()])
    }
}

#[async_trait]
impl FeedSession for Socket {
    async fn next(&mut self) -> Heard {
        let closed = |message: String| Heard::End { reason: GapReason::Closed, message };
        let broken = |message: String| Heard::End { reason: GapReason::Broken, message };
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => self.read(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => {
                // Each byte that is no text takes six.
                let text = body_text(bytes.into(), Declared::Nothing, 6 * MESSAGE_BYTES_MAX);
                self.read(text.unwrap_or_default())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Heartbeat,
            Some(Ok(Message::Close(frame))) => closed(match frame {
                Some(frame) => {
                    format!("the vendor closed it with code {} {}", frame.code, self.quoted(&frame.reason))
                }
                None => "the vendor closed it".to_owned(),
            }),
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => {
                closed("the vendor closed it".to_owned())
            }
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { size, .. }))) => {
                broken(format!("a message of {size} bytes came; {MESSAGE_BYTES_MAX} are the most"))
            }
            Some(Err(error)) => broken(self.quoted(&error.to_string())),
        }
    }

    async fn ping(&mut self) -> Result<(), Fault> {
        self.stream
            .send(Message::Ping(Default::default()))
            .await
            .map_err(|error| self.context.fault(FaultKind::Unreachable, self.quoted(&error.to_string())))
    }

    async fn close(&mut self) {
        // Whoever does not take it in time learns it from the connection's end.
        let _ = tokio::time::timeout(LEAVE, self.stream.close(None)).await;
    }
}
