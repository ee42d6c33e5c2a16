//! Who is matched with whom, and who is not.

use rstest::rstest;

use super::support::Agents;

/// Sobot's account, 7moor's account, and the rule that finds them.
#[rstest]
#[case::one_name("张伟", "", "8001", "张伟", Some("name"))]
#[case::spaces_case_and_width_are_no_difference("Ｌｉ　Wei", "", "8001", "li wei", Some("name"))]
#[case::an_address_by_number("张伟", "8001@example.com", "8001", "小张", Some("email_number"))]
#[case::case_in_numbers("张伟", "A8001@example.com", "a8001", "", Some("email_number"))]
#[case::a_keyed_digest_is_a_name("hmac1:abc", "", "8001", "hmac1:abc", Some("name"))]
#[case::digests_under_two_keys("hmac1:abc", "", "8001", "hmac2:abc", None)]
#[case::a_masked_name("张**", "", "8001", "张**", None)]
#[case::a_masked_name_in_full_width("张＊＊", "", "8001", "张＊＊", None)]
#[case::a_masked_address("李娜", "8***@example.com", "8***", "张伟", None)]
#[case::a_digested_address("李娜", "hmac1:8001@x", "hmac1:8001", "张伟", None)]
#[case::empty_names("", "", "8001", "", None)]
#[case::blank_names(" ", "", "8001", "　", None)]
#[case::a_number_for_a_name("8001", "", "8002", "8001", None)]
#[case::names_alike("张伟", "", "8001", "张玮", None)]
#[case::a_number_within_the_address("李娜", "a8001@example.com", "8001", "张伟", None)]
#[tokio::test]
async fn a_rule_finds_what_it_says_and_nothing_else(
    #[case] name: &str,
    #[case] email: &str,
    #[case] number: &str,
    #[case] moor_name: &str,
    #[case] rule: Option<&str>,
) {
    let agents = Agents::new().await;
    agents.sobot("s/a1", name, email).await.moor(&format!("m/{number}"), moor_name).await;
    let moor = format!("moor/m/{number}");
    assert_eq!(agents.rule("sobot/s/a1", &moor).await.as_deref(), rule);
    let unmatched = if rule.is_some() { 0 } else { 2 };
    assert_eq!(agents.count("select count(*) from bi.agent_unmatched").await, unmatched);
    assert_eq!(
        agents.count("select count(*) from bi.agent_identity").await,
        if rule.is_some() { 1 } else { 2 },
        "one row a person"
    );
}

#[tokio::test]
async fn equal_addresses_make_one_person_of_two_sobot_accounts() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "Wei@example.com ").await.sobot("t/b1", "Zhang", "wei@example.com").await;
    assert_eq!(agents.rule("sobot/s/a1", "sobot/t/b1").await.as_deref(), Some("email"));
    agents.sobot("s/a2", "李娜", "").await.sobot("t/b2", "Li", "").await;
    assert_eq!(agents.rule("sobot/s/a2", "sobot/t/b2").await, None);
}

#[tokio::test]
async fn two_of_one_name_at_either_vendor_are_ambiguous_and_nobody_is_guessed() {
    for (sobot, moor) in [(2, 1), (1, 2), (2, 2)] {
        let agents = Agents::new().await;
        for number in 1..=sobot {
            agents.sobot(&format!("s/a{number}"), "张伟", "").await;
        }
        for number in 1..=moor {
            agents.moor(&format!("m/{number}"), "张伟").await;
        }
        let seen = agents.seen().await;
        assert!(
            seen.values().all(|one| one.state == "ambiguous" && one.person_id == one.account),
            "{seen:?}"
        );
        assert!(seen.values().all(|one| one.reason.as_deref() == Some("ambiguous")), "{seen:?}");
        let all: Vec<String> = (1..=moor).map(|number| format!("moor/m/{number}")).collect();
        assert_eq!(seen["sobot/s/a1"].candidates.as_ref(), Some(&all));
    }
}

#[tokio::test]
async fn an_address_by_number_tells_namesakes_apart() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "1@example.com").await.sobot("s/a2", "张伟", "2@example.com").await;
    agents.moor("m/1", "张伟").await.moor("m/2", "张伟").await;
    for number in [1, 2] {
        let rule = agents.rule(&format!("sobot/s/a{number}"), &format!("moor/m/{number}")).await;
        assert_eq!(rule.as_deref(), Some("email_number"));
    }
    // A third of that name has nobody left.
    agents.sobot("s/a3", "张伟", "").await;
    let third = &agents.seen().await["sobot/s/a3"];
    assert_eq!((third.state.as_str(), third.reason.as_deref()), ("unmatched", Some("taken")));
}

#[tokio::test]
async fn rules_that_disagree_decide_nothing() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "1@example.com").await;
    agents.moor("m/1", "李娜").await.moor("m/2", "张伟").await;
    let seen = agents.seen().await;
    assert_eq!(seen["sobot/s/a1"].state, "ambiguous");
    assert_eq!(seen["sobot/s/a1"].candidates, Some(vec!["moor/m/1".to_owned(), "moor/m/2".to_owned()]));
    assert!(seen.values().all(|one| one.person_id == one.account), "{seen:?}");
}

