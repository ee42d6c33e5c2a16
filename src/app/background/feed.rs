//! From a configured feed to one that can be followed.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::app::assembly::stream;
use crate::app::{App, Overrides};
use crate::config::{Account, FeedSettings, Settings, SourceSettings, TokenForm};
use crate::domain::fault::Fault;
use crate::domain::person::forgotten::ErasureList;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::domain::vendor::feed::NoticeTime;
use crate::engine::feed::follower::{FeedFollower, FollowConfig, PulseConfig, SessionConfig};
use crate::engine::plan::present::TimeWitness;
use crate::engine::port::feed::Feed;
use crate::report::status::{FeedAgentStatus, FeedStatus, StreamDeclaration};
use crate::sources::http::HttpClient;
use crate::sources::workbench::{WorkbenchAccount, WorkbenchAgent, WorkbenchConfig};
use crate::spool::DiskSpool;
use crate::store::PgStore;

/// The ledger learns of signs of life this often at most.
const NOTE: Duration = Duration::from_secs(5);

/// Stands in place of a schedule.
pub(in crate::app) const LIVE: &str = "live";

/// The feeds of all sources, ready to be followed.
pub(in crate::app) fn assemble(
    (settings, facts): (&Settings, &[VendorFact]),
    store: &PgStore,
    (overrides, witness): (&Overrides, &TimeWitness),
    worker: Uuid,
) -> Result<Vec<Arc<FeedFollower>>, Fault> {
    let store = Arc::new(store.clone());
    let follower = |(feed, chosen): Chosen<'_>| {
        let directory = settings.database.data_dir.join("feed").join(&feed.key().source);
        Arc::new(FeedFollower {
            spool: Arc::new(DiskSpool::new(directory, u64::from(chosen.spool_mib_max) << 20)),
            feed,
            store: store.clone(),
            ledger: store.clone(),
            clock: overrides.clock.clone(),
            worker,
            config: FollowConfig {
                lease: settings.engine.lease,
                session: SessionConfig {
                    pulse: PulseConfig { ping: chosen.ping, silence: chosen.silence, note: NOTE },
                    reconnect_base: chosen.reconnect_base,
                    reconnect_max: chosen.reconnect_max,
                },
                buffer: chosen.buffer_messages,
                // The other half is for what follows: the run's end and the leases.
                grace: settings.engine.shutdown_grace / 2,
                database_wait: overrides.database_wait,
            },
        })
    };
    Ok(feeds((settings, facts), store.erasures(), witness)?.into_iter().map(follower).collect())
}

/// A feed at its vendor, and how it is followed.
type Chosen<'a> = (Arc<dyn Feed>, &'a FeedSettings);

/// The vendors' side of every enabled feed.
fn feeds<'s>(
    (settings, facts): (&'s Settings, &[VendorFact]),
    erasures: &ErasureList,
    witness: &TimeWitness,
) -> Result<Vec<Chosen<'s>>, Fault> {
    let http = stream::http_client(settings)?.measuring(witness);
    let account =
        |(source, feed)| Some((account(source, feed, notice_time(feed, facts), &http, erasures)?, feed));
    Ok(settings.feeds().filter_map(account).collect())
}

/// The vendor's side of a feed; `None` where the source has none.
pub(in crate::app) fn account(
    source: &SourceSettings,
    feed: &FeedSettings,
    notice_time: NoticeTime,
    http: &HttpClient,
    erasures: &ErasureList,
) -> Option<Arc<dyn Feed>> {
    let Account::Workbench { agents, .. } = &source.account else { return None };
    let config = WorkbenchConfig {
        source: source.name.clone(),
        base_url: source.base_url.clone(),
        agents: agents
            .iter()
            .map(|agent| WorkbenchAgent {
                extno: agent.extno.clone(),
                access_token: agent.access_token.clone(),
            })
            .collect(),
        named_token: feed.token_form == TokenForm::AccessToken,
        notice_time,
        privacy: source.privacy.forgetting(erasures, &source.name),
        custom_fields: source.custom_fields.clone(),
        message_bytes_max: feed.message_kib_max as usize * 1024,
    };
    Some(Arc::new(WorkbenchAccount::new(config, http.clone())))
}

/// What the configuration says, else what a probe found.
fn notice_time(feed: &FeedSettings, facts: &[VendorFact]) -> NoticeTime {
    let found = || VendorFact::answer(facts, &feed.key, Question::NoticeTime);
    match feed.notice_time {
        NoticeTime::Unknown => found().and_then(NoticeTime::from_name).unwrap_or_default(),
        given => given,
    }
}

impl App {
    /// What the database is told of feeds.
    pub(in crate::app) fn feed_declarations(&self) -> impl Iterator<Item = StreamDeclaration> {
        self.feeds.iter().map(|follower| StreamDeclaration {
            key: follower.feed.key().clone(),
            start: None,
            schedule: LIVE.to_owned(),
            timezone: self.settings.timezone,
            window: None,
            enabled: true,
        })
    }

    /// Feeds that the database has not been told of yet.
    pub(in crate::app) fn unheard(&self, known: &[FeedStatus]) -> Vec<FeedStatus> {
        let agent = |extno| FeedAgentStatus {
            extno,
            connected_since: None,
            seen_to: None,
            last_message_at: None,
            gap_reason: None,
            failing_since: None,
            failure_kind: None,
            gaps_today: 0,
            gap_seconds_today: 0,
        };
        let missing = self.feeds.iter().filter(|follower| {
            let key = follower.feed.key();
            !known.iter().any(|feed| feed.source == key.source && feed.stream == key.stream)
        });
        missing
            .map(|follower| FeedStatus {
                source: follower.feed.key().source.clone(),
                stream: follower.feed.key().stream,
                wanted_since: Some(self.built_at),
                last_message_at: None,
                quarantined: 0,
                agents: follower.feed.agents().into_iter().map(agent).collect(),
            })
            .collect()
    }
}
