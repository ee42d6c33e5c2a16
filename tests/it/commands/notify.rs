//! Notices over real HTTP, with the ledger in PostgreSQL, on a clock that the test moves.

mod change;
mod command;
mod messenger;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::clock::Clock as _;
use ccsync::engine::port::status::StatusRead;
use ccsync::ops::notify::Notifier;
use ccsync::ops::notify::target::{NoticeTarget, TargetKind};
use ccsync::ops::notify::text::Wording;
use ccsync::report::alert::{Alert, AlertKind, Severity};
use ccsync::report::language::Language;
use ccsync::report::phrase::Localized;
use ccsync::report::status::StatusReport;
use ccsync::report::status::window::WindowReport;
use ccsync::sources::http::{HttpClient, HttpConfig};
use ccsync::store::{PgStore, StoreConfig};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use self::messenger::Messenger;
use crate::support::db::TestDb;
use crate::support::harness::TestClock;

/// The longest time after which a change that stands is told.
const TOLD_AFTER: Duration = Duration::from_secs(61);

/// A database that can be switched off.
struct Switch {
    store: PgStore,
    down: AtomicBool,
}

#[async_trait]
impl StatusRead for Switch {
    async fn status(&self, now: DateTime<Utc>) -> Result<StatusReport, Fault> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Fault::new(FaultKind::DatabaseUnreachable, "nobody listens there"));
        }
        self.store.status(now).await
    }

    async fn window(
        &self,
        key: &StreamKey,
        start: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<WindowReport>, Fault> {
        self.store.window(key, start, now).await
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.store.ready().await
    }
}

/// The alerts of the moment, a clock, a database and messengers.
struct Watch {
    db: TestDb,
    clock: TestClock,
    alerts: Arc<Mutex<Vec<Alert>>>,
    switch: Arc<Switch>,
    targets: Vec<NoticeTarget>,
}

impl Watch {
    async fn over(targets: Vec<NoticeTarget>) -> Watch {
        let db = TestDb::create().await;
        let options = StoreConfig::from_url(&SecretString::from(db.url().to_owned())).unwrap();
        let store = PgStore::connect(&options).await.unwrap();
        let switch = Arc::new(Switch { store, down: AtomicBool::new(false) });
        Watch { db, clock: TestClock::hurried(), alerts: Arc::default(), switch, targets }
    }

    /// A daemon.
    fn daemon(&self) -> Notifier {
        let alerts = self.alerts.clone();
        Notifier {
            status: self.switch.clone(),
            enrich: Arc::new(move |mut report| {
                report.alerts = alerts.lock().unwrap().clone();
                report
            }),
            store: self.switch.store.clone(),
            targets: self.targets.clone(),
            clock: Arc::new(self.clock.clone()),
            language: Language::En,
            worker: Uuid::new_v4(),
            away: tokio::sync::Mutex::default(),
            pruned_on: tokio::sync::Mutex::default(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn stands(&self, alerts: &[Alert]) {
        *self.alerts.lock().unwrap() = alerts.to_vec();
    }

    /// Looks now, and after what stands or is gone has been so for long enough.
    async fn settle(&self, daemon: &Notifier) {
        daemon.look().await;
        self.clock.advance(TOLD_AFTER);
        daemon.look().await;
    }
}

fn alert(kind: AlertKind, message: &str) -> Alert {
    Alert {
        kind,
        severity: kind.severity(),
        source: Some("sobot".into()),
        stream: Some(StreamId::SOBOT_CALL_RESULT),
        since: Some("2026-03-08T02:00:00Z".parse().unwrap()),
        message: message.into(),
        localized: Localized::each(|_| message.into()),
        remedy: kind.remedy().english().into(),
    }
}

fn target(kind: TargetKind, messenger: &Messenger, secret: Option<&str>) -> NoticeTarget {
    NoticeTarget {
        name: "ops".into(),
        kind,
        url: SecretString::from(messenger.url()),
        secret: secret.map(SecretString::from),
        severity: Severity::Warning,
        wording: Wording {
            language: Language::En,
            zone: chrono_tz::Asia::Shanghai,
            page_url: Some("https://ccsync.example.com/".parse().unwrap()),
        },
        http: HttpClient::new(&HttpConfig { once: true, ..HttpConfig::default() }).unwrap(),
    }
}