#[tokio::test]
async fn equal_numbers_alone_are_proposed_and_not_believed() {
    let agents = Agents::new().await;
    agents.moor("m/1001", "张伟").await.workbench("w/1001").await;
    let seen = agents.seen().await;
    assert_eq!(seen["workbench/w/1001"].reason.as_deref(), Some("number_only"));
    assert_eq!(seen["workbench/w/1001"].candidates, Some(vec!["moor/m/1001".to_owned()]));
    assert!(seen.values().all(|one| one.state == "unmatched"), "{seen:?}");
    // By way of an address the three are one.
    agents.sobot("s/a1", "张伟", "1001@example.com").await;
    let persons: Vec<String> = agents.seen().await.into_values().map(|one| one.person_id).collect();
    assert_eq!(persons, ["sobot/s/a1"; 3]);
}

#[tokio::test]
async fn two_accounts_of_one_vendor_never_become_one_by_way_of_a_third() {
    let agents = Agents::new().await;
    // a1 is b1 by address, b1 is 1 by name, and 1's number is in a2's address.
    agents.sobot("s/a1", "张伟", "wei@example.com").await.sobot("s/a2", "李娜", "1@example.com").await;
    agents.sobot("t/b1", "王芳", "wei@example.com").await.moor("m/1", "王芳").await;
    let seen = agents.seen().await;
    assert!(seen.values().all(|one| one.person_id == one.account && one.state == "ambiguous"), "{seen:?}");
    assert!(seen.values().all(|one| one.reason.as_deref() == Some("clash")), "{seen:?}");
    assert_eq!(seen["sobot/t/b1"].candidates, Some(vec!["moor/m/1".to_owned(), "sobot/s/a1".to_owned()]));
}

#[tokio::test]
async fn what_a_whole_desk_is_called_is_nobodys_name() {
    let agents = Agents::new().await;
    for number in 0..21 {
        agents.sobot(&format!("s/a{number}"), "客服", "").await;
    }
    agents.moor("m/1", "客服").await;
    let seen = agents.seen().await;
    assert!(seen.values().all(|one| one.reason.as_deref() == Some("common")), "{seen:?}");
    assert!(seen.values().all(|one| one.candidates.is_none()), "{seen:?}");
}

#[tokio::test]
async fn a_person_keeps_their_id_when_renamed_matched_and_unmatched() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "8001@example.com").await;
    assert_eq!(agents.seen().await["sobot/s/a1"].person_id, "sobot/s/a1");
    agents.moor("m/8001", "张伟").await;
    assert_eq!(agents.seen().await["moor/m/8001"].person_id, "sobot/s/a1");
    for name in ["张玮", "Zhang Wei"] {
        agents.sobot("s/a1", name, "").await;
        assert_eq!(agents.rule("sobot/s/a1", "moor/m/8001").await.as_deref(), Some("email_number"));
        assert_eq!(agents.seen().await["moor/m/8001"].person_id, "sobot/s/a1");
    }
    // An older account at another Sobot source would be the first; a younger one is not.
    agents.sobot("b/x9", "张伟", "8001@example.com").await;
    let persons: Vec<String> = agents.seen().await.into_values().map(|one| one.person_id).collect();
    assert_eq!(persons, ["sobot/s/a1"; 3]);
}

#[tokio::test]
async fn a_word_of_a_person_overrules_until_it_is_taken_back() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "").await.sobot("s/a2", "李娜", "").await;
    agents.moor("m/1", "张伟").await.moor("m/2", "王芳").await;
    assert_eq!(agents.rule("sobot/s/a1", "moor/m/1").await.as_deref(), Some("name"));
    agents.link("moor/m/2", "sobot/s/a1").await;
    let seen = agents.seen().await;
    assert_eq!(seen["moor/m/2"].person_id, "sobot/s/a1");
    assert_eq!(seen["moor/m/2"].rule.as_deref(), Some("overruled"));
    assert_eq!(seen["sobot/s/a1"].rule.as_deref(), Some("named"));
    assert_eq!(seen["moor/m/1"].state, "unmatched", "the number was said to be another");
    agents.link("moor/m/1", "sobot/s/a1").await;
    assert_eq!(agents.seen().await["moor/m/1"].person_id, "sobot/s/a1", "two numbers, where both are said");
    let accounts =
        "select accounts from bi.agent_identity where person_id = 'sobot/s/a1' and agent_number = '1'";
    assert_eq!(agents.count(accounts).await, 3, "one row a person, with the oldest number");
    agents.run("delete from sync.agent_link").await;
    assert_eq!(agents.rule("sobot/s/a1", "moor/m/1").await.as_deref(), Some("name"));
    agents.link("moor/m/1", "moor/m/1").await;
    let seen = agents.seen().await;
    assert_eq!((seen["moor/m/1"].state.as_str(), seen["moor/m/1"].reason.as_deref()), ("separate", None));
    assert_eq!(seen["sobot/s/a1"].person_id, "sobot/s/a1");
}

#[tokio::test]
async fn who_left_is_still_known_and_a_name_is_that_of_the_newest_membership() {
    let agents = Agents::new().await;
    agents.sobot("s/a1", "张伟", "").await;
    agents.member("m/1", "张伟", "100", "2026-03-01", Some("2026-03-05")).await;
    assert_eq!(agents.rule("sobot/s/a1", "moor/m/1").await.as_deref(), Some("name"));
    agents.member("m/1", "李娜", "101", "2026-03-06", None).await;
    assert_eq!(agents.rule("sobot/s/a1", "moor/m/1").await, None);
}
