//! The troubles, and how each is brought about.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ccsync::app::{App, Overrides};
use ccsync_simulator::{Change, Channel, Endpoint, Fault, FaultRates, Now, SimulatorConfig};
use chrono::Utc;

use super::told::Told;
use crate::support::process::{Setup, recent_world};
use crate::whole::crash::proxy::Proxy;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    WrongKey,
    TokenFight,
    VendorDown,
    VendorSlow,
    DatabaseDown,
    DiskFull,
    Quarantine,
    MassAbsence,
    ClockOff,
    SchemaDrift,
}

impl Trouble {
    pub const ALL: [Trouble; 10] = [
        Trouble::WrongKey,
        Trouble::TokenFight,
        Trouble::VendorDown,
        Trouble::VendorSlow,
        Trouble::DatabaseDown,
        Trouble::DiskFull,
        Trouble::Quarantine,
        Trouble::MassAbsence,
        Trouble::ClockOff,
        Trouble::SchemaDrift,
    ];

    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Trouble::WrongKey => ("Sobot's key is wrong", "智齿密钥错误"),
            Trouble::TokenFight => ("another system renews Sobot's token", "另一系统争用智齿令牌"),
            Trouble::VendorDown => ("Sobot is down (connection refused)", "智齿宕机（拒绝连接）"),
            Trouble::VendorSlow => {
                ("Sobot is slow (each answer later than `http.read_timeout`)", "智齿缓慢（应答超时）")
            }
            Trouble::DatabaseDown => ("the database is down", "数据库宕机"),
            Trouble::DiskFull => ("the database server's disk is full", "数据库服务器磁盘已满"),
            Trouble::Quarantine => ("a record cannot be read", "有记录无法读取"),
            Trouble::MassAbsence => ("two thirds of the calls vanish", "三分之二的通话消失"),
            Trouble::ClockOff => ("this host's clock is 10 minutes ahead", "本机时钟快 10 分钟"),
            Trouble::SchemaDrift => ("7moor sends a field that no document has", "7moor 发来文档之外的字段"),
        }
    }

    /// What the program's environment has beside the configuration while it lasts; not that of the page, which was
    /// begun before.
    fn of_program(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Trouble::DatabaseDown => &[("CCSYNC__DATABASE__URL", "postgres://ccsync@127.0.0.1:1/ccsync")],
            _ => self.variables(),
        }
    }

    /// The same for both.
    fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Trouble::WrongKey => &[("CCSYNC__SOURCES__SOBOT__APP_KEY", "wrong")],
            Trouble::VendorDown => &[("CCSYNC__SOURCES__SOBOT__BASE_URL", "http://127.0.0.1:1")],
            Trouble::VendorSlow => &[("CCSYNC__HTTP__READ_TIMEOUT", "500ms")],
            _ => &[],
        }
    }
}

