//! A line to a server, and its weather: connections that are refused, slow, cut or silent.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Where a line ends.
#[derive(Debug, Clone)]
pub enum Server {
    Tcp(String),
    Socket(PathBuf),
}

/// What becomes of one connection; it keeps it for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Fair,
    /// Closed as soon as it stands.
    Refused,
    /// Each part of an answer is late.
    Slow(Duration),
    /// Cut behind so many bytes of answers.
    Cut(usize),
    /// Behind so many bytes of answers nothing comes any more, and nobody says so.
    Silent(usize),
}

/// What went wrong so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Toll {
    pub refused: u64,
    pub slow: u64,
    pub cut: u64,
    pub silent: u64,
}

struct Sky {
    /// Connections in a hundred that suffer.
    odds: u32,
    rng: StdRng,
    toll: Toll,
    /// All fall silent behind so many bytes.
    silent: Option<usize>,
}

/// A line. Dropping it leaves its connections as they are; they end with the test.
#[derive(Clone)]
pub struct Link(Arc<Mutex<Sky>>);

impl Link {
    /// Opens a line to `server` on a port of its own; answers it and `127.0.0.1:port`.
    pub async fn start(server: Server, rng: StdRng) -> (Link, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let link = Link(Arc::new(Mutex::new(Sky { odds: 0, rng, toll: Toll::default(), silent: None })));
        let shared = link.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (fate, server) = (shared.draw(), server.clone());
                tokio::spawn(async move {
                    match server {
                        _ if fate == Fate::Refused => {}
                        Server::Tcp(address) => {
                            if let Ok(server) = TcpStream::connect(address).await {
                                pass(client, server, fate).await;
                            }
                        }
                        Server::Socket(path) => {
                            if let Ok(server) = UnixStream::connect(path).await {
                                pass(client, server, fate).await;
                            }
                        }
                    }
                });
            }
        });
        (link, address)
    }

    /// From now on so many connections in a hundred suffer.
    pub fn set_odds(&self, odds: u32) {
        self.0.lock().unwrap().odds = odds;
    }

    /// Every new connection falls silent behind so many bytes of answers, or none does any more.
    pub fn silence(&self, behind: Option<usize>) {
        self.0.lock().unwrap().silent = behind;
    }

    pub fn toll(&self) -> Toll {
        self.0.lock().unwrap().toll
    }

    fn draw(&self) -> Fate {
        let mut sky = self.0.lock().unwrap();
        if let Some(bytes) = sky.silent {
            return Fate::Silent(bytes);
        }
        if sky.odds <= sky.rng.random_range(0..100) {
            return Fate::Fair;
        }
        // Most answers are small: half of the bounds lie in the first of them.
        let bytes =
            if sky.rng.random() { sky.rng.random_range(0..400) } else { sky.rng.random_range(0..60_000) };
        let (fate, count) = match sky.rng.random_range(0..4) {
            0 => (Fate::Refused, &mut sky.toll.refused),
            1 => {
                let late = Duration::from_millis(sky.rng.random_range(1..120));
                (Fate::Slow(late), &mut sky.toll.slow)
            }
            2 => (Fate::Cut(bytes), &mut sky.toll.cut),
            _ => (Fate::Silent(bytes), &mut sky.toll.silent),
        };
        *count += 1;
        fate
    }
}

/// Passes on what both sides say, as long as the connection's fate lets it.
async fn pass<Other: AsyncRead + AsyncWrite + Unpin>(client: TcpStream, server: Other, fate: Fate) {
    let (mut asks, mut hears) = client.into_split();
    let (mut answers, mut takes) = tokio::io::split(server);
    let there = async {
        let _ = tokio::io::copy(&mut asks, &mut takes).await;
        let _ = takes.shutdown().await;
    };
    let back = async {
        let (mut part, mut passed) = (vec![0; 16_384], 0);
        loop {
            let Ok(count @ 1..) = answers.read(&mut part).await else { return };
            let left = match fate {
                Fate::Cut(bytes) | Fate::Silent(bytes) => bytes.saturating_sub(passed).min(count),
                Fate::Slow(late) => {
                    tokio::time::sleep(late).await;
                    count
                }
                Fate::Fair | Fate::Refused => count,
            };
            if hears.write_all(&part[..left]).await.is_err() {
                return;
            }
            passed += left;
            match fate {
                Fate::Cut(_) if left < count => return,
                Fate::Silent(_) if left < count => std::future::pending().await,
                _ => {}
            }
        }
    };
    tokio::select! {
        // A client that says no more may still hear.
        () = async { there.await; std::future::pending().await } => {}
        () = back => {}
    }
}
