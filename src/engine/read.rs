//! One read of one window or snapshot: walks until one closes, then one row for each key and a certificate.

use chrono::{DateTime, Utc};

use crate::domain::certificate::{Certificate, SetDigest, Verdict};
use crate::domain::drift::ContractDrift;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::page::Closing;
use crate::domain::record::{Reject, Row};
use crate::domain::text::counted;
use crate::domain::window::TimeWindow;
use crate::engine::fetch::Fetcher;
use crate::engine::walk::{Walk, WalkConfig, WalkEnd, walk};
use crate::telemetry::event;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// What is known of the scope before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    /// Elements of the last committed read; 0 where there is none.
    pub rows: i64,
    /// Digest of the last committed read.
    pub digest: Option<u128>,
    /// When the last committed read began, if the scope was complete then.
    pub complete_at: Option<DateTime<Utc>>,
    /// Nothing confirmed the last committed read.
    pub unverified: bool,
}

/// A closed read, ready to be committed.
#[derive(Debug)]
pub struct ClosedRead {
    /// One row for each key.
    pub rows: Vec<Row>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// Rows dropped because an equal key came with a later version.
    pub superseded: u64,
    /// The vendor's rows moved while they were read, or one came in two versions.
    pub moved: bool,
    /// How the elements depart from what is documented of them.
    pub drifts: Vec<ContractDrift>,
    /// What was proven.
    pub certificate: Certificate,
}

/// How a read ended.
#[derive(Debug)]
pub enum ReadEnd {
    /// It closed.
    Closed(Box<ClosedRead>),
    /// Too many elements for one transaction; says how many were seen or stated.
    TooLarge(u64),
}

/// Pages up to which a doubtful walk is made again at once; a longer one is left unverified.
const SECOND_LOOK_PAGES_MAX: u32 = 8;

/// Reads `window` (or the snapshot), walking at most `walks_max` times.
///
/// # Errors
/// `WalkUnsettled` when no walk closed, and what [`walk`] gave up on.
pub async fn read(
    fetcher: &mut Fetcher<'_>,
    closing: Closing,
    config: &mut WalkConfig,
    walks_max: u32,
    window: Option<TimeWindow>,
    before: Before,
) -> Result<ReadEnd, Fault> {
    let scope = window.map_or_else(|| "snapshot".to_owned(), |window| window.to_string());
    let mut doubtful: Option<SetDigest> = None;
    let mut reason = String::new();
    for number in 1..=walks_max {
        // Exact doubles at the vendor look like drift in every walk; once half of them failed, they are
        // allowed for, at the price of a second equal walk.
        let doubles = walks_max < 2 * number;
        let mut this_config = WalkConfig { doubles, follow: 1 < number, ..*config };
        if 1 < number {
            fetcher.start_over();
        }
        let end = walk(fetcher, closing, &mut this_config, window).await?;
        config.page_size = this_config.page_size;
        let (walk, sure) = match end {
            WalkEnd::TooLarge(rows) => return Ok(ReadEnd::TooLarge(rows)),
            WalkEnd::Drifted(why) => {
                event::WalkRestarted { key: fetcher.key, scope: &scope, walk: number, reason: &why }.emit();
                reason = why;
                continue;
            }
            WalkEnd::Moved(walk) => {
                let mut closed = close(walk, fetcher.requests());
                closed.moved = true;
                if before.digest == Some(closed.certificate.digest.0) {
                    closed.certificate.verdict = Verdict::Stable;
                }
                return Ok(ReadEnd::Closed(Box::new(closed)));
            }
            // Nothing where there was something before is possible, and worth a second look.
            WalkEnd::Closed(walk) => {
                let vanished = walk.records.is_empty() && before.rows > 0;
                (walk, !vanished && !doubles)
            }
            WalkEnd::Disagreeing(walk) => (walk, false),
        };
        failpoint(Failpoint::WalkClosed).await?;
        let mut closed = close(walk, fetcher.requests());
        let digest = closed.certificate.digest;
        let repeated = doubtful == Some(digest);
        // A row that came in two versions may have moved meanwhile, and may have pulled another one past the
        // walk; or the vendor keeps both. A second look is cheap where there are few pages.
        let pages = closed.certificate.pages;
        let doubted = closed.moved && 1 < pages && before.digest != Some(digest.0);
        let sure = sure && !(doubted && pages <= SECOND_LOOK_PAGES_MAX);
        if !sure && !repeated {
            let came = closed.certificate.rows;
            reason = match closed.certificate.vendor_total {
                _ if doubted => "rows came again in another element".to_owned(),
                Some(total) => format!("the vendor states {} and gives {came}", counted(total, "element")),
                None => format!("{} came where there had been {}", counted(came, "element"), before.rows),
            };
            event::WalkRestarted { key: fetcher.key, scope: &scope, walk: number, reason: &reason }.emit();
            doubtful = Some(digest);
            continue;
        }
        closed.certificate.verdict = match closing {
            Closing::Total if sure && !doubted => Verdict::Proven,
            _ if repeated || before.digest == Some(digest.0) => Verdict::Stable,
            _ => Verdict::Unverified,
        };
        return Ok(ReadEnd::Closed(Box::new(closed)));
    }
    let message = format!("{walks_max} walks over the pages did not agree; the last one: {reason}");
    Err(Fault::new(FaultKind::WalkUnsettled, message))
}

