//! What a read is called, and when it is to be made in parts.

use super::*;
use crate::engine::read::{Otherwise, Split};

/// A vendor that lists no more than so many rows, whatever it states.
fn shallow(depth: usize, rows: u32) -> Vendor {
    Vendor::new(Closing::Total, rows).hook(move |_, request, listed, answer| {
        let all = rows as i64;
        listed.truncate(depth);
        let _ = request;
        answer.total_off = all - listed.len() as i64;
    })
}

fn split(end: ReadEnd) -> Split {
    match end {
        ReadEnd::Split(split) => split,
        ReadEnd::Closed(closed) => panic!("closed: {:?}", closed.certificate),
    }
}

fn closed(end: ReadEnd) -> ClosedRead {
    match end {
        ReadEnd::Closed(closed) => *closed,
        ReadEnd::Split(split) => panic!("{split:?}"),
    }
}

#[test]
fn a_list_that_ends_before_its_total_is_read_in_parts_where_it_can_be() {
    let vendor = shallow(100, 300);
    let end = run_as(&vendor, |config, _| config.rows_max = Some(10_000), Before::default()).unwrap();
    let split = split(end);
    assert_eq!((split.elements, split.depth), (100, Some(100)));
    let Otherwise::Keep(kept) = split.otherwise else { panic!("{:?}", split.otherwise) };
    assert_eq!(kept.certificate.reason, Some(UnverifiedReason::TotalDiffers));
    let whole = closed(run_as(&shallow(100, 300), |_, _| {}, Before::default()).unwrap());
    assert_eq!((whole.rows.len(), whole.certificate.verdict), (100, Verdict::Unverified));
}

#[test]
fn parts_are_not_tried_again_while_the_vendor_gives_the_same() {
    let splits = |config: &mut WalkConfig, _: &mut ReadRules| config.rows_max = Some(10_000);
    let first = split(run_as(&shallow(100, 300), splits, Before::default()).unwrap());
    let Otherwise::Keep(kept) = first.otherwise else { panic!("{:?}", first.otherwise) };
    let before = Before {
        rows: 100,
        digest: Some(kept.certificate.digest.0),
        unverified: true,
        reason: Some(UnverifiedReason::BoundsIgnored),
        ..Before::default()
    };
    let vendor = shallow(100, 300);
    let again = closed(run_as(&vendor, splits, before).unwrap());
    assert_eq!(again.certificate.reason, Some(UnverifiedReason::BoundsIgnored));
    assert_eq!(vendor.requests(), 4, "one walk: two pages, and the empty one behind them asked for twice");
}

#[test]
fn a_total_at_the_cap_is_not_believed() {
    let capped = |config: &mut WalkConfig, _: &mut ReadRules| config.result_cap = Some(100);
    let at_cap = closed(run_as(&Vendor::new(Closing::Total, 100), capped, Before::default()).unwrap());
    assert_eq!(at_cap.certificate.reason, Some(UnverifiedReason::ResultCap));
    let unstated = closed(run_as(&Vendor::new(Closing::EmptyPage, 100), capped, Before::default()).unwrap());
    assert_eq!(unstated.certificate.reason, Some(UnverifiedReason::ResultCap), "a list may end there too");
    for rows in [99, 101] {
        let beside = closed(run_as(&Vendor::new(Closing::Total, rows), capped, Before::default()).unwrap());
        assert_eq!(beside.certificate.verdict, Verdict::Proven, "{rows}");
    }
}

#[test]
fn a_total_at_the_cap_of_a_window_that_can_be_split_costs_one_request() {
    let vendor = Vendor::new(Closing::Total, 100);
    let capped = |config: &mut WalkConfig, _: &mut ReadRules| {
        (config.result_cap, config.rows_max) = (Some(100), Some(10_000));
    };
    let split = split(run_as(&vendor, capped, Before::default()).unwrap());
    assert!(matches!(split.otherwise, Otherwise::ReadWhole), "{:?}", split.otherwise);
    assert_eq!(vendor.requests(), 1);
}

#[test]
fn ignored_totals_count_for_nothing_and_two_equal_reads_are_stable() {
    let ignoring = |config: &mut WalkConfig, _: &mut ReadRules| config.totals = Totals::Ignore;
    let read = closed(run_as(&shallow(100, 300), ignoring, Before::default()).unwrap());
    let certificate = read.certificate;
    assert_eq!(
        (certificate.verdict, certificate.vendor_total, certificate.rows),
        (Verdict::Stable, None, 100)
    );
}

