//! Asking a live account what its vendor's documents leave open, with few requests, all of which read.

mod answer;
mod notice;
mod paging;
mod prober;
mod window;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::prober::{Prober, Reply, Stop};
use crate::app::App;
use crate::app::assembly::stream::{self, Endpoint, Shared};
use crate::config::{Settings, SourceSettings, StreamSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKind;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::domain::vendor::feed::NoticeTime;
use crate::domain::vendor::page::PageRequest;
use crate::engine::pass::page_size::PageSize;
use crate::report::status::detail::OpenQuestions;
use crate::sources::credential::Credential;
use crate::sources::http::HttpClient;
use crate::sources::moor::{MoorAccount, MoorConfig};
use crate::sources::recorder::Recorder;
use crate::sources::sobot::SobotAccount;

/// Requests that one probe sends to an account at most, token requests counted.
pub const PROBE_REQUESTS_MAX: usize = 30;

/// What a probe found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Probed {
    /// Requests that were sent.
    pub requests: usize,
    /// By stream, in the order of the questions.
    pub facts: Vec<VendorFact>,
}

/// The source that can be asked under this name.
///
/// # Errors
/// Where there is none.
pub fn probed_source<'a>(settings: &'a Settings, name: &str) -> Result<&'a SourceSettings, Fault> {
    let source = settings.source(name).ok_or_else(|| {
        let known: Vec<&str> = settings.sources.iter().map(|source| source.name.as_str()).collect();
        let message = format!("there is no source {name}; configured are {}", known.join(", "));
        Fault::new(FaultKind::Misconfigured, message).advising()
    })?;
    let asked = source.streams.iter().any(|stream| stream.enabled)
        || source.feed.as_ref().is_some_and(|feed| feed.enabled);
    if asked {
        return Ok(source);
    }
    Err(Fault::new(FaultKind::Misconfigured, format!("{name}: no stream of it is enabled")).advising())
}

impl App {
    /// Asks the account of a source, and keeps the answers. The vendor's limits hold; nothing else is stored.
    ///
    /// # Errors
    /// Where there is no such source, it has no stream to ask, or the account cannot be asked.
    pub async fn probe(&self, name: &str) -> Result<Probed, Fault> {
        let source = probed_source(&self.settings, name)?;
        let store = Arc::new(self.database.store.clone());
        let recorder = Recorder::new(PROBE_REQUESTS_MAX, self.witness.clone());
        let shared = Shared::through(&store, &self.overrides, &self.witness);
        let http = stream::http_client(&self.settings)?.measuring(&self.witness).recording(&recorder);
        let endpoints = stream::account_endpoints(source, &http, &shared);
        let (mut facts, mut sockets) = (Vec::new(), 0);
        if let Some(feed) = source.feed.as_ref().filter(|feed| feed.enabled) {
            let (fact, opened) = self.probe_feed(source, (feed, &http, &shared)).await?;
            facts.push(fact);
            sockets = opened;
        }
        // A source that is only listened to has none, and no endpoint either.
        let wrong = WrongCredentials::of(source, &http, &shared);
        for (endpoint, wrong) in endpoints.iter().zip(wrong.iter().cycle()) {
            let clock = self.witness.clock_of(&source.name);
            let mut prober = Prober {
                endpoint,
                recorder: &recorder,
                budget: shared.budget.as_ref(),
                clock: clock.as_ref(),
                facts: Vec::new(),
                answers: Vec::new(),
                seen: Vec::new(),
                refusals: Vec::new(),
            };
            let outcome = prober.all(wrong).await;
            let why = match &outcome {
                Err(Stop::Spent) => format!("the {PROBE_REQUESTS_MAX} requests were used up"),
                _ => "it was not asked".to_owned(),
            };
            prober.close(&why);
            if let Err(Stop::Fault(fault)) = outcome {
                return Err(fault);
            }
            facts.append(&mut prober.facts);
        }
        store.keep_vendor_facts(&facts).await?;
        Ok(Probed { requests: recorder.requests() + sockets, facts })
    }
}

/// The account, as one who does not know its secret would ask it.
enum WrongCredentials {
    Sobot(SobotAccount),
    Moor(MoorAccount),
}

impl WrongCredentials {
    fn of(source: &SourceSettings, http: &HttpClient, shared: &Shared) -> Option<WrongCredentials> {
        if let Some(account) = stream::sobot_account(source, http, shared) {
            return Some(WrongCredentials::Sobot(account));
        }
        let config = MoorConfig { api_secret: Credential::from("wrong"), ..stream::moor_config(source)? };
        let limits = stream::moor_limits(source, shared.budget.clone());
        let clock = shared.witness.signing_clock(&source.name);
        Some(WrongCredentials::Moor(MoorAccount::new(config, http.clone(), limits, clock)))
    }
}

