//! A door to PostgreSQL that can swallow the answer to a COMMIT, and that can be shut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use crate::support::db::TestDb;

struct Orders {
    wanted: AtomicU64,
    swallowed: AtomicU64,
    shut: watch::Sender<bool>,
    /// Clients that are still let in.
    entries: AtomicU64,
}

pub struct Proxy(Arc<Orders>);

/// The URL under which the database is found behind this address.
pub fn url_at(db: &TestDb, address: SocketAddr) -> String {
    let mut url = url::Url::parse(db.url()).unwrap();
    url.set_query(Some("sslmode=disable"));
    url.set_host(Some(&address.ip().to_string())).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.into()
}

impl Proxy {
    /// Opens it on a free port; answers the URL under which the database is found there.
    pub async fn start(db: &TestDb) -> (Proxy, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url_at(db, listener.local_addr().unwrap());
        let shut = watch::Sender::new(false);
        let orders =
            Arc::new(Orders { wanted: 0.into(), swallowed: 0.into(), shut, entries: u64::MAX.into() });
        let (options, shared) = (db.options(), orders.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (options, orders) = (options.clone(), shared.clone());
                let take = |left: u64| left.checked_sub(1);
                if orders.entries.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_err() {
                    continue;
                }
                tokio::spawn(async move {
                    let mut shut = orders.shut.subscribe();
                    tokio::select! {
                        _ = shut.wait_for(|shut| *shut) => {}
                        () = serve(client, options, orders.clone()) => {}
                    }
                });
            }
        });
        (Proxy(orders), url)
    }

    /// The answers to the next commits, so many, are lost.
    pub fn swallow(&self, count: u64) {
        self.0.wanted.store(count, Ordering::SeqCst);
        self.0.swallowed.store(0, Ordering::SeqCst);
    }

    /// Lets so many more clients in, who stay, and nobody after them.
    pub fn shut_after(&self, clients: u64) {
        self.0.entries.store(clients, Ordering::SeqCst);
    }

    /// Cuts all connections and lets nobody in, or opens again.
    pub fn shut(&self, shut: bool) {
        self.0.entries.store(u64::MAX, Ordering::SeqCst);
        self.0.shut.send_replace(shut);
    }

    /// Answers lost since.
    pub fn swallowed(&self) -> u64 {
        self.0.swallowed.load(Ordering::SeqCst)
    }
}

async fn serve(mut client: TcpStream, options: PgConnectOptions, orders: Arc<Orders>) {
    let port = options.get_port();
    match options.get_socket() {
        Some(directory) => {
            let server = UnixStream::connect(directory.join(format!(".s.PGSQL.{port}"))).await.unwrap();
            pass(&mut client, server, &orders).await;
        }
        None => {
            let server = TcpStream::connect((options.get_host(), port)).await.unwrap();
            pass(&mut client, server, &orders).await;
        }
    }
}

async fn pass<Server>(client: &mut TcpStream, mut server: Server, orders: &Orders)
where
    Server: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                if server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
                let commits = asked[..count].windows(7).any(|text| text == b"COMMIT\0");
                let take = |left: u64| left.checked_sub(1);
                if commits && orders.wanted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                    // The answer says that it is done; nobody hears it.
                    if server.read(&mut answered).await.is_ok() {
                        orders.swallowed.fetch_add(1, Ordering::SeqCst);
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