#[test]
fn without_a_second_read_nothing_confirms_a_first_one_that_states_no_total() {
    let once = |_: &mut WalkConfig, rules: &mut ReadRules| rules.reread_at_once = false;
    let vendor = Vendor::new(Closing::EmptyPage, 25);
    let read = closed(run_as(&vendor, once, Before::default()).unwrap());
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::NotReread));
    let before = Before { rows: 25, digest: Some(read.certificate.digest.0), ..Before::default() };
    assert_eq!(closed(run_as(&vendor, once, before).unwrap()).certificate.verdict, Verdict::Stable);
}

#[test]
fn a_row_that_only_the_second_read_has_and_that_has_no_date_confirms_nothing() {
    let mut walks = 0;
    let vendor = Vendor::new(Closing::EmptyPage, 25).hook(move |_, request, rows, _| {
        if request.page_no == 1 && request.page_size == 50 {
            walks += 1;
            rows.push(1_000 + walks);
        }
    });
    let read = closed(run_as(&vendor, |_, _| {}, Before::default()).unwrap());
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::ReadsDiffer));
    assert_eq!(read.rows.len(), 29, "what came last is kept");
}

/// The walks of a read get so many of the 25 rows, one after the other.
fn read_of_walks(lengths: &'static [u32]) -> ClosedRead {
    let mut left = lengths.iter();
    let vendor = Vendor::new(Closing::EmptyPage, 25).hook(move |_, request, rows, _| {
        if request.page_no == 1 && request.page_size == 50 {
            *rows = (0..*left.next().unwrap()).collect();
        }
    });
    closed(run_as(&vendor, |_, _| {}, Before::default()).unwrap())
}

#[test]
fn a_walk_that_lacks_rows_once_does_not_keep_the_walks_around_it_from_confirming_each_other() {
    for lengths in [&[25, 0, 25][..], &[25, 24, 25], &[0, 25, 0, 25]] {
        let read = read_of_walks(lengths);
        assert_eq!((read.certificate.verdict, read.rows.len()), (Verdict::Stable, 25), "{lengths:?}");
    }
}

#[test]
fn walks_that_lack_what_came_between_them_confirm_nothing() {
    let read = read_of_walks(&[0, 25, 0, 24]);
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::ReadsDiffer));
}

#[test]
fn a_walk_that_meets_a_total_which_was_wrong_before_is_confirmed_by_an_equal_one() {
    // Two are stated of three; one answer lacks a row.
    let mut answers = 0;
    let vendor = Vendor::new(Closing::Total, 3).hook(move |_, request, rows, answer| {
        if request.page_no == 1 {
            answers += 1;
        }
        *rows = (0..if answers == 3 { 2 } else { 3 }).collect();
        answer.total_off = 2 - rows.len() as i64;
    });
    let read = closed(run_as(&vendor, |_, _| {}, Before::default()).unwrap());
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::TotalDiffers));
    let healed = Before {
        rows: 2,
        digest: Some(1),
        reason: Some(UnverifiedReason::TotalDiffers),
        ..Before::default()
    };
    let vendor = Vendor::new(Closing::Total, 3);
    let read = closed(run_as(&vendor, |_, _| {}, healed).unwrap());
    assert_eq!((read.certificate.verdict, vendor.requests()), (Verdict::Proven, 2));
}

#[test]
fn where_the_vendor_contradicts_itself_in_another_window_one_empty_answer_proves_nothing() {
    // None is stated of one, and the first answer lacks it: total and list agree on nothing.
    let vendor = || {
        Vendor::new(Closing::Total, 1).hook(|number, _, rows, answer| {
            *rows = (0..u32::from(1 < number)).collect();
            answer.total_off = -(rows.len() as i64);
        })
    };
    let before = Before { is_stream_contradicted: true, ..Before::default() };
    let read = closed(run_as(&vendor(), |_, _| {}, before).unwrap());
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::TotalDiffers));
    assert_eq!(read.rows.len(), 1, "what came is kept");
    let read = closed(run_as(&vendor(), |_, _| {}, before.part()).unwrap());
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::TotalDiffers), "nor in a part of a window");
}

