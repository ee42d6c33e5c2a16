//! Passes by schedule, and how many of them there are at once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::assembly::stream::Stream;
use crate::config::Settings;
use crate::domain::proof::run::Trigger;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::pass::reader::{PassOrder, StreamReader};
use crate::scheduler::delay::Delay;

/// Passes at once before one vendor for each connection to the database. They wait for the vendor most of their time.
const PER_CONNECTION: u32 = 8;

/// How many passes may be under way before each vendor. More would only wait for the database, and hold memory and
/// descriptors. A vendor that does not answer holds up its own accounts alone.
pub(super) struct VendorPlaces(HashMap<String, Arc<Semaphore>>);

impl VendorPlaces {
    pub(super) fn new(settings: &Settings) -> VendorPlaces {
        let most = (PER_CONNECTION * settings.database.pool_size) as usize;
        let mut hosts: HashMap<_, Arc<Semaphore>> = HashMap::new();
        let places = settings.sources.iter().map(|source| {
            let address = &source.base_url;
            let host = (address.host_str().unwrap_or_default().to_owned(), address.port_or_known_default());
            let places = hosts.entry(host).or_insert_with(|| Arc::new(Semaphore::new(most)));
            (source.name.clone(), places.clone())
        });
        VendorPlaces(places.collect())
    }

    /// Those of a source's vendor.
    pub(super) fn of(&self, source: &str) -> Arc<Semaphore> {
        self.0.get(source).cloned().unwrap_or_else(|| Arc::new(Semaphore::new(1)))
    }
}

impl App {
    /// Keeps how large the pages are that a stream's vendor was found to give, for the next start.
    pub(in crate::app) async fn note_page_size(&self, reader: &StreamReader) {
        let (key, question) = (&reader.key, Question::PageSize);
        let Some((size, is_bound)) = reader.page_size.learned() else { return };
        let known = {
            let mut known = self.page_sizes.lock().unwrap_or_else(PoisonError::into_inner);
            let before = known.insert(key.clone(), (size, is_bound));
            before.or_else(|| VendorFact::page_size(VendorFact::answer(&self.facts, key, question)?))
        };
        // A bound that somebody met says more than a smaller page that came.
        let says_more =
            |known: (u32, bool)| known == (size, is_bound) || !is_bound && known.1 && size <= known.0;
        if known.is_some_and(says_more) {
            return;
        }
        let evidence = match is_bound {
            true => {
                format!("reads got {size} on a page at most: more is not given, fails or is not asked for")
            }
            false => format!("pages of {size} came full in reads"),
        };
        let answer = Some(VendorFact::page_size_answer((size, is_bound)));
        let fact =
            VendorFact { stream: key.clone(), question, answer, evidence, found_at: reader.clock.now() };
        // What cannot be kept is found out again.
        let _ = self.database.store.keep_vendor_facts(&[fact]).await;
    }

    /// How long after its tick a pass begins.
    pub(in crate::app) fn delay(&self) -> Delay {
        let Settings { database, scheduler, .. } = &self.settings;
        Delay::of(self.streams.len(), database.pool_size, scheduler.jitter)
    }
}

/// What a ring of the trigger does. The order is made anew each time: what was read since the last tick is
/// not due, whoever read it.
pub(super) fn scheduled_pass(
    app: Arc<App>,
    key: StreamKey,
    places: Arc<Semaphore>,
    stop: CancellationToken,
) -> impl FnMut() -> futures::future::BoxFuture<'static, ()> + Send + use<> {
    move || {
        let (app, key, places, stop) = (app.clone(), key.clone(), places.clone(), stop.clone());
        Box::pin(async move {
            // Never closed; `None` where it is told to stop first.
            let Some(Ok(_place)) = stop.run_until_cancelled(places.acquire_owned()).await else { return };
            let Some(stream) = app.streams.iter().find(|stream| stream.reader.key == key) else { return };
            app.learn_time([stream], &stop).await;
            let Stream { reader, schedule, .. } = stream;
            let now = reader.clock.now();
            let order = PassOrder {
                trigger: Trigger::Schedule,
                due_since: schedule.last_tick(now).unwrap_or(now),
                until: schedule.next_tick(now),
                range: None,
                wait_for_others: true,
            };
            if let Err(fault) = reader.pass(&order, &stop).await {
                log_failure(&format!("the scheduled pass over {key}"), &fault);
            }
            app.note_time_of(&key.source).await;
            app.note_page_size(reader).await;
        })
    }
}
