use super::*;
use crate::domain::vendor::schema::JsonType;

static OBJECT: ObjectSchema = ObjectSchema {
    path: "members[]",
    fields: &[
        FieldSchema::new(&["a", "alias"], &[JsonType::Text, JsonType::Number]),
        FieldSchema::new(&["b"], &[JsonType::Bool]),
        FieldSchema::new(&["c"], &[JsonType::Text]).optional(),
    ],
};

fn new_field(name: &str) -> SchemaDrift {
    SchemaDrift {
        kind: DriftKind::NewField,
        field: name.to_owned(),
        observed: String::new(),
        expected: String::new(),
        example: "null".to_owned(),
    }
}

#[test]
fn a_field_is_found_by_any_of_its_names_wherever_the_search_begins() {
    for hint in 0..4 {
        assert_eq!(OBJECT.find("alias", hint), Some(0));
        assert_eq!(OBJECT.find("c", hint), Some(2));
        assert_eq!(OBJECT.find("d", hint), None);
    }
}

#[test]
fn a_field_is_missing_when_twenty_objects_lack_it_and_may_be_absent_where_that_is_known() {
    let missing = |objects: u64, present: u64| -> Vec<[String; 3]> {
        let mut pages = Observation::default();
        for _ in 0..objects {
            let mut page = Observation::default();
            page.count(&OBJECT, present);
            pages.merge(page);
        }
        pages.into_drifts().into_iter().map(|drift| [drift.field, drift.expected, drift.example]).collect()
    };
    assert_eq!(missing(19, 0b000), Vec::<[String; 3]>::new());
    assert_eq!(
        missing(20, 0b010),
        [["members[].a", "text or number", "none of 20 objects in one read has it"].map(str::to_owned)]
    );
    assert_eq!(missing(20, 0b011), Vec::<[String; 3]>::new());
    let mut one_has_it = Observation::default();
    (0..30).for_each(|_| one_has_it.count(&OBJECT, 0b010));
    one_has_it.count(&OBJECT, 0b001);
    assert_eq!(one_has_it.into_drifts(), []);
}

#[test]
fn a_read_keeps_a_bounded_number_of_departures_and_says_when_there_were_more() {
    let mut seen = Observation::default();
    for number in 0..100_000 {
        if seen.is_news(number) {
            seen.add(new_field(&format!("f{}", number % 200)));
        }
    }
    assert!(seen.looked_at.len() <= REMEMBERED_MAX);
    assert_eq!(seen.clone().into_drifts().len(), DRIFTS_MAX);
    seen.add(new_field("one more"));
    assert!(!seen.is_news("whatever"), "nothing more is looked at");
    let drifts = seen.into_drifts();
    assert_eq!((drifts.len(), drifts[DRIFTS_MAX].kind), (DRIFTS_MAX + 1, DriftKind::TooMany));
}

#[test]
fn the_first_example_stays() {
    let mut seen = Observation::default();
    seen.add(new_field("a"));
    let mut page = Observation::default();
    page.add(SchemaDrift { example: "boolean".to_owned(), ..new_field("a") });
    seen.merge(page);
    assert_eq!(seen.into_drifts(), [new_field("a")]);
}

#[test]
fn a_page_that_was_kept_counts_like_one_that_was_not() {
    let read = |present: [u64; 2], kept: bool| {
        let mut read = Observation::default();
        for present in present {
            let mut page = Observation::default();
            (0..15).for_each(|_| page.count(&OBJECT, present));
            page.add(new_field("a"));
            let text = serde_json::to_string(&page.kept()).unwrap();
            let again = Observation::from(serde_json::from_str::<KeptObservation>(&text).unwrap());
            read.merge(if kept { again } else { page });
        }
        read.into_drifts()
    };
    for present in [[0b011, 0b011], [0b010, 0b011], [0b010, 0b010], [0, 0]] {
        assert_eq!(read(present, true), read(present, false), "{present:?}");
    }
    assert_eq!(read([0b010, 0b011], true), [new_field("a")]);
    assert_eq!(read([0b010, 0b010], true).len(), 2);
}