#[test]
fn a_walk_equal_to_the_last_read_takes_nothing_back_that_an_earlier_walk_of_the_pass_brought() {
    let still = Vendor::new(Closing::EmptyPage, 24);
    let known = closed(run_as(&still, |_, _| {}, Before::default()).unwrap()).certificate.digest.0;
    let mut walks = 0;
    // Two machines answer in turns, and one of them lags.
    let vendor = Vendor::new(Closing::EmptyPage, 24).hook(move |_, request, rows, _| {
        if request.page_no == 1 && request.page_size == 50 {
            walks += 1;
            rows.truncate(24);
            if walks % 2 == 1 {
                rows.push(24);
            }
        }
    });
    let before = Before { rows: 24, digest: Some(known), ..Before::default() };
    let read = closed(run_as(&vendor, |_, _| {}, before).unwrap());
    assert_eq!(read.rows.len(), 25, "{:?}", read.certificate);
}

#[test]
fn pages_that_disagree_on_the_total_prove_nothing_however_often_they_come_out_the_same() {
    let liar = || {
        Vendor::new(Closing::Total, 105).hook(|_, request, _, answer| {
            answer.total_off = if request.page_no == 1 { 0 } else { 5 };
        })
    };
    let mut before = Before::default();
    for _ in 0..4 {
        let Ok(end) = run_as(&liar(), |_, _| {}, before) else { continue };
        let read = closed(end);
        assert_eq!(read.certificate.verdict, Verdict::Unverified, "{:?}", read.certificate);
        before = Before { rows: 105, digest: Some(read.certificate.digest.0), unverified: true, ..before };
    }
}

/// A vendor whose pages state other totals than one another, the same at each read.
fn contradicting(list: u32, stated: impl Fn(u32, u32) -> u64 + Send + 'static) -> Vendor {
    Vendor::new(Closing::Total, list).hook(move |_, request, _, answer| {
        answer.total_off = stated(request.page_no, request.page_size) as i64 - i64::from(list);
    })
}

/// States 150, and gives the last page of its 100 rows again for each page behind them.
fn repeating_its_last_page() -> Vendor {
    Vendor::new(Closing::Total, 100).hook(move |_, request, rows, answer| {
        let size = request.page_size;
        let (first, end) = ((request.page_no - 1) * size, request.page_no * size);
        let last = (100_u32.div_ceil(size) - 1) * size;
        *rows = (0..100).collect();
        if 100 <= first {
            rows.resize(first as usize, 1_000);
            rows.extend((last..100).take((end - first) as usize));
        }
        answer.total_off = 150 - rows.len() as i64;
    })
}

/// States so many on page 1 and half as many again behind it; each page that reaches behind them comes empty.
fn refusing_pages_across(depth: u32) -> Vendor {
    Vendor::new(Closing::Total, depth).hook(move |_, request, rows, answer| {
        *rows = if request.page_no * request.page_size <= depth { (0..depth).collect() } else { Vec::new() };
        let stated = if request.page_no == 1 { depth } else { depth * 3 / 2 };
        answer.total_off = i64::from(stated) - rows.len() as i64;
    })
}

#[test]
fn pages_that_contradict_one_another_at_each_read_are_stored_and_never_verified() {
    let trials: [(&str, u32, Vendor); 6] = [
        (
            "page 1 states what is listed",
            100,
            contradicting(100, |page, _| if page == 1 { 100 } else { 150 }),
        ),
        ("page 1 states more", 120, contradicting(120, |page, _| if page == 1 { 150 } else { 120 })),
        ("so far", 150, contradicting(150, |page, size| u64::from(page * size).min(150))),
        ("chats", 1_000, contradicting(1_000, |page, _| if page == 1 { 1_000 } else { 1_500 })),
        ("chats to a depth", 1_000, refusing_pages_across(1_000)),
        ("the last page again", 100, repeating_its_last_page()),
    ];
    for (name, listed, vendor) in trials {
        let (mut walks, mut before) = (Vec::new(), Before::default());
        for _ in 0..2 {
            let requests = vendor.requests();
            let size = if name.starts_with("chats") { 1_000 } else { 50 };
            let read = run(&vendor, size, before).unwrap();
            assert_eq!(read.rows.len() as u32, listed, "{name}");
            assert_eq!(read.certificate.reason, Some(UnverifiedReason::TotalDiffers), "{name}");
            assert_ne!(read.certificate.vendor_total, Some(u64::from(listed)), "{name}");
            before = Before {
                rows: i64::from(listed),
                digest: Some(read.certificate.digest.0),
                unverified: true,
                reason: read.certificate.reason,
                ..Before::default()
            };
            walks.push(vendor.requests() - requests);
        }
        assert!(walks[0] <= 40 && walks[1] <= 20, "{name}: {walks:?} requests");
    }
}

