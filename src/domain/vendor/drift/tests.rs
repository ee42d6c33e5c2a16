use super::*;

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
fn only_what_is_not_known_is_news() {
    let (a, b) = (new_field("a"), new_field("b"));
    let found = [a.clone(), b.clone()];
    let told = |drift: &SchemaDrift| drift.is_same(&a);
    assert_eq!(news(&found, told, 1), std::slice::from_ref(&b));
    assert_eq!(news(&found, |_| true, 2), []);
    let full: Vec<_> = news(&found, told, DRIFTS_MAX).iter().map(|drift| drift.kind).collect();
    assert_eq!(full, [DriftKind::TooMany]);
    assert_eq!(news(&found, |drift| told(drift) || drift.kind == DriftKind::TooMany, DRIFTS_MAX), []);
}