/// Always: no waiting between tries, and what a read lacks may be gone as of the next one.
const ALWAYS: [(&str, &str); 5] = [
    ("CCSYNC__ENGINE__RETRY_BASE", "5ms"),
    ("CCSYNC__ENGINE__RETRY_MAX", "50ms"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "0s"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "31d"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__SETTLE", "0s"),
];

const CALLS_VANISHED: usize = 100;

/// A database's disk without room for one more row of calls.
const DISK_FULL: &str = "
    create function public.refuse() returns trigger language plpgsql as $$
    begin
        raise sqlstate '53100' using message = 'could not extend file \"base/5/16384\": No space left on device';
    end $$;
    create trigger refuse before insert or update on sobot.call_result
    for each statement execute function public.refuse();";

/// A program, its database and its vendors.
pub struct Scene {
    pub trouble: Trouble,
    pub setup: Setup,
    proxy: Proxy,
    vendors_behind_ms: Arc<AtomicI64>,
}

impl Scene {
    /// All is well, and a first sync was made.
    pub async fn well(trouble: Trouble) -> Scene {
        let vendors_behind_ms = Arc::new(AtomicI64::new(0));
        let behind = vendors_behind_ms.clone();
        let now = move || Utc::now() - chrono::Duration::milliseconds(behind.load(Ordering::SeqCst));
        let mut config = SimulatorConfig { now: Now(Arc::new(now)), ..recent_world() };
        // It would be an alert of its own.
        config.switches.set("sobot_extra_field", "none").unwrap();
        let mut proxy = None;
        let mut setup = Setup::at(config, "", async |db| {
            let (opened, url) = Proxy::start(db).await;
            proxy = Some(opened);
            url
        })
        .await;
        for (name, value) in ALWAYS {
            setup = setup.with(name, value);
        }
        setup.db.lift_limits("moor:%").await;
        setup.run(&["sync"]).await.expect(0);
        let status = setup.run(&["status", "--json"]).await.expect(0).json();
        assert_eq!(status["alerts"], serde_json::json!([]), "{status:#}");
        Scene { trouble, setup, proxy: proxy.unwrap(), vendors_behind_ms }
    }

    /// The product in this process, to serve the page.
    async fn app(&self) -> Arc<App> {
        let variables = [ALWAYS.as_slice(), self.trouble.variables()].concat();
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let file = self.setup.workspace.path().join("ccsync.toml");
        let settings = ccsync::config::load(Some(&file), variables, Utc::now()).unwrap();
        Arc::new(App::build(settings, Overrides::default()).await.unwrap())
    }

    /// Brings the trouble about and hears what is said.
    pub async fn trouble(mut self) -> Told {
        for (name, value) in self.trouble.of_program() {
            self.setup = self.setup.with(name, value);
        }
        let app = self.app().await;
        self.inject().await;
        // What is missing is looked for twice before it is an alarm.
        if self.trouble == Trouble::MassAbsence {
            self.setup.run(&["sync"]).await.expect(0);
        }
        let synced = self.setup.run(&["sync"]).await;
        // A process knows of the vendors' clocks what their answers told it.
        if self.trouble == Trouble::ClockOff {
            app.sync(&[], &tokio_util::sync::CancellationToken::new()).await.unwrap();
        }
        let status = self.setup.run(&["status"]).await;
        Told::hear(self.trouble, &app, &synced, &status).await
    }

    async fn inject(&self) {
        let simulator = &self.setup.simulator;
        match self.trouble {
            // A token that lives on would hide for a day that its account gets no new one.
            Trouble::WrongKey => self.sql("delete from sync.token").await,
            Trouble::TokenFight => simulator.set_fault_rates(sobots(Fault::ExpiredToken)),
            Trouble::VendorDown => {}
            Trouble::VendorSlow => simulator.set_fault_rates(sobots(Fault::Hang)),
            Trouble::DatabaseDown => self.proxy.shut(true),
            Trouble::DiskFull => {
                self.new_call("new", "90");
                self.sql(DISK_FULL).await;
            }
            Trouble::Quarantine => self.new_call("broken", "abc"),
            Trouble::MassAbsence => {
                for call in simulator.truth().calls[..CALLS_VANISHED].iter() {
                    let text = |name: &str| call[name].as_str().unwrap().to_owned();
                    let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
                    simulator.mutate(Change::Delete { channel: Channel::Call, id, agentid }).unwrap();
                }
            }
            Trouble::ClockOff => self.vendors_behind_ms.store(600_000, Ordering::SeqCst),
            Trouble::SchemaDrift => {
                let mut switches = simulator.switches();
                switches.set("moor_schema", "new_field").unwrap();
                simulator.set_switches(switches);
            }
        }
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(self.setup.db.pool().await).await.unwrap();
    }

    fn new_call(&self, id: &str, score: &str) {
        let fields = serde_json::json!({"call_log_jestid": id, "agentid": "a", "total_score": score});
        let fields = fields.as_object().unwrap().clone();
        let insert = Change::Insert { channel: Channel::Call, fields, omit: Vec::new() };
        self.setup.simulator.mutate(insert).unwrap();
    }
}

/// Sobot's streams fail like this, always.
fn sobots(fault: Fault) -> FaultRates {
    let calls = FaultRates::none().with_at(Endpoint::SobotCallResult, fault, 1.0);
    calls.with_at(Endpoint::SobotChatResult, fault, 1.0)
}
