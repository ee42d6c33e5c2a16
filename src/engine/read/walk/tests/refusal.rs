//! Pages that are refused: a failure that passes, a depth, or the end of the list.

use chrono::{DateTime, Utc};

use super::*;

/// Each wait takes no time and moves the clock.
struct PatientClock(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for PatientClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

const RETRY: RetryConfig = RetryConfig {
    tries_max: 8,
    base: Duration::from_millis(250),
    max: Duration::from_secs(10),
    first_contact: Duration::from_secs(4),
};

/// The read by pages of this size with the timeout of a real one, and how long it waited.
fn read_patiently(vendor: &Vendor, page_size: u32) -> (Result<ReadEnd, Fault>, Duration) {
    let clock = PatientClock(Mutex::new(DateTime::UNIX_EPOCH));
    let adapt = |config: &mut WalkConfig, _: &mut ReadRules| config.page_size = page_size;
    let end = run_with(vendor, (&clock, RETRY), adapt, Before::default());
    let waited = clock.monotonic();
    (end, waited)
}

fn closed(end: Result<ReadEnd, Fault>) -> ClosedRead {
    match end.unwrap() {
        ReadEnd::Closed(closed) => *closed,
        ReadEnd::Split(split) => panic!("{split:?}"),
    }
}

#[test]
fn a_depth_that_refuses_pages_is_found_without_long_pauses() {
    let vendor = Vendor::new(Closing::EmptyPage, 9_990).hook(|_, request, _, answer| {
        let is_deep = 10_000 < request.page_no * request.page_size;
        answer.refused = is_deep.then_some(FaultKind::VendorFailed);
    });
    let (end, waited) = read_patiently(&vendor, 1_000);
    let read = closed(end);
    assert_eq!((read.rows.len(), read.certificate.reason), (9_990, Some(UnverifiedReason::ResultCap)));
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert!(vendor.requests() < 70, "{}", vendor.requests());
}

#[test]
fn refusals_that_pass_are_waited_for() {
    // Page 2 is refused twice while page 1 comes, or the server fails seven times.
    for (times, is_broken) in [(2, false), (7, true)] {
        let mut failed = 0;
        let vendor = Vendor::new(Closing::Total, 100).hook(move |_, request, _, answer| {
            if request.page_no == 2 && failed < times {
                failed += 1;
                answer.broken = is_broken;
                answer.refused = (!is_broken).then_some(FaultKind::VendorFailed);
            }
        });
        let read = closed(read_patiently(&vendor, 50).0);
        assert_eq!((read.rows.len(), read.certificate.verdict), (100, Verdict::Proven), "{times}");
    }
}

#[test]
fn a_vendor_that_refuses_each_page_for_a_while_gets_all_tries() {
    // From the second request on everything is refused, six times.
    let vendor = Vendor::new(Closing::Total, 100).hook(|count, _, _, answer| {
        answer.refused = (2..8).contains(&count).then_some(FaultKind::VendorFailed);
    });
    let (end, waited) = read_patiently(&vendor, 50);
    let read = closed(end);
    assert_eq!((read.rows.len(), read.certificate.verdict), (100, Verdict::Proven));
    assert!(Duration::from_secs(1) < waited, "{waited:?}");
}

/// Refuses each page that begins behind the end.
fn refusing_behind_its_end(closing: Closing, rows: u32) -> Vendor {
    Vendor::new(closing, rows).hook(move |_, request, _, answer| {
        let is_behind = rows <= (request.page_no - 1) * request.page_size && request.page_no != 1;
        answer.refused = is_behind.then_some(FaultKind::RequestRefused);
    })
}

#[test]
fn a_page_behind_the_end_that_is_refused_ends_the_list_as_an_empty_one_does() {
    for (rows, size) in
        [(0, 50), (1, 50), (2, 50), (40, 50), (50, 50), (100, 50), (110, 50), (1_000, 1_000), (2_500, 1_000)]
    {
        for (closing, verdict) in [(Closing::EmptyPage, Verdict::Stable), (Closing::Total, Verdict::Proven)] {
            let vendor = refusing_behind_its_end(closing, rows);
            let read = closed(read_patiently(&vendor, size).0);
            // One or two elements leave no room for a page across the end, and pages that overlap are not tried.
            let is_shown = closing == Closing::Total || ![1, 2, 2_500].contains(&rows);
            let verdict = if is_shown { verdict } else { Verdict::Unverified };
            let got = (read.rows.len() as u32, read.certificate.verdict);
            assert_eq!(got, (rows, verdict), "{closing:?} {rows}/{size}");
            assert!(vendor.requests() < 40, "{closing:?} {rows}/{size}: {}", vendor.requests());
        }
    }
}

#[test]
fn a_list_of_which_the_vendor_refuses_all_but_the_first_page_has_not_ended() {
    // Of 300 rows pages of 40 come at most, and only the first.
    let vendor =
        Vendor { clamp: Some(40), ..Vendor::new(Closing::EmptyPage, 300) }.hook(|_, request, _, answer| {
            answer.refused = (request.page_no != 1).then_some(FaultKind::RequestRefused);
        });
    let read = closed(read_patiently(&vendor, 50).0);
    assert_eq!((read.rows.len(), read.certificate.reason), (40, Some(UnverifiedReason::ResultCap)));
}

#[test]
fn a_depth_at_the_end_of_a_page_is_not_the_end_of_the_list() {
    let shallow = Vendor::new(Closing::EmptyPage, 5).hook(|_, request, _, answer| {
        let is_deep = 3 < request.page_no * request.page_size;
        answer.refused = is_deep.then_some(FaultKind::VendorFailed);
    });
    let fault = read_patiently(&shallow, 2).0.unwrap_err();
    assert_eq!(fault.kind, FaultKind::VendorFailed, "a full page of two");
    let vendor = Vendor::new(Closing::EmptyPage, 300).hook(|_, request, _, answer| {
        let is_deep = 100 < request.page_no * request.page_size;
        answer.refused = is_deep.then_some(FaultKind::VendorFailed);
    });
    let fault = read_patiently(&vendor, 50).0.unwrap_err();
    assert_eq!(fault.kind, FaultKind::VendorFailed);
}

#[test]
fn a_wrong_total_of_a_list_whose_end_is_refused_is_stored_unverified() {
    let vendor = Vendor::new(Closing::Total, 100).hook(|_, request, _, answer| {
        answer.total_off = 5;
        let is_behind = 100 <= (request.page_no - 1) * request.page_size;
        answer.refused = is_behind.then_some(FaultKind::RequestRefused);
    });
    let read = closed(read_patiently(&vendor, 50).0);
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::TotalDiffers));
    assert_eq!(read.rows.len(), 100);
}