#[test]
fn an_answer_that_lacks_what_an_earlier_one_had_proves_nothing_though_it_equals_a_wrong_total() {
    // None is stated of one, always; the second answer lacks it.
    let mut answers = 0;
    let vendor = Vendor::new(Closing::Total, 1).hook(move |_, _, rows, answer| {
        answers += 1;
        *rows = if answers == 2 { Vec::new() } else { vec![7] };
        answer.total_off = -(rows.len() as i64);
    });
    let read = first_read(&vendor, 50);
    assert_eq!((read.certificate.reason, read.rows.len()), (Some(UnverifiedReason::TotalDiffers), 1));
}

#[test]
fn totals_that_contradict_one_another_by_turns_prove_nothing() {
    for (rows, size) in [(40, 50), (110, 50), (1_450, 1_000)] {
        let mut answers = 0;
        let vendor = Vendor::new(Closing::Total, rows).hook(move |_, _, _, answer| {
            answers += 1;
            answer.total_off = if answers % 2 == 1 { 5 } else { 0 };
        });
        let read = run(&vendor, size, Before::default()).unwrap();
        let certificate = read.certificate;
        assert_eq!(certificate.verdict, Verdict::Unverified, "{rows}/{size}");
        assert_eq!(read.rows.len() as u32, rows, "{rows}/{size}");
    }
    // Once only, it is a slip.
    let vendor = Vendor::new(Closing::Total, 40)
        .hook(|count, _, _, answer| answer.total_off = if count == 1 { 5 } else { 0 });
    assert_eq!(first_read(&vendor, 50).certificate.verdict, Verdict::Proven);
}

#[test]
fn what_one_walk_of_a_pass_had_is_not_absent_for_those_behind_it() {
    for lengths in [&[25, 24, 24, 24][..], &[24, 25, 24, 24]] {
        let read = read_of_walks(lengths);
        assert_eq!(read.certificate.reason, Some(UnverifiedReason::ReadsDiffer), "{lengths:?}");
    }
}

#[test]
fn a_walk_equal_to_a_read_that_others_contradicted_is_walked_again() {
    let vendor = Vendor::new(Closing::EmptyPage, 25);
    let digest = Some(first_read(&vendor, 50).certificate.digest.0);
    let mut walks = 0;
    let flapping = Vendor::new(Closing::EmptyPage, 25).hook(move |_, request, rows, _| {
        if request.page_no == 1 && request.page_size == 50 {
            walks += 1;
            *rows = if walks % 2 == 1 { (0..25).collect() } else { (1..26).collect() };
        }
    });
    let reason = Some(UnverifiedReason::ReadsDiffer);
    let before = Before { rows: 25, digest, unverified: true, reason, ..Before::default() };
    let read = run(&flapping, 50, before).unwrap();
    assert_eq!(read.certificate.reason, reason);
}

#[test]
fn rows_that_moved_are_told_although_the_last_rows_come_again_for_each_page_behind_the_end() {
    // States 50 more than there are, and gives its last rows for a page that reaches behind them. In the third walk,
    // which goes to the end whatever is stated, a row comes in front between page 1 and page 2.
    let mut first_pages = 0;
    let vendor = Vendor::new(Closing::Total, 450).hook(move |_, request, rows, answer| {
        let (size, skip) = (request.page_size, (request.page_no - 1) * request.page_size);
        let is_walk = request.page_no == 1 && size == 50;
        first_pages += u32::from(is_walk);
        let first = if 3 < first_pages || first_pages == 3 && !is_walk { vec![1_000] } else { Vec::new() };
        let list: Vec<u32> = first.into_iter().chain(0..450).collect();
        let from = (skip as usize).min(list.len().saturating_sub(size as usize));
        *rows = vec![VERSION - 1; skip as usize];
        rows.extend(&list[from..]);
        answer.total_off = 500 - rows.len() as i64;
    });
    let read = first_read(&vendor, 50);
    assert_eq!(read.certificate.reason, Some(UnverifiedReason::RowsMoved));
    assert_eq!(read.rows.len(), 451);
}

