//! `addQueue` and `updateQueueAssignMembers`. They work, so that a command of
//! the product can be tried; the journal counts them, because its daemon must
//! never send one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{refusal, text};
use crate::answer::exchange::Answer;
use crate::disturbance::switchboard::Switches;
use crate::service::endpoint::Endpoint;
use crate::service::state::{State, lock};
use crate::vendor::roster::{ASSIGN_RULES, Group, MEMORY_TIMES, Seat};
use crate::vendor::world::World;

/// Does it.
pub(super) fn write(
    state: &State,
    endpoint: Endpoint,
    fields: &Map<String, Value>,
    switches: &Switches,
) -> Answer {
    match endpoint {
        Endpoint::MoorAddQueue => add_queue(state, fields, switches),
        _ => assign_members(state, fields, switches),
    }
}

/// Does it after a while, whether anybody still waits for the answer or not.
pub(super) fn later(state: Arc<State>, endpoint: Endpoint, fields: Map<String, Value>, wait: Duration) {
    tokio::spawn(async move {
        state.pause(wait).await;
        write(&state, endpoint, &fields, &state.switches());
    });
}

fn add_queue(state: &State, fields: &Map<String, Value>, switches: &Switches) -> Answer {
    let Some(display_name) = text(fields, "displayName") else {
        return refused(switches);
    };
    // Fields that are wrong are taken as their defaults, not refused. Which
    // default a memory's time has is an invention: the first of the four.
    let one_of = |name: &str, known: &[&str; 4]| {
        let given = text(fields, name).filter(|given| known.contains(&given.as_str()));
        given.unwrap_or_else(|| known[0].to_owned())
    };
    let mut world = lock(&state.world);
    let group = Group {
        exten: String::new(),
        display_name,
        assign_rule: one_of("assignRule", &ASSIGN_RULES),
        is_memory: fields.get("isMemory").and_then(Value::as_bool).unwrap_or(false),
        memory_time: one_of("memoryTime", &MEMORY_TIMES),
        updated_ms: state.now().timestamp_millis(),
        update_agent: String::new(),
        seats: seats(&world, fields),
    };
    let exten = world.add_group(group);
    Answer::ok(json!({"code": 200, "success": true, "message": "success!", "data": {"exten": exten}}), 1)
}

fn assign_members(state: &State, fields: &Map<String, Value>, switches: &Switches) -> Answer {
    let mut world = lock(&state.world);
    let seats = seats(&world, fields);
    let found = text(fields, "exten").and_then(|exten| world.group(&exten).ok());
    let Some(group) = found.and_then(|index| world.groups.get_mut(index)) else {
        return refused(switches);
    };
    group.seats = seats;
    group.updated_ms = state.now().timestamp_millis();
    group.update_agent = String::new();
    Answer::ok(json!({"code": 200, "success": true, "message": "success!"}), 1)
}

/// The documents print this text for both operations.
fn refused(switches: &Switches) -> Answer {
    refusal(400, "create Queue error", "moor_400", switches)
}

/// The members asked for; unknown agents are skipped without a word.
fn seats(world: &World, fields: &Map<String, Value>) -> Vec<Seat> {
    let mut seats: Vec<Seat> = Vec::new();
    for member in fields.get("assignMembers").and_then(Value::as_array).into_iter().flatten() {
        let Some(member) = member.as_object() else { continue };
        let Some(agent) = text(member, "agentNumber").and_then(|number| world.agent(&number).ok()) else {
            continue;
        };
        // The documents' example has a space in the key.
        let priority = text(member, "priority").or_else(|| text(member, " priority"));
        let priority = priority.and_then(|text| text.parse().ok()).unwrap_or(0);
        if seats.iter().all(|seat| seat.agent != agent) {
            seats.push(Seat { agent, priority });
        }
    }
    seats
}