/// Rows that are hidden after paging make a page short, and a refusal behind it hides that others follow.
#[test]
fn a_short_page_before_a_depth_or_an_outage_is_never_the_end() {
    for hidden in [60, 99] {
        let vendor = Vendor::new(Closing::EmptyPage, 250).hook(move |_, request, rows, answer| {
            answer.held_back = Some(rows[hidden]);
            let is_deep = 100 < request.page_no * request.page_size;
            answer.refused = is_deep.then_some(FaultKind::VendorFailed);
        });
        let verdict = match read_patiently(&vendor, 50).0 {
            Ok(ReadEnd::Closed(read)) => read.certificate.verdict,
            Ok(ReadEnd::Split(_)) | Err(_) => Verdict::Unverified,
        };
        assert_eq!(verdict, Verdict::Unverified, "row {hidden}");
    }
}

/// Page 3 is page 2 again, and what lies behind it is refused.
#[test]
fn a_page_given_again_before_a_refusal_is_never_the_end() {
    let vendor = Vendor::new(Closing::EmptyPage, 500).hook(|_, request, rows, answer| {
        let (size, number) = (request.page_size as usize, request.page_no as usize);
        answer.refused = (300 < number * size).then_some(FaultKind::VendorFailed);
        if number == 3 {
            let again: Vec<u32> = rows[size..2 * size].to_vec();
            *rows = vec![VERSION - 1; 2 * size];
            rows.extend(again);
        }
    });
    let verdict = match read_patiently(&vendor, 100).0 {
        Ok(ReadEnd::Closed(read)) => read.certificate.verdict,
        Ok(ReadEnd::Split(_)) | Err(_) => Verdict::Unverified,
    };
    assert_eq!(verdict, Verdict::Unverified);
}
