//! The sockets of a feed's agents.

use std::time::Duration;

use futures::StreamExt as _;

use super::report::{CheckGroup, Checked};
use super::vendor::too_slow;
use crate::domain::fault::Fault;
use crate::domain::row::text::counted;
use crate::engine::port::feed::Feed;
use crate::store::PgStore;

const GROUP: CheckGroup = CheckGroup::Vendors;

/// Agents that are tried; of more, so many, evenly among them.
const TRIED_MAX: usize = 20;

/// Handshakes at once.
const AT_ONCE: usize = 4;

/// How an agent's socket is.
enum Socket {
    Opens,
    /// A running process listens.
    Followed,
    Refused(String, Fault),
}

/// Opens the socket of each agent and closes it again.
pub(super) async fn check(feed: &dyn Feed, store: Option<&PgStore>, timeout: Duration) -> Checked {
    let subject = feed.key().to_string();
    let agents = feed.agents();
    if agents.is_empty() {
        return Checked::warning(GROUP, subject, "no agent is configured", "add [[sources.NAME.agents]]");
    }
    let tried: Vec<&String> = agents.iter().step_by(agents.len().div_ceil(TRIED_MAX)).collect();
    let sockets: Vec<Result<Socket, Fault>> = futures::stream::iter(tried.iter().copied())
        .map(|extno| socket(feed, store, extno, timeout))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut opened, mut followed, mut refused) = (0, 0, Vec::new());
    for socket in sockets {
        match socket {
            Ok(Socket::Opens) => opened += 1,
            Ok(Socket::Followed) => followed += 1,
            Ok(Socket::Refused(extno, fault)) => refused.push((extno, fault)),
            Err(fault) => return Checked::ill(GROUP, subject, &fault),
        }
    }
    let sample = match tried.len() < agents.len() {
        true => format!("; {} of {} were tried", tried.len(), counted(agents.len(), "agent")),
        false => String::new(),
    };
    if let Some((_, fault)) = refused.first() {
        let mut checked = Checked::ill(GROUP, subject, fault);
        let others: Vec<&str> = refused.iter().skip(1).map(|(extno, _)| extno.as_str()).collect();
        if !others.is_empty() {
            checked.detail += &format!("; nor do the sockets of {} open", others.join(", "));
        }
        checked.detail += &sample;
        return checked;
    }
    let mut told = Vec::new();
    if 0 < opened {
        let (sockets, open) = if opened == 1 { ("socket", "opens") } else { ("sockets", "open") };
        told.push(format!("the {sockets} of {} {open}", counted(opened, "agent")));
    }
    if 0 < followed {
        told.push(format!(
            "a running ccsync follows {}; no second socket is opened, and what stands here as a token is not tried",
            counted(followed, "agent")
        ));
    }
    Checked::well(GROUP, subject, told.join("; ") + &sample)
}

async fn socket(
    feed: &dyn Feed,
    store: Option<&PgStore>,
    extno: &str,
    timeout: Duration,
) -> Result<Socket, Fault> {
    // Whether a vendor lets an agent have two sockets is unknown: the one that is listened to is left alone.
    if let Some(store) = store
        && store.feed_is_followed(feed.key(), extno).await?
    {
        return Ok(match store.feed_failure(feed.key(), extno).await? {
            Some(fault) => Socket::Refused(extno.to_owned(), fault),
            None => Socket::Followed,
        });
    }
    let connected = tokio::time::timeout(timeout, feed.connect(extno)).await;
    Ok(match connected.unwrap_or_else(|_| Err(too_slow(timeout))) {
        Ok(mut session) => {
            session.close().await;
            Socket::Opens
        }
        Err(fault) => Socket::Refused(extno.to_owned(), fault),
    })
}
