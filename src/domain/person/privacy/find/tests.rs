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
            prop_oneof!["[0-9]{1,4}", "[0-9]{7,11}", "1[38][0-9]{9}", "0[12][0-9]", "[-+ .()\\t]", "[a-zA-Z]", "[电，Ａ８－]", "[_/@]"],
            1..6,
        )
    ) {
        let text = parts.concat();
        let letters: Vec<(usize, char)> = text.char_indices().map(|(at, letter)| (at, fold(letter))).collect();
        let mut found = Vec::new();
        find_phones(&letters, text.len(), &mut found);
        prop_assert!(found.is_empty() || may_hold_phone(&text), "{text}");
    }
}