#[test]
fn a_right_walk_behind_two_that_were_contradicted_is_confirmed_by_one_more() {
    // Two walks close on two wrong totals, one drifts, and all is well from then on.
    let vendor = Vendor::new(Closing::Total, 120).hook(|count, request, rows, answer| {
        *rows = (0..if (6..=10).contains(&count) { 119 } else { 120 }).collect();
        answer.total_off = match count {
            1..=5 => 5,
            6..=10 => 7,
            11..=14 if request.page_no == 2 => 1,
            _ => 0,
        };
    });
    let read = first_read(&vendor, 50);
    assert_eq!(read.certificate.verdict, Verdict::Proven, "{:?}", read.certificate);
}

#[test]
fn wrong_totals_of_a_second_walk_are_not_taken_for_rows_that_move() {
    // A row that is listed twice has the list walked twice. Page 1 of the second walk states two wrong totals.
    let vendor = Vendor::new(Closing::Total, 120).hook(|count, _, rows, answer| {
        rows[20] = 3;
        answer.total_off = match count {
            4 => 1,
            7 => 2,
            _ => 0,
        };
    });
    let read = first_read(&vendor, 50);
    assert_eq!(read.certificate.verdict, Verdict::Proven, "{:?}", read.certificate);
}

#[test]
fn one_wrong_total_of_a_list_of_large_pages_is_not_taken_for_rows_that_move() {
    for wrong in 1..=2 {
        let vendor = Vendor::new(Closing::Total, 1_500)
            .hook(move |count, _, _, answer| answer.total_off = if count == wrong { 3 } else { 0 });
        let read = first_read(&vendor, 1_000);
        assert_eq!(read.certificate.verdict, Verdict::Proven, "{wrong}: {:?}", read.certificate);
    }
}

#[test]
fn a_full_clamped_page_is_not_the_end_though_it_states_its_own_number() {
    let vendor =
        Vendor { clamp: Some(20), ..Vendor::new(Closing::Total, 150) }.hook(|_, request, _, answer| {
            answer.total_off = (i64::from(request.page_no) * 20).min(150) - 150;
        });
    let read = first_read(&vendor, 50);
    assert_eq!((read.rows.len(), read.certificate.verdict), (150, Verdict::Unverified));
}

#[test]
fn a_total_of_nothing_on_the_empty_page_behind_the_end_contradicts_nothing() {
    for (rows, size) in [(40, 50), (100, 50)] {
        let vendor = Vendor::new(Closing::Total, rows).hook(move |_, request, _, answer| {
            if rows <= (request.page_no - 1) * request.page_size {
                answer.total_off = -i64::from(rows);
            }
        });
        let read = run(&vendor, size, Before::default()).unwrap();
        assert_eq!((read.rows.len() as u32, read.certificate.verdict), (rows, Verdict::Proven));
    }
}

#[test]
fn a_total_that_no_document_promises_is_evidence_all_the_same() {
    let stating = |total| {
        let vendor =
            Vendor::new(Closing::EmptyPage, 100).hook(move |_, _, _, answer| answer.unpromised = Some(total));
        first_read(&vendor, 50).certificate
    };
    assert_eq!(stating(100).verdict, Verdict::Proven);
    assert_eq!(stating(150).reason, Some(UnverifiedReason::TotalDiffers));
    assert_eq!(stating(150).vendor_total, Some(150));
}

#[test]
fn pages_that_contradict_one_another_do_no_harm_once_they_agree() {
    let mut answers = 0;
    let vendor = Vendor::new(Closing::Total, 120).hook(move |_, request, _, answer| {
        answers += 1;
        answer.total_off = if request.page_no == 1 && answers < 12 { 30 } else { 0 };
    });
    let read = first_read(&vendor, 50);
    assert_eq!((read.certificate.verdict, read.rows.len()), (Verdict::Unverified, 120));
    let digest = Some(read.certificate.digest.0);
    let before =
        Before { rows: 120, digest, unverified: true, reason: read.certificate.reason, ..Before::default() };
    let read = run(&vendor, 50, before).unwrap();
    assert_eq!((read.certificate.verdict, read.rows.len()), (Verdict::Proven, 120));
}