/// One row for each key: of equal keys the later version stays, of equal versions the one that came later.
fn close(walk: Walk, requests: u64) -> ClosedRead {
    let drifts = walk.observation.into_drifts();
    let elements = walk.records.len() as u64;
    let mut came: Vec<(Row, u128)> = Vec::with_capacity(walk.records.len());
    let mut rejects = Vec::new();
    for record in walk.records {
        rejects.extend(record.rejects);
        came.extend(record.rows.into_iter().map(|row| (row, record.identity)));
    }
    let order = key_order(&came);
    let mut came: Vec<Option<(Row, u128)>> = came.into_iter().map(Some).collect();
    let mut rows: Vec<Row> = Vec::with_capacity(came.len());
    let (mut superseded, mut moved, mut came_in) = (0, false, 0);
    for place in order {
        let Some((row, identity)) = came.get_mut(place).and_then(Option::take) else { continue };
        match rows.last_mut().filter(|kept| is_same_key(kept, &row)) {
            Some(kept) => {
                superseded += u64::from(kept.hash != row.hash);
                // What changed of the element may be in none of this row's columns.
                moved |= came_in != identity;
                if kept.version_at() <= row.version_at() {
                    *kept = row;
                }
            }
            None => {
                rows.push(row);
                came_in = identity;
            }
        }
    }
    let mut digest = SetDigest::default();
    rows.iter().for_each(|row| digest.add(row));
    let certificate = Certificate {
        vendor_total: walk.total,
        pages: walk.pages,
        requests: u32::try_from(requests).unwrap_or(u32::MAX),
        rows: elements,
        digest,
        verdict: Verdict::Unverified,
    };
    ClosedRead { rows, rejects, superseded, moved, drifts, certificate }
}

/// The places of the rows by their tables and keys; rows of one key stay in the order in which they came. The
/// beginnings of the keys, which tell most apart, are compared side by side in memory, where the keys are not.
fn key_order(came: &[(Row, u128)]) -> impl Iterator<Item = usize> + use<> {
    let start = |row: &Row| (std::ptr::from_ref(row.table).addr(), row.key_start());
    let mut order: Vec<((usize, u128), usize)> =
        came.iter().enumerate().map(|(place, (row, _))| (start(row), place)).collect();
    order.sort_unstable_by(|(one, at), (other, beside)| {
        let keys = || came[*at].0.key().cmp(came[*beside].0.key());
        one.cmp(other).then_with(keys).then(at.cmp(beside))
    });
    order.into_iter().map(|(_, place)| place)
}

fn is_same_key(one: &Row, other: &Row) -> bool {
    std::ptr::eq(one.table, other.table) && one.key().eq(other.key())
}
