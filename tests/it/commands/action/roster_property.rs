//! Over random edits at the vendor between export, plan and apply: nobody leaves a group whom the person did not see
//! leave.

use std::collections::{BTreeMap, BTreeSet};

use ccsync::app::{Ending, Progress, RosterService};
use ccsync::domain::vendor::roster::{Group, Member};
use ccsync::domain::vendor::roster_fingerprint::Fingerprint;
use ccsync::domain::vendor::roster_hold::hold_to_export;
use ccsync::domain::vendor::roster_plan::{MemberChange, RosterPlan, WantedGroup};
use ccsync_simulator::{Change, Simulator};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::support::harness::{TestWorld, small_world};

const CASES: u64 = 60;

/// Who is where, as pairs of group and agent.
type Seats = BTreeSet<(String, String)>;

fn seats(simulator: &Simulator) -> Seats {
    let mut seats = Seats::new();
    for group in simulator.truth().groups {
        for member in group["assignMembers"].as_array().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            seats.insert((text(&group["exten"]), text(&member["agentNumber"])));
        }
    }
    seats
}

/// A colleague moves, adds or removes agents; who left by it.
fn edit(simulator: &Simulator, rng: &mut StdRng, edits: u32) -> Seats {
    let before = seats(simulator);
    let extens: Vec<String> =
        simulator.truth().groups.iter().map(|group| group["exten"].as_str().unwrap().to_owned()).collect();
    for _ in 0..edits {
        let exten = extens[rng.random_range(0..extens.len())].clone();
        let inside: Vec<&String> =
            before.iter().filter(|(group, _)| *group == exten).map(|(_, agent)| agent).collect();
        let removes = rng.random_bool(0.4) && !inside.is_empty();
        let agent_number = match removes {
            true => inside[rng.random_range(0..inside.len())].clone(),
            false => format!("80{:02}", rng.random_range(0..15)),
        };
        let (from, to) = if removes { (Some(exten), None) } else { (None, Some(exten)) };
        // One that has left already is no edit.
        let _ = simulator.mutate(Change::MoveAgent { agent_number, from, to });
    }
    &before - &seats(simulator)
}

/// A person's edits of an export: who is in each group of the file.
fn edited(groups: &[Group], rng: &mut StdRng) -> Vec<WantedGroup> {
    let of = |group: &Group, rng: &mut StdRng| {
        let mut members: Vec<Member> =
            group.members.iter().filter(|_| rng.random_bool(0.8)).cloned().collect();
        let agent_number = format!("80{:02}", rng.random_range(0..15));
        if rng.random_bool(0.3) && members.iter().all(|member| member.agent_number != agent_number) {
            members.push(Member { agent_number, priority: rng.random_range(0..3) });
        }
        WantedGroup {
            exten: Some(group.exten.clone()),
            members,
            fingerprint: Some(Fingerprint::of(group)),
            ..WantedGroup::default()
        }
    };
    groups.iter().map(|group| of(group, rng)).collect()
}

/// Whom a plan shows leaving.
fn leaving(plan: &RosterPlan) -> Seats {
    let of = |exten: &Option<String>, change: &MemberChange| match (exten, change) {
        (Some(exten), MemberChange::Remove(member)) => Some((exten.clone(), member.agent_number.clone())),
        _ => None,
    };
    let groups = plan.groups.iter();
    groups.flat_map(|group| group.changes.iter().filter_map(|change| of(&group.exten, change))).collect()
}

/// Applies while a colleague goes on editing; who left, but for those whom the colleague took out.
async fn applied(
    roster: &RosterService<'_>,
    simulator: &Simulator,
    plan: &RosterPlan,
    rng: &mut StdRng,
    endings: &mut BTreeMap<String, u32>,
) -> Seats {
    let mut at_all = seats(simulator);
    let mut taken_out = Seats::new();
    let outcomes = roster
        .apply(plan, |progress| {
            if let Progress::Ended(_) = progress {
                at_all.extend(seats(simulator));
                if rng.random_bool(0.3) {
                    taken_out.extend(edit(simulator, rng, 1));
                }
                at_all.extend(seats(simulator));
            }
        })
        .await
        .unwrap();
    for outcome in &outcomes {
        *endings.entry(format!("{:?}", outcome.ending)).or_default() += 1;
        assert_ne!(outcome.ending, Ending::Unknown);
    }
    let left = &at_all - &seats(simulator);
    &left - &taken_out
}

#[tokio::test]
async fn nobody_leaves_a_group_whom_the_person_did_not_see_leave() {
    let world = TestWorld::quick(small_world()).await;
    let simulator = &world.test.simulator;
    let service = world.test.app.action_service("tester").unwrap();
    let roster = service.roster(None).unwrap();
    let mut endings = BTreeMap::new();
    for seed in 0..CASES {
        let mut rng = StdRng::seed_from_u64(seed);
        let between = |rng: &mut StdRng| rng.random_range(0..3);
        let export = roster.groups().await.unwrap();
        let file = edited(&export, &mut rng);
        let edits = between(&mut rng);
        edit(simulator, &mut rng, edits);
        let plan = roster.plan(&file, &[], false).await.unwrap();
        let (shown, plan) = if seed % 2 == 0 {
            // Of a file the person saw whom they took out of it.
            let members = |exten: &str, members: &[Member]| -> Seats {
                members.iter().map(|member| (exten.to_owned(), member.agent_number.clone())).collect()
            };
            let all: Seats = export.iter().flat_map(|group| members(&group.exten, &group.members)).collect();
            let kept = file.iter().flat_map(|group| members(group.exten.as_ref().unwrap(), &group.members));
            (&all - &kept.collect(), hold_to_export(plan))
        } else {
            let shown = leaving(&plan);
            let edits = between(&mut rng);
            edit(simulator, &mut rng, edits);
            (shown, roster.hold(plan, false).await.unwrap())
        };
        let left = applied(&roster, simulator, &plan, &mut rng, &mut endings).await;
        assert!(left.is_subset(&shown), "seed {seed}: {left:?} left, shown were {shown:?}");
    }
    println!("{CASES} cases, groups: {endings:?}");
    for ending in ["Changed", "Stopped", "AsWanted"] {
        assert!(10 <= endings.get(ending).copied().unwrap_or_default(), "{endings:?}");
    }
}
