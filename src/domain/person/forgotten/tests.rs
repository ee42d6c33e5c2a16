use serde_json::json;

use super::*;
use crate::domain::stream::moor_queue::MOOR_QUEUE_MEMBER;

const NUMBER: &str = "15711356914";

fn list() -> ForgottenList {
    let mut list = ForgottenList::new(1, b"a key of the database's own", []);
    let one = |kind, text| list.listed(kind, "s", text);
    let all = [
        one(Identifier::Phone, NUMBER),
        one(Identifier::Phone, "57188886666"),
        one(Identifier::Email, "zhang@example.com"),
        one(Identifier::Form, "157****6914"),
        one(Identifier::Agent, "8000"),
        one(Identifier::Agent, "a1b2c3d4e5f6"),
    ];
    list.add(all);
    list
}

#[test]
fn a_number_is_found_however_it_is_written() {
    for written in [
        "15711356914",
        "+8615711356914",
        "0086 157 1135 6914",
        "157-1135-6914",
        "(+86) 157.1135.6914",
        "１５７１１３５６９１４",
        "157****6914",
        "0571-88886666",
        "+86 571 8888 6666",
        "ZHANG@Example.com",
        "mailto:zhang@example.com.",
    ] {
        let text = format!("打{written}吧");
        let left = list().text("s", &text).unwrap_or_else(|| panic!("{written}"));
        assert!(!left.contains(|letter: char| letter.is_ascii_digit()) || left.contains("+86"), "{left}");
        assert!(!left.contains("6914") && !left.contains('@'), "{left}");
    }
}

#[test]
fn other_numbers_and_ids_stay_as_they_are() {
    for text in
        ["15711356915", "1554971786077", "call 13812345678", "li@example.com", "8000", "138****5678", ""]
    {
        assert_eq!(list().text("s", text), None, "{text}");
    }
    assert_eq!(list().text("other", "agent a1b2c3d4e5f6"), None, "another source's agent");
}

#[test]
fn a_long_id_becomes_a_pseudonym_wherever_it_stands() {
    let left = list().text("s", "by a1b2c3d4e5f6, today").unwrap();
    assert_eq!(left, format!("by {}, today", list().pseudonym("s", "a1b2c3d4e5f6")));
}

#[test]
fn a_listed_agents_row_keeps_its_place_and_loses_the_person() {
    let text = |text: &str| Value::text(text.to_owned());
    let extra = json!({"nick": "Zhang", "level": 3, "deep": {"note": ["x"]}});
    let values = vec![text("1"), text("8000"), text("Zhang"), Value::Integer(2)];
    let row = Row::new(&MOOR_QUEUE_MEMBER, &values, extra.as_object().unwrap().clone());
    let left = list().row("s", row.clone());
    let pseudonym = list().pseudonym("s", "8000");
    assert_eq!(
        left.values().collect::<Vec<_>>(),
        [text("1"), text(&pseudonym), Value::Null, Value::Integer(2)]
    );
    assert_eq!(Json::Object(left.extra.clone()), json!({"nick": null, "level": 3, "deep": {"note": [null]}}));
    assert_eq!(list().row("s", left.clone()), left, "once is enough");
    assert_eq!(list().row("other", row.clone()), row);
}

#[test]
fn within_a_document_only_what_is_the_persons_is_blanked() {
    let payload = json!({"exten": "8000", "name": "group", "assignMembers": [
        {"agentNumber": "8000", "agentName": "Zhang"}, {"agentNumber": 8001, "agentName": "Li"}],
        "remark": "{\"tel\":\"157 1135 6914\"}", "n": 15711356914u64});
    let reject = Reject { payload: payload.to_string(), reason: "no".into() };
    let left: Json = serde_json::from_str(&list().reject("s", reject).payload).unwrap();
    let pseudonym = list().pseudonym("s", "8000");
    assert_eq!(
        left,
        json!({"exten": "8000", "name": "group", "assignMembers": [
            {"agentNumber": pseudonym, "agentName": null}, {"agentNumber": 8001, "agentName": "Li"}],
            "remark": "{\"tel\":null}", "n": null})
    );
}

#[test]
fn a_part_of_a_key_stays_apart_from_others() {
    let mut columns = json!({"session_id": format!("x{NUMBER}"), "info_name": NUMBER, "extra": {}});
    let changed = list().columns("s", &["session_id"], columns.as_object_mut().unwrap());
    assert!(changed);
    assert_eq!(columns["session_id"], list().pseudonym("s", &format!("x{NUMBER}")));
    assert_eq!(columns["info_name"], Json::Null);
}

#[test]
fn a_person_who_is_called_after_an_account_is_called_after_its_pseudonym() {
    let mut columns = json!({"vendor": "moor", "account_id": "8000", "person_id": "moor/s/8000"});
    assert!(list().columns("s", &["vendor", "account_id"], columns.as_object_mut().unwrap()));
    let pseudonym = list().pseudonym("s", "8000");
    assert_eq!(columns["account_id"], pseudonym);
    assert_eq!(columns["person_id"], format!("moor/s/{pseudonym}"));
    let mut other = json!({"account_id": "8001", "person_id": "moor/other/8000"});
    assert!(!list().columns("s", &["account_id"], other.as_object_mut().unwrap()));
}

#[test]
fn a_board_shows_the_latest_list() {
    let board = ErasureList::default();
    board.put(Arc::new(ForgottenList::new(2, b"k", [])));
    board.put(Arc::new(ForgottenList::new(1, b"k", [])));
    assert_eq!(board.list().version(), 2);
}
