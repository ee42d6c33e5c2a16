use super::*;

fn members(texts: &[&str]) -> Vec<Member> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn group(exten: &str, name: &str, list: &[&str]) -> Group {
    Group {
        exten: exten.into(),
        display_name: name.into(),
        assign_rule: "random".into(),
        is_memory: true,
        memory_time: Some(120),
        members: sorted(&members(list)),
        member_names: vec![String::new(); list.len()],
    }
}

fn numbered(exten: &str, list: &[&str]) -> WantedGroup {
    WantedGroup { exten: Some(exten.into()), members: members(list), ..WantedGroup::default() }
}

fn named(name: &str, list: &[&str]) -> WantedGroup {
    WantedGroup { display_name: Some(name.into()), members: members(list), ..WantedGroup::default() }
}

fn one(wanted: WantedGroup, vendor: &[Group]) -> GroupPlan {
    plan("moor", &[wanted], vendor).groups.remove(0)
}

#[test]
fn members_come_go_and_change_their_priority_in_whatever_order_they_are_listed() {
    let vendor = [group("1", "a", &["8000", "8001:1", "8002"])];
    let planned = one(numbered("1", &["8003:4", "8002:2", "8000"]), &vendor);
    assert_eq!(planned.step, Step::Assign);
    assert_eq!(
        planned.changes,
        [
            MemberChange::Remove("8001:1".parse().unwrap()),
            MemberChange::Priority { agent_number: "8002".into(), from: 0, to: 2 },
            MemberChange::Add("8003:4".parse().unwrap()),
        ]
    );
    let same = one(numbered("1", &["8002", "8001:1", "8000"]), &vendor);
    assert_eq!((same.step, same.changes.len()), (Step::Keep, 0));
}

#[test]
fn a_group_without_a_number_is_the_one_of_its_name_or_is_made_or_is_in_doubt() {
    let vendor = [group("1", "a", &["8000"]), group("2", "b", &[]), group("3", "b", &[])];
    assert_eq!(one(named("a", &["8000"]), &vendor).exten.as_deref(), Some("1"));
    assert!(matches!(one(named("c", &["8000"]), &vendor).step, Step::Add(_)));
    let doubt = one(named("b", &["8000"]), &vendor);
    assert!(
        matches!(&doubt.step, Step::Impossible(why) if why.contains("2 groups of this name")),
        "{doubt:?}"
    );
    // One that the file names by number is not taken for the other.
    let both = plan("moor", &[numbered("2", &[]), named("b", &["8000"])], &vendor);
    assert_eq!(both.groups[1].exten.as_deref(), Some("3"));
    assert_eq!(both.others, 1);
}

#[test]
fn what_no_call_can_change_is_told_and_what_the_file_does_not_say_is_left() {
    let vendor = [group("1", "a", &["8000"])];
    let wanted = WantedGroup {
        display_name: Some("b".into()),
        assign_rule: Some(AssignRule::Least),
        is_memory: Some(false),
        ..numbered("1", &["8000"])
    };
    let planned = one(wanted, &vendor);
    assert_eq!(planned.step, Step::Keep);
    assert_eq!(planned.unchangeable.len(), 3, "{:?}", planned.unchangeable);
    assert!(one(numbered("1", &["8000"]), &vendor).unchangeable.is_empty());
    let gone = one(numbered("9", &[]), &vendor);
    assert!(matches!(gone.step, Step::Impossible(_)), "{gone:?}");
}

#[test]
fn a_group_that_would_lose_its_last_member_is_told() {
    let vendor = [group("1", "a", &["8000"]), group("2", "b", &[])];
    assert!(one(numbered("1", &[]), &vendor).empties);
    assert!(!one(numbered("2", &[]), &vendor).empties, "it is empty already");
    assert!(one(named("c", &[]), &vendor).empties);
}

#[test]
fn the_mistakes_of_a_file_are_told_all_at_once() {
    let no_time = WantedGroup { is_memory: Some(true), ..named("c", &[]) };
    let found = mistakes(&[
        numbered("1", &["8000", "8000:1"]),
        numbered("1", &[]),
        named("b", &[]),
        named("b", &[]),
        WantedGroup::default(),
        no_time,
    ]);
    for expected in ["8000 is there twice", "group 1 is there twice", "called b", "neither exten", "memory"] {
        assert!(found.iter().any(|told| told.contains(expected)), "{expected}: {found:?}");
    }
    // The vendor gives no time where memory is on; a group that is there already may be written so.
    let exported = WantedGroup { is_memory: Some(true), ..numbered("2", &["8000"]) };
    assert_eq!(mistakes(&[exported]), Vec::<String>::new());
}

#[test]
fn a_group_that_the_file_names_by_its_number_is_not_made_again_under_its_name() {
    let vendor = [group("1", "a", &["8000", "8001"])];
    let planned = plan("moor", &[numbered("1", &["8000"]), named("a", &["8001"])], &vendor);
    let Step::Impossible(why) = &planned.groups[1].step else { panic!("{planned:?}") };
    assert!(why.contains("names by its number, too"), "{why}");
}
