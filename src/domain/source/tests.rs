use super::*;

fn sobot(id: &str, host: &str) -> VendorAccount {
    VendorAccount::new("sobot", id, host, None)
}

fn configured(name: &str, account: VendorAccount) -> ConfiguredSource {
    ConfiguredSource { name: name.to_owned(), account, is_used: false }
}

fn known(name: &str, account: VendorAccount) -> KnownSource {
    KnownSource {
        name: name.to_owned(),
        kind: account.kind.clone(),
        account: Some(account),
        generation: 1,
        retired: None,
        pending: None,
        has_rows: true,
    }
}

fn messages(configured: &[ConfiguredSource], known: &[KnownSource]) -> Vec<(String, String)> {
    let judgement = judge(configured, known);
    assert!(
        judgement.refusals.is_empty() || !judgement.refusals.iter().any(|refusal| refusal.message.is_empty())
    );
    judgement.refusals.into_iter().map(|refusal| (refusal.source, refusal.message)).collect()
}

/// The one refusal's source and message.
fn only(configured: &[ConfiguredSource], known: &[KnownSource]) -> (String, String) {
    let mut all = messages(configured, known);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn what_fits_is_kept_and_what_is_new_is_remembered() {
    let (one, two) = (sobot("1", "a.example"), sobot("2", "a.example"));
    let sources = [configured("one", one.clone()), configured("two", two.clone())];
    let judgement = judge(&sources, &[known("one", one)]);
    let entries = vec![SourceEntry::Put("two".to_owned(), two)];
    assert_eq!(judgement, Judgement { refusals: Vec::new(), entries });
}

#[test]
fn rows_older_than_the_memory_are_adopted_under_their_name() {
    let account = sobot("1", "a.example");
    let stored = KnownSource { account: None, ..known("one", account.clone()) };
    let judgement = judge(&[configured("one", account.clone())], &[stored]);
    assert_eq!(judgement.entries, [SourceEntry::Put("one".to_owned(), account)]);
}

#[test]
fn a_new_name_of_a_stored_account_is_told_the_rename() {
    let account = sobot("1", "a.example");
    let (source, message) = only(&[configured("new", account.clone())], &[known("old", account)]);
    assert_eq!(source, "new");
    assert!(message.contains("`ccsync source rename old new --yes`"), "{message}");
}

#[test]
fn of_two_names_of_one_account_the_one_without_rows_is_to_go() {
    let account = sobot("1", "a.example");
    let sources = [configured("a", account.clone()), configured("b", account.clone())];
    let (source, message) = only(&sources, &[known("b", account)]);
    assert_eq!(source, "a");
    assert!(message.contains("Take [sources.a] out of the configuration"), "{message}");
    assert_eq!(only(&sources, &[]).0, "b");
}

#[test]
fn another_account_under_an_old_name_is_told_both_ways_out() {
    let sources = [configured("s", sobot("2", "a.example"))];
    let (_, message) = only(&sources, &[known("s", sobot("1", "a.example"))]);
    assert!(message.contains("app_id 1") && message.contains("app_id 2"), "{message}");
    assert!(message.contains("`ccsync source purge s --yes`"), "{message}");
    assert!(message.contains("Give the new account a name of its own"), "{message}");
}

#[test]
fn rows_of_a_simulator_are_told_to_be_removed_first() {
    let trial = VendorAccount::new("sobot", "demo-app", "127.0.0.1", Some(9090));
    assert_eq!(trial.host, "127.0.0.1");
    let (_, message) = only(&[configured("s", sobot("2", "a.example"))], &[known("s", trial.clone())]);
    let first =
        "If the rows came from a simulator, remove them and begin anew: `ccsync source purge s --yes`";
    assert!(message.contains(first), "{message}");
    let (_, message) = only(&[configured("s", sobot("demo-app", "a.example"))], &[known("s", trial)]);
    assert!(message.contains(first) && message.contains("`ccsync source move s --yes`"), "{message}");
}

#[test]
fn the_same_account_on_another_host_is_told_the_move() {
    let sources = [configured("s", sobot("1", "b.example"))];
    let (_, message) = only(&sources, &[known("s", sobot("1", "a.example"))]);
    assert!(message.contains("If b.example is the same account: `ccsync source move s --yes`"), "{message}");
    let workbench = |host| VendorAccount::new("workbench", "", host, None);
    let (_, message) = only(&[configured("w", workbench("10.0.0.9"))], &[known("w", workbench("10.0.0.8"))]);
    assert!(message.contains("`ccsync source move w --yes`"), "{message}");
}

#[test]
fn names_without_rows_bind_nobody() {
    let (one, two) = (sobot("1", "a.example"), sobot("2", "b.example"));
    let empty = KnownSource { has_rows: false, ..known("old", one.clone()) };
    let judgement = judge(&[configured("new", one.clone())], std::slice::from_ref(&empty));
    let entries = vec![SourceEntry::Drop("old".to_owned()), SourceEntry::Put("new".to_owned(), one)];
    assert_eq!(judgement, Judgement { refusals: Vec::new(), entries });
    let judgement = judge(&[configured("old", two.clone())], &[empty]);
    let entries = vec![SourceEntry::Drop("old".to_owned()), SourceEntry::Put("old".to_owned(), two)];
    assert_eq!(judgement, Judgement { refusals: Vec::new(), entries });
}

#[test]
fn what_is_retired_or_half_done_is_refused_with_the_command_that_ends_it() {
    let account = sobot("1", "a.example");
    let at = "2026-03-01T00:00:00Z".parse().unwrap();
    let retired = KnownSource { retired: Some((at, "alice".to_owned())), ..known("s", account.clone()) };
    let (_, message) = only(&[configured("s", account.clone())], std::slice::from_ref(&retired));
    assert!(message.contains("`ccsync source retire s --undo --yes`"), "{message}");
    let (_, message) = only(&[configured("t", account.clone())], &[retired]);
    assert!(
        message.contains("`ccsync source retire s --undo --yes`, then `ccsync source rename s t"),
        "{message}"
    );
    let command = "ccsync source rename s t --yes".to_owned();
    let pending = PendingChange { command, since: at, new_name: Some("t".to_owned()) };
    let half = KnownSource { pending: Some(pending), ..known("s", account.clone()) };
    for name in ["s", "t"] {
        let (_, message) = only(&[configured(name, account.clone())], std::slice::from_ref(&half));
        assert!(message.contains("`ccsync source rename s t --yes` was begun"), "{message}");
    }
}

#[test]
fn a_rename_made_together_with_the_upgrade_is_noticed_and_a_new_account_is_not_taken_for_one() {
    let account = sobot("1", "a.example");
    let orphan = KnownSource { account: None, ..known("old", account.clone()) };
    let used = ConfiguredSource { is_used: true, ..configured("new", account.clone()) };
    let (_, message) = only(&[used], std::slice::from_ref(&orphan));
    assert!(message.contains("`ccsync source rename old new --yes`"), "{message}");
    assert_eq!(messages(&[configured("new", account)], &[orphan]), []);
}

#[test]
fn swapped_names_are_told_the_name_of_before() {
    let (one, two) = (sobot("1", "a.example"), sobot("2", "a.example"));
    let sources = [configured("a", two.clone()), configured("b", one.clone())];
    let all = messages(&sources, &[known("a", one), known("b", two)]);
    assert!(all[0].1.contains("Name it [sources.b] again"), "{all:?}");
    assert!(all[1].1.contains("Name it [sources.a] again"), "{all:?}");
}
