//! The least of HTTP: requests one after another over one connection to this machine. A client with more to it would
//! be measured too.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// An answer slower than this is none.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One connection, kept open.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// To an address of the form `http://host:port`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(crate) async fn open(base_url: &str) -> Result<Connection, String> {
        let host = base_url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).await.map_err(|error| format!("{host}: {error}"))?;
        // Without it a small request may wait for the answer before.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Connection { stream: BufReader::with_capacity(256 * 1024, stream), host })
    }

    /// The status and the body of the answer to one request.
    ///
    /// # Errors
    /// The connection broke, or the answer does not say how long it is.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Result<(u16, Vec<u8>), String> {
        let host = &self.host;
        self.exchange(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ntoken: {token}\r\n\r\n")).await
    }

    /// The same with a body.
    ///
    /// # Errors
    /// As [`Connection::get`].
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<(u16, Vec<u8>), String> {
        let (host, length) = (&self.host, body.len());
        let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
        self.exchange(format!("{head}{body}")).await
    }

    async fn exchange(&mut self, request: String) -> Result<(u16, Vec<u8>), String> {
        let answer = tokio::time::timeout(TIMEOUT, self.answer(request.as_bytes())).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", TIMEOUT.as_secs()))?;
        answer.map_err(|error| format!("{}: {error}", self.host))
    }

    async fn answer(&mut self, request: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        self.stream.get_mut().write_all(request).await?;
        let (mut status, mut length) = (None, None);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match line.split_once(':') {
                None => status = line.split(' ').nth(1).and_then(|code| code.parse().ok()),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse::<usize>().ok();
                }
                Some(_) => {}
            }
        }
        let broken = || std::io::Error::other("the answer is not of the expected form");
        let (status, length) = (status.ok_or_else(broken)?, length.ok_or_else(broken)?);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((status, body))
    }
}
