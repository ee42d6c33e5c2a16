//! Pages that are cut on their way, so that rows behind the cut stand on no page.

use super::*;

/// Of page 2 of `size`, all but eight rows come, and no total is stated.
fn cut(closing: Closing, rows: u32, size: u32) -> Vendor {
    Vendor::new(closing, rows).hook(move |_, request, _, answer| {
        answer.no_total = true;
        answer.cut = (request.page_no == 2 && request.page_size == size).then_some(size as usize - 8);
    })
}

#[test]
fn a_page_that_is_cut_in_the_middle_leaves_the_read_unverified_however_often_it_comes_out_the_same() {
    // Pages that overlap have other sizes: there the cut meets none, and all is read.
    for (closing, rows, size, has_hole) in [
        (Closing::EmptyPage, 250, 100, true),
        (Closing::EmptyPage, 192, 100, false),
        (Closing::EmptyPage, 1_700, 500, false),
        (Closing::Total, 250, 100, true),
        (Closing::Total, 1_700, 500, false),
    ] {
        let vendor = cut(closing, rows, size);
        let first = first_read(&vendor, size);
        let verdict = if has_hole { Verdict::Unverified } else { Verdict::Stable };
        assert_eq!(first.certificate.verdict, verdict, "{closing:?} {rows} {size}: {:?}", first.certificate);
        assert_eq!(numbers(&first) == vendor.rows(), !has_hole, "{closing:?} {rows} {size}");
        let before = Before {
            rows: first.certificate.rows as i64,
            digest: Some(first.certificate.digest.0),
            unverified: has_hole,
            reason: first.certificate.reason,
            ..Before::default()
        };
        let second = run(&vendor, size, before).unwrap();
        assert_eq!(second.certificate.verdict, verdict, "{closing:?} {rows} {size} again");
    }
}

#[test]
fn a_list_whose_pages_are_all_cut_alike_is_read_by_smaller_ones() {
    let vendor = Vendor::new(Closing::EmptyPage, 250).hook(|_, _, _, answer| answer.cut = Some(60));
    let read = first_read(&vendor, 100);
    assert_eq!((numbers(&read), read.certificate.verdict), (vendor.rows(), Verdict::Stable));
}

#[test]
fn an_endpoint_that_owes_a_total_and_states_none_is_read_to_its_empty_page_twice() {
    for rows in [0, 1, 20, 50, 120] {
        let vendor = Vendor::new(Closing::Total, rows).hook(|_, _, _, answer| answer.no_total = true);
        let read = first_read(&vendor, 50);
        assert_eq!((numbers(&read), read.certificate.verdict), (vendor.rows(), Verdict::Stable), "{rows}");
    }
}

#[test]
fn an_answer_that_came_with_a_strange_row_once_is_outvoted_by_two_equal_reads() {
    let vendor = Vendor::new(Closing::EmptyPage, 120).hook(|count, _, rows, _| match count {
        2 => rows.insert(60, 999),
        3 => drop(rows.remove(60)),
        _ => {}
    });
    let read = first_read(&vendor, 50);
    assert_eq!(numbers(&read), (0..120).collect());
}
