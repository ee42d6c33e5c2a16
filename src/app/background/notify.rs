//! Whom to tell when something is the matter.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::domain::fault::Fault;
use crate::ops::notify::Notifier;
use crate::ops::notify::target::NoticeTarget;
use crate::ops::notify::text::Wording;
use crate::report::notice::{Notice, NoticeEntry};
use crate::sources::http::{HttpClient, HttpConfig};

/// A messenger that does not answer must not hold the others up for long.
const TIMEOUT: Duration = Duration::from_secs(10);

impl App {
    /// The targets of notices.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn notice_targets(&self) -> Result<Vec<NoticeTarget>, Fault> {
        let http = HttpClient::new(&HttpConfig {
            read_timeout: TIMEOUT,
            total_timeout: TIMEOUT,
            body_bytes_max: 64 << 10,
            once: true,
            ..HttpConfig::default()
        })?;
        let wording = Wording {
            language: self.settings.language,
            zone: self.settings.timezone,
            page_url: self.settings.ops.public_url.clone(),
        };
        let target = |settings: &crate::config::NotifySettings| NoticeTarget {
            name: settings.name.clone(),
            kind: settings.kind,
            url: settings.url.clone(),
            secret: settings.secret.clone(),
            severity: settings.severity,
            wording: wording.clone(),
            http: http.clone(),
        };
        Ok(self.settings.notify.iter().map(target).collect())
    }

    /// Who watches the alerts and notes them, whether or not anybody is to be told.
    pub(in crate::app) fn notifier(self: &Arc<Self>) -> Result<Notifier, Fault> {
        let targets = self.notice_targets()?;
        let app = self.clone();
        Ok(Notifier {
            status: Arc::new(self.database.store.clone()),
            enrich: Arc::new(move |report| app.enrich(report, true)),
            store: self.database.store.clone(),
            targets,
            clock: self.overrides.clock.clone(),
            language: self.settings.language,
            worker: Uuid::new_v4(),
            away: tokio::sync::Mutex::default(),
            pruned_on: tokio::sync::Mutex::default(),
        })
    }

    /// Sends a trial to the target of this name, or to all; answers what each said.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub async fn notice_trial(&self, name: Option<&str>) -> Result<Vec<(String, Result<(), Fault>)>, Fault> {
        let notice = Notice { at: self.overrides.clock.now(), changes: Vec::new() };
        let mut all = Vec::new();
        for target in self.notice_targets()? {
            if name.is_none_or(|name| name == target.name) {
                let answers = target.send(&notice).await;
                all.push((target.name, answers));
            }
        }
        Ok(all)
    }

    /// The latest notices, the newest first, at most `max`.
    ///
    /// # Errors
    /// Database faults.
    pub async fn notices(&self, max: u32) -> Result<Vec<NoticeEntry>, Fault> {
        self.database.store.notices(max).await
    }
}
