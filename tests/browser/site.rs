//! A busy site: three Sobot accounts with five streams of 400 windows each, a 7moor account, a workbench.

use std::sync::Arc;

use ccsync::app::{App, Overrides};
use ccsync::engine::port::clock::Clock;
use ccsync::ops::web::readiness::Readiness;
use ccsync::ops::web::server::OpsServer;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::db::TestDb;

/// Half past ten in Beijing, on the last of the windows' days.
const NOW: &str = "2026-11-21T02:30:00Z";

const CONFIGURATION: &str = r#"
[ops]
listen = "127.0.0.1:0"
[sources.sobot-bj]
kind = "sobot"
base_url = "http://127.0.0.1:9"
app_id = "bj"
app_key = "key"
call_result.start = "2025-10-18"
chat_result.start = "2025-10-18"
[sources.sobot-gz]
kind = "sobot"
base_url = "http://127.0.0.1:9"
app_id = "gz"
app_key = "key"
call_result.start = "2025-10-18"
chat_result.enabled = false
[sources.sobot-sh]
kind = "sobot"
base_url = "http://127.0.0.1:9"
app_id = "sh"
app_key = "key"
call_result.start = "2025-10-18"
chat_result.start = "2025-10-18"
[sources.moor]
kind = "moor"
base_url = "http://127.0.0.1:9"
account_id = "N00000000000"
api_secret = "secret"
[sources.bench]
kind = "workbench"
base_url = "http://127.0.0.1:9"
[[sources.bench.agents]]
extno = "1001"
access_token = "token"
[[sources.bench.agents]]
extno = "1002"
access_token = "token"
"#;

struct Fixed(DateTime<Utc>);

#[async_trait::async_trait]
impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {
        std::future::pending().await
    }
}

/// The product's server on that site.
pub struct Site {
    pub db: TestDb,
    pub url: String,
    stop: CancellationToken,
    _server: OpsServer,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Site {
    pub async fn start() -> Site {
        let db = TestDb::create().await;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ccsync.toml");
        let text = format!("[database]\nurl = \"{}\"\n{CONFIGURATION}", db.url());
        std::fs::write(&file, text).unwrap();
        let clock = Arc::new(Fixed(NOW.parse().unwrap()));
        let settings = ccsync::config::load(Some(&file), Vec::new(), clock.now()).unwrap();
        let app = Arc::new(App::build(settings, Overrides { clock, ..Overrides::default() }).await.unwrap());
        app.prepare().await.unwrap();
        sqlx::raw_sql(include_str!("site.sql")).execute(db.pool().await).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let server = OpsServer::start(listener, app.ops_state(Readiness::new()), stop.clone()).unwrap();
        Site { db, url: format!("http://{}", server.address()), stop, _server: server }
    }
}
