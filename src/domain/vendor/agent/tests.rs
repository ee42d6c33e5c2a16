use super::*;

fn key(text: &str) -> AccountKey {
    text.parse().unwrap()
}

fn account(text: &str, person_id: &str) -> AgentAccount {
    let AccountKey { vendor, source, account_id } = key(text);
    AgentAccount {
        person_id: person_id.to_owned(),
        vendor,
        source,
        account_id,
        name: None,
        email: None,
        rule: None,
        state: "unmatched".to_owned(),
        reason: None,
        candidates: Vec::new(),
    }
}

fn order(line: u64, account: &str, person: &str) -> LinkOrder {
    let person = (!person.is_empty()).then(|| key(person));
    LinkOrder { line, account: key(account), person, is_pinned: false }
}

fn file(orders: Vec<LinkOrder>) -> LinkFile {
    LinkFile { orders, replaces: false, allows_unknown: false }
}

/// Two agents at Sobot, three at 7moor; the first of each are one person by the rules.
fn sample_accounts() -> Vec<AgentAccount> {
    vec![
        account("sobot/s/a1", "sobot/s/a1"),
        account("sobot/s/a2", "sobot/s/a2"),
        account("moor/m/1", "sobot/s/a1"),
        account("moor/m/2", "moor/m/2"),
        account("moor/m/3", "moor/m/3"),
    ]
}

fn told(changes: Result<Vec<LinkChange>, Vec<String>>) -> Vec<String> {
    let shown = |key: Option<AccountKey>| key.map_or_else(|| "-".to_owned(), |key| key.to_string());
    let change =
        |change: LinkChange| format!("{}: {} > {}", change.account, shown(change.from), shown(change.to));
    changes.unwrap().into_iter().map(change).collect()
}

#[test]
fn a_key_is_vendor_source_and_id_and_the_id_may_hold_slashes() {
    assert_eq!(key("sobot/s/a/b").account_id, "a/b");
    assert_eq!(key("sobot/s/a/b").to_string(), "sobot/s/a/b");
    for wrong in ["", "sobot", "sobot/s", "sobot//a", "sobot/s/", "avaya/s/a"] {
        assert!(wrong.parse::<AccountKey>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_as_the_file_says_changes_nothing() {
    let same = file(vec![order(2, "moor/m/1", "sobot/s/a1"), order(3, "moor/m/2", "moor/m/2")]);
    assert_eq!(told(link_changes(&sample_accounts(), &AgentLinks::new(), &same)), Vec::<String>::new());
}

#[test]
fn another_person_overrules_and_an_empty_one_takes_it_back() {
    let given = file(vec![order(2, "moor/m/2", "sobot/s/a2")]);
    assert_eq!(
        told(link_changes(&sample_accounts(), &AgentLinks::new(), &given)),
        ["moor/m/2: - > sobot/s/a2"]
    );
    let links = AgentLinks::from([(key("moor/m/2"), key("sobot/s/a2"))]);
    let back = file(vec![order(2, "moor/m/2", "")]);
    assert_eq!(told(link_changes(&sample_accounts(), &links, &back)), ["moor/m/2: sobot/s/a2 > -"]);
}

#[test]
fn a_match_of_the_rules_is_pinned_where_the_line_says_so() {
    let mut pinned = order(2, "moor/m/1", "sobot/s/a1");
    pinned.is_pinned = true;
    let changes = link_changes(&sample_accounts(), &AgentLinks::new(), &file(vec![pinned]));
    assert_eq!(told(changes), ["moor/m/1: - > sobot/s/a1"]);
}

#[test]
fn a_file_adds_to_what_was_said_unless_it_replaces_it() {
    let links = AgentLinks::from([(key("moor/m/2"), key("sobot/s/a2"))]);
    let mut given = file(vec![order(2, "moor/m/3", "sobot/s/a2")]);
    assert_eq!(told(link_changes(&sample_accounts(), &links, &given)), ["moor/m/3: - > sobot/s/a2"]);
    given.replaces = true;
    assert_eq!(
        told(link_changes(&sample_accounts(), &links, &given)),
        ["moor/m/2: sobot/s/a2 > -", "moor/m/3: - > sobot/s/a2"]
    );
}

#[test]
fn a_person_named_by_any_account_is_that_accounts_person() {
    let by_account = file(vec![order(2, "moor/m/2", "moor/m/1")]);
    assert_eq!(
        told(link_changes(&sample_accounts(), &AgentLinks::new(), &by_account)),
        ["moor/m/2: - > sobot/s/a1"]
    );
    let chain = file(vec![order(2, "moor/m/3", "moor/m/2"), order(3, "moor/m/2", "sobot/s/a2")]);
    assert_eq!(
        told(link_changes(&sample_accounts(), &AgentLinks::new(), &chain)),
        ["moor/m/2: - > sobot/s/a2", "moor/m/3: - > sobot/s/a2"]
    );
}

#[test]
fn an_account_of_its_own_is_given_to_itself() {
    let own = file(vec![order(2, "moor/m/1", "moor/m/1")]);
    assert_eq!(told(link_changes(&sample_accounts(), &AgentLinks::new(), &own)), ["moor/m/1: - > moor/m/1"]);
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let wrong = file(vec![
        order(2, "moor/m/2", "sobot/s/a1"),
        order(3, "moor/m/2", "sobot/s/a2"),
        order(4, "moor/m/9", "sobot/s/a9"),
        order(5, "sobot/s/a1", "sobot/s/a2"),
        order(6, "sobot/s/a2", "sobot/s/a1"),
    ]);
    let mistakes = link_changes(&sample_accounts(), &AgentLinks::new(), &wrong).unwrap_err().join("\n");
    for part in [
        "line 3: moor/m/2 is given otherwise in line 2",
        "line 4: no vendor has named the account moor/m/9 so far",
        "line 4: no vendor has named the account sobot/s/a9 so far",
        "line 5: sobot/s/a1 is given to sobot/s/a2, who is given to others in a circle",
        "line 6: sobot/s/a2 is given to sobot/s/a1",
    ] {
        assert!(mistakes.contains(part), "{part} in\n{mistakes}");
    }
}

#[test]
fn unknown_accounts_are_taken_where_that_is_allowed() {
    let mut early = file(vec![order(2, "moor/m/9", "sobot/s/a9")]);
    early.allows_unknown = true;
    assert_eq!(
        told(link_changes(&sample_accounts(), &AgentLinks::new(), &early)),
        ["moor/m/9: - > sobot/s/a9"]
    );
}
