use proptest::prelude::*;

use super::*;

#[test]
fn identifiers_are_ruled_out_at_the_first_look() {
    for id in
        ["433d9c33-a1f8-4585-8eab-4ab387a9e06a", "a13812345678", "428fc6dcbcef49612d04348ea7012345678", "x00"]
    {
        assert!(!may_hold_phone(id), "{id}");
    }
    for number in [
        "13812345678",
        "x 13812345678",
        "010-62345678",
        "１３８１２３４５６７８",
        "a-13812345678",
        "电话13812345678",
    ] {
        assert!(may_hold_phone(number), "{number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_the_first_look_rules_out_holds_no_number(
        parts in prop::collection::vec(
            prop_oneof!["[0-9]{1,4}", "[0-9]{7,11}", "1[38][0-9]{9}", "0[12][0-9]", "[-+ .()\\t]", "[a-zA-Z]", "[电，Ａ８－٣३、·]", "[_/@,#*~]", "[\u{200b}\u{ad}]"],
            1..6,
        )
    ) {
        let text = parts.concat();
        let letters = letters_of(&text);
        let mut found = Vec::new();
        find_phones(&letters, text.len(), &mut found);
        prop_assert!(found.is_empty() || may_hold_phone(&text), "{text}");
    }
}

/// What is found in a text.
fn found(text: &str) -> Vec<&str> {
    find(text, true, true).iter().map(|span| &text[span.start..span.end]).collect()
}

#[test]
fn a_number_is_found_however_its_parts_are_kept_apart() {
    for text in [
        "138/1234/5678",
        "138_1234_5678",
        "138,1234,5678",
        "138、1234、5678",
        "138·1234·5678",
        "138#1234#5678",
        "138*1234*5678",
        "138~1234~5678",
        "(138)12345678",
        "[138]12345678",
        "【138】1234-5678",
        "（138）1234 5678",
        "138\u{200b}1234\u{200b}5678",
        "13812\u{ad}345678",
        "١٣٨١٢٣٤٥٦٧٨",
        "۱۳۸۱۲۳۴۵۶۷۸",
        "१३८१२३४५६७८",
        "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
        "①③⑧①②③④⑤⑥⑦⑧",
        "010/62345678",
        "+86/138/1234/5678",
        "86_13812345678",
    ] {
        // A bracket before it is none of it.
        let number = text.trim_start_matches(['(', '[', '【', '（']);
        assert_eq!(found(&format!("电话 {text}。")), [number], "{text}");
        assert_eq!(found(text), [number], "{text}");
    }
}

#[test]
fn numbers_in_a_list_and_ids_with_parts_are_no_telephone_number() {
    for text in [
        "1500,200,3000",
        "15,00,20,03,000",
        "130/12/345/678",
        "2026_11_30_13_45",
        "1.5,2.5,3.5",
        "138****5678",
        "[13,81,23,45,678]",
        "1381/2345/67",
        "20261127_10000012345",
        "v1_380_013_8000",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn an_address_is_found_in_every_form_that_mail_takes() {
    for text in [
        "zhang.san@example.com",
        "\"zhang san\"@example.com",
        "zhang @ example.com",
        "zhang@ example.com",
        "zhang@[10.0.0.1]",
        "zhang@[IPv6:2001:db8::1]",
        "zhang＠example．com",
        "zhang@example。com",
        "zh\u{200b}ang@exam\u{ad}ple.com",
        "ｚｈａｎｇ@example.com",
    ] {
        assert_eq!(found(&format!("写给 {text}, 谢谢")), [text], "{text}");
    }
    for text in ["@", "a@", "@b.com", "3 @ 5", "a@b", "x @ y", "\"@example.com"] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}
