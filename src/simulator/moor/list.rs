//! `queueQueue` and `queueQueueAgentClaimStatus`.

use serde_json::{Map, Value, json};

use super::{bad_parameters, count, text};
use crate::simulator::endpoint::Endpoint;
use crate::simulator::exchange::{Answer, Luck};
use crate::simulator::fault::Fault;
use crate::simulator::paging::{Page, spoil};
use crate::simulator::state::{State, lock};
use crate::simulator::switchboard::Switches;
use crate::simulator::switches::{ClaimFilter, Code, Envelope};
use crate::simulator::world::Walk;

/// The page size when none is given.
const PAGE: u64 = 10;

pub(super) fn list(
    state: &State,
    endpoint: Endpoint,
    fields: &Map<String, Value>,
    switches: &Switches,
    luck: &mut Luck,
) -> Answer {
    let exten = text(fields, "exten");
    let name = text(fields, "displayName");
    let is_claims = endpoint == Endpoint::MoorAgentClaimStatus;
    let needs_filter = is_claims && switches.moor_claim_filter == ClaimFilter::Required;
    if needs_filter && exten.is_none() && name.is_none() {
        return bad_parameters(switches);
    }
    let mut world = lock(&state.world);
    if luck.is(Fault::Drift) {
        world.drift(&Walk::Groups, switches, state.now().timestamp_millis());
    }
    let mut groups = world.groups_listed();
    groups.retain(|group| match (&exten, &name) {
        // An exten makes the vendor forget the other parameters.
        (Some(exten), _) => group.exten == *exten,
        (None, Some(name)) => group.is_named(name, switches.moor_name_match),
        (None, None) => true,
    });
    let (number, size) = match exten {
        Some(_) => (1, PAGE),
        None => (count(fields, "page").unwrap_or(1), count(fields, "pageSize").unwrap_or(PAGE)),
    };
    let page = Page::plan(number, switches.moor_page_cap.apply(size), groups.len(), luck);
    let shown = groups.into_iter().skip(page.skip).take(page.take);
    let mut rows: Vec<Value> = if is_claims {
        shown.map(|group| group.to_claims(&world.agents, switches)).collect()
    } else {
        shown.map(|group| group.to_queue(&world.agents, switches)).collect()
    };
    drop(world);
    spoil(&mut rows, luck, ["exten", "assignMembers", "updateTime"]);
    let shown = rows.len();
    Answer::ok(envelope(rows, page.total, switches), shown)
}

fn envelope(rows: Vec<Value>, total: u64, switches: &Switches) -> Value {
    let mut body = match switches.moor_envelope {
        Envelope::Nested => {
            json!({"success": true, "data": {"count": total, "list": rows}, "message": "200 ok!"})
        }
        Envelope::Flat => {
            json!({"code": 200, "success": true, "message": "200 ok!", "count": total, "data": rows})
        }
        Envelope::Root => json!({"code": 200, "count": total, "list": rows, "message": "200 ok!"}),
    };
    if let Some(fields) = body.as_object_mut() {
        match switches.moor_code {
            Code::AsDocumented => {}
            Code::Number => drop(fields.insert("code".to_owned(), 200.into())),
            Code::String => drop(fields.insert("code".to_owned(), "200".into())),
            Code::Absent => {
                fields.remove("code");
                // Without either, nothing would tell success.
                fields.insert("success".to_owned(), true.into());
            }
        }
    }
    body
}
