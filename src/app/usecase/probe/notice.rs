//! What the time of a notice counts, found by listening to one agent for a while.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::app::assembly::stream::Shared;
use crate::app::background::feed;
use crate::config::{FeedSettings, SourceSettings};
use crate::domain::fault::Fault;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::domain::vendor::feed::{FeedMessage, Notice, NoticeTime};
use crate::engine::port::feed::{Feed, Heard};
use crate::sources::http::HttpClient;

/// How long is listened at most.
const LISTEN: Duration = Duration::from_secs(60);

/// Two notices say something where so much lies between them: times are whole seconds, and messages take theirs.
const APART: i64 = 4;

/// How far times may be off each other and still be one.
const OFF: i64 = 2;

impl App {
    /// Listens to one agent of a source's feed, and answers with how many sockets were opened.
    pub(super) async fn probe_feed(
        &self,
        source: &SourceSettings,
        (settings, http, shared): (&FeedSettings, &HttpClient, &Shared),
    ) -> Result<(VendorFact, usize), Fault> {
        let fact = |answer: Option<NoticeTime>, evidence: String| VendorFact {
            stream: settings.key.clone(),
            question: Question::NoticeTime,
            answer: answer.map(|time| time.as_str().to_owned()),
            evidence,
            found_at: self.overrides.clock.now(),
        };
        let Some(feed) = feed::account(source, settings, NoticeTime::Unknown, http, &shared.erasures) else {
            return Ok((fact(None, "no agent is configured".to_owned()), 0));
        };
        // Whether an agent may have two sockets is unknown: the one that is listened to is left alone.
        let mut free = None;
        for extno in feed.agents() {
            if !self.database.store.feed_is_followed(&settings.key, &extno).await? {
                free = Some(extno);
                break;
            }
        }
        let Some(extno) = free else {
            let why = "a running ccsync follows every configured agent: stop it, and probe again".to_owned();
            return Ok((fact(None, why), 0));
        };
        let (answer, evidence) = self.listen(feed.as_ref(), &extno).await?;
        Ok((fact(answer, evidence), 1))
    }

    async fn listen(&self, feed: &dyn Feed, extno: &str) -> Result<(Option<NoticeTime>, String), Fault> {
        let mut session = feed.connect(extno).await?;
        let mut notices = Vec::new();
        let listening = async {
            loop {
                match session.next().await {
                    Heard::Message(message) => {
                        if let (FeedMessage::Notice(notice), _) = message.content() {
                            notices.push((self.overrides.clock.now(), notice.clone()));
                        }
                        if let Some(found) = judge(&notices) {
                            return Some(found);
                        }
                    }
                    Heard::Heartbeat => {}
                    Heard::End { .. } => return None,
                }
            }
        };
        let found = tokio::time::timeout(LISTEN, listening).await.ok().flatten();
        session.close().await;
        Ok(match found {
            Some((answer, evidence)) => (Some(answer), evidence),
            None => (
                None,
                format!(
                    "agent {extno} was listened to for {} s at most, and the {} notices that came did not decide it",
                    LISTEN.as_secs(),
                    notices.len()
                ),
            ),
        })
    }
}

/// What the last two notices that are far enough apart say.
fn judge(notices: &[(DateTime<Utc>, Notice)]) -> Option<(NoticeTime, String)> {
    let (at, last) = notices.last()?;
    let told = i64::from(last.elapsed_s?);
    let same = |notice: &Notice| notice.state == last.state;
    // The first of the last run of one state, and the last one before it.
    let run = notices.iter().rev().take_while(|(_, notice)| same(notice)).count();
    let (before, run) = notices.split_at(notices.len() - run);
    if let Some((first_at, first)) = run.first()
        && APART <= (*at - *first_at).num_seconds()
    {
        let (passed, grown) = ((*at - *first_at).num_seconds(), told - i64::from(first.elapsed_s?));
        if (grown - passed).abs() <= OFF {
            return Some((
                NoticeTime::State,
                format!("in {passed} s of one state the time grew by {grown} s"),
            ));
        }
        if grown == 0 {
            return Some((NoticeTime::Wait, format!("in {passed} s of one state the time did not change")));
        }
    }
    // A state that was another one when it was told last cannot last for longer than that.
    let (other_at, _) = before.last().filter(|_| run.len() == 1)?;
    let passed = (*at - *other_at).num_seconds();
    (passed + OFF + 1 < told).then(|| {
        (NoticeTime::Wait, format!("a state of at most {passed} s was told with a time of {told} s"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vendor::feed::AgentState;

    fn judged(notices: &[(i64, AgentState, u32)]) -> Option<&'static str> {
        let notices: Vec<_> = notices
            .iter()
            .map(|(at, state, elapsed)| {
                let notice = Notice {
                    state: *state,
                    elapsed_s: Some(*elapsed),
                    counts_state: false,
                    extra: serde_json::Map::new(),
                };
                (DateTime::from_timestamp(1_800_000_000 + at, 0).unwrap(), notice)
            })
            .collect();
        judge(&notices).map(|(answer, _)| answer.as_str())
    }

    #[test]
    fn a_time_that_grows_with_the_clock_counts_the_state_and_one_that_stands_still_does_not() {
        use AgentState::{Busy, Idle};
        assert_eq!(judged(&[(0, Idle, 100), (10, Idle, 110)]), Some("state"));
        assert_eq!(judged(&[(0, Idle, 100), (10, Idle, 100)]), Some("wait"));
        assert_eq!(judged(&[(0, Idle, 100), (2, Idle, 102)]), None, "too close");
        assert_eq!(judged(&[(0, Idle, 100), (10, Idle, 3)]), None, "it began anew meanwhile");
        assert_eq!(judged(&[(0, Idle, 100), (10, Busy, 0)]), None, "both begin so");
        assert_eq!(judged(&[(0, Idle, 100), (10, Busy, 110)]), Some("wait"));
        assert_eq!(judged(&[(0, Idle, 100), (10, Busy, 110), (20, Busy, 110)]), Some("wait"));
        assert_eq!(judged(&[(0, Idle, 5)]), None);
    }
}
