use super::*;

fn shown(text: &str) -> String {
    text.parse::<Decimal>().map_or_else(|_| "none".to_owned(), |number| number.to_string())
}

#[test]
fn every_digit_is_kept_and_equal_numbers_are_equal_however_written() {
    for (text, plain) in [
        ("0", "0"),
        ("-0.000", "0"),
        ("132.50", "132.5"),
        ("+1.5e2", "150"),
        ("1E-3", "0.001"),
        (".5", "0.5"),
        ("007", "7"),
        ("99.99999999999999999999999999999", "99.99999999999999999999999999999"),
        ("12345678901234567890123456789.5", "12345678901234567890123456789.5"),
        ("0.3333333333333333333333333333333333", "0.3333333333333333333333333333333333"),
        ("1e-30", "0.000000000000000000000000000001"),
        ("0.000000000000000000000000000001", "0.000000000000000000000000000001"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e131071", "1e131071"),
        ("1e-16383", "1e-16383"),
        ("10e131070", "1e131071"),
    ] {
        assert_eq!(shown(text), plain, "{text}");
        assert_eq!(text.parse::<Decimal>(), plain.parse(), "{text}");
    }
    assert_ne!("0.10000000000000000000000000000001".parse::<Decimal>(), "0.1".parse());
}

#[test]
fn what_numeric_cannot_hold_is_no_number() {
    for text in [
        "",
        "-",
        ".",
        "1e",
        "1e+",
        "1_0",
        "0x1",
        "NaN",
        "1.2.3",
        "1e131072",
        "1e-16384",
        "１",
        "1e99999999999999999999",
        "1e-99999999999999999999",
    ] {
        assert_eq!(shown(text), "none", "{text}");
    }
    assert_eq!(shown("0e99999999999999999999"), "0");
    assert!(
        fits_jsonb("1e131071") && fits_jsonb("1.5") && !fits_jsonb("1e131072") && !fits_jsonb("1e-16384")
    );
    assert!(!fits_jsonb(&format!("0.{}", "0".repeat(16_384))));
}

#[test]
fn whole_numbers_and_cut_ones_are_exact() {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(number("120.0").to_whole::<i32>(), Some(120));
    assert_eq!(number("1.2e2").to_whole::<u64>(), Some(120));
    assert_eq!(number("120.00000000000000000000000000000000001").to_whole::<i32>(), None);
    assert_eq!(number("1e400").to_whole::<u64>(), None);
    assert_eq!(number("1554971786077.12345678901234567890").scaled_and_cut(3), Some(1_554_971_786_077_123));
    assert_eq!(number("0.5").scaled_and_cut(0), Some(0));
    assert_eq!(number("1e300").scaled_and_cut(3), None);
    assert_eq!((number("1500").whole_digits(), number("0.5").whole_digits()), (4, 0));
}

proptest::proptest! {
    #[test]
    fn a_number_is_one_whatever_its_form(whole in any_digits(), fraction in any_digits()) {
        let plain = format!("{whole}.{fraction}");
        let moved = format!("{whole}{fraction}e-{}", fraction.len());
        let number: Decimal = plain.parse().unwrap();
        proptest::prop_assert_eq!(&number, &moved.parse().unwrap());
        proptest::prop_assert_eq!(&number, &number.to_string().parse().unwrap());
    }

    #[test]
    fn whole_numbers_of_64_bits_are_read_from_both_sides(number: i64) {
        proptest::prop_assert_eq!(Decimal::from(number), number.to_string().parse().unwrap());
        proptest::prop_assert_eq!(Decimal::from(number).to_whole::<i64>(), Some(number));
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".*") {
        let _ = text.parse::<Decimal>();
        let _ = fits_jsonb(&text);
    }
}

fn any_digits() -> &'static str {
    "[0-9]{1,40}"
}