impl Prober<'_> {
    async fn all(&mut self, wrong: &WrongCredentials) -> Result<(), Stop> {
        let asked = self.questions(wrong).await;
        self.error_status();
        if !self.seen.is_empty() {
            self.vendor_clock();
        }
        asked
    }

    async fn questions(&mut self, wrong: &WrongCredentials) -> Result<(), Stop> {
        if Question::ClaimFilter.concerns(self.stream()) {
            return self.claim_filter().await;
        }
        if self.stream().kind() == StreamKind::Snapshot {
            self.paging(None, false).await?;
            return self.refusal(wrong, None).await;
        }
        let sample = match self.sample().await? {
            Ok(sample) => sample,
            Err(why) => {
                self.close(&why);
                return Ok(());
            }
        };
        self.times(&sample).await?;
        let is_capped = self.total_cap(&sample).await?;
        self.paging(Some(sample.window), is_capped).await?;
        self.span().await?;
        self.refusal(wrong, Some(sample.window)).await
    }

    /// How a request under wrong credentials is refused: that is the answer, whatever it says.
    async fn refusal(&mut self, wrong: &WrongCredentials, window: Option<TimeWindow>) -> Result<(), Stop> {
        if self.recorder.left() == 0 {
            return Err(Stop::Spent);
        }
        self.budget.acquire(&self.endpoint.budget, self.clock).await.map_err(Stop::Fault)?;
        let request = PageRequest { window, page_no: 1, page_size: 1 };
        let refused = match wrong {
            WrongCredentials::Sobot(account) => account.fetch_with_wrong_token(self.stream(), &request).await,
            WrongCredentials::Moor(account) => account.stream(self.stream()).fetch(&request).await,
        };
        self.look();
        if refused.is_err() {
            self.refusals.extend(self.answers.last().map(|answer| answer.status));
        }
        Ok(())
    }

    /// Where claim states are refused without a group, the source goes on group by group.
    async fn claim_filter(&mut self) -> Result<(), Stop> {
        let reply = self.ask(None, 1, self.endpoint.settings.page_size).await?;
        let own = self.stream().endpoint();
        let is_first_refused = self.answers.iter().any(|answer| !answer.path.contains(&format!("/{own}/")));
        match reply {
            Reply::Page(_) if is_first_refused => {
                self.refusals.extend(self.answers.first().map(|answer| answer.status));
                self.found(
                    Question::ClaimFilter,
                    "required",
                    "without a group it is refused; with one it is answered",
                );
            }
            Reply::Page(page) => {
                self.found(Question::ClaimFilter, "optional", "all groups came at once");
                self.fields(page.observation);
            }
            Reply::Refused(_) => self.unknown(Question::ClaimFilter, "it is refused, with a group too"),
        }
        Ok(())
    }
}

/// The questions of the streams of a source to which no answer is known.
pub(in crate::app) fn open_questions(source: &SourceSettings, known: &[VendorFact]) -> Vec<OpenQuestions> {
    let enabled = source.streams.iter().filter(|stream| stream.enabled).map(|stream| &stream.key);
    // Whoever set it knows.
    let feeds = source
        .feed
        .iter()
        .filter(|feed| feed.enabled && feed.notice_time == NoticeTime::Unknown)
        .map(|feed| &feed.key);
    let open = enabled.chain(feeds).map(|key| OpenQuestions {
        key: key.clone(),
        questions: Question::of(key.stream)
            .filter(|question| VendorFact::answer(known, key, *question).is_none())
            .collect(),
    });
    open.filter(|open| !open.questions.is_empty()).collect()
}

/// Pages are not asked for fewer elements, unless the vendor gives fewer.
const PAGE_SIZE_MIN: u32 = 10;

/// A bound that was found so long ago is tried again: vendors change.
const PAGE_SIZE_HOLDS: chrono::Duration = chrono::Duration::days(30);

/// How large the pages of a stream are: as set, or else found out, beginning with what is known.
pub(in crate::app) fn page_size(
    facts: &[VendorFact],
    settings: &StreamSettings,
    now: DateTime<Utc>,
) -> PageSize {
    if settings.page_size_is_given {
        return PageSize::fixed(settings.page_size);
    }
    let largest = settings.key.stream.page_size_max;
    let fact = VendorFact::of(facts, &settings.key, Question::PageSize);
    let is_recent = fact.is_some_and(|fact| now < fact.found_at + PAGE_SIZE_HOLDS);
    match fact.and_then(|fact| VendorFact::page_size(fact.answer.as_deref()?)) {
        None => PageSize::between(settings.page_size, PAGE_SIZE_MIN, largest),
        Some((size, true)) if is_recent => {
            let bound = size.clamp(1, largest);
            PageSize::between(bound, PAGE_SIZE_MIN, bound)
        }
        Some((size, _)) => PageSize::between(size.max(settings.page_size), PAGE_SIZE_MIN, largest),
    }
}

/// An endpoint's stream may go by what was found where the configuration says nothing.
pub(in crate::app) fn apply(facts: &[VendorFact], endpoint: &mut Endpoint) {
    let settings = &mut endpoint.settings;
    let answer = |question: Question| VendorFact::answer(facts, &settings.key, question)?.parse::<u64>().ok();
    let (depth, cap) = (answer(Question::Depth), answer(Question::TotalCap));
    if let Some(cap) = [depth, cap].into_iter().flatten().min().filter(|_| !settings.result_cap_is_given) {
        settings.result_cap = Some(cap);
    }
}
