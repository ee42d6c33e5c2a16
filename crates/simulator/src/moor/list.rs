//! `queueQueue` and `queueQueueAgentClaimStatus`.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{bad_parameters, count, refusal, text};
use crate::answer::exchange::{Answer, Chance};
use crate::answer::paging::{Page, spoil};
use crate::disturbance::fault::Fault;
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{BehindDepth, BehindEnd, ClaimFilter, Code, Envelope, RowsField};
use crate::service::endpoint::Endpoint;
use crate::service::evidence::{Listing, doubled};
use crate::service::state::{State, lock};
use crate::vendor::world::Walk;

/// The page size when none is given.
const PAGE: u64 = 10;

pub(super) fn list(
    state: &State,
    endpoint: Endpoint,
    fields: &Map<String, Value>,
    switches: &Switches,
    chance: &mut Chance,
) -> Answer {
    let exten = text(fields, "exten");
    let name = text(fields, "displayName");
    let is_claims = endpoint == Endpoint::MoorAgentClaimStatus;
    let needs_filter = is_claims && switches.moor_claim_filter == ClaimFilter::Required;
    if needs_filter && exten.is_none() && name.is_none() {
        return bad_parameters(switches);
    }
    let mut world = lock(&state.world);
    if chance.is(Fault::Drift) {
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
    let listing = Listing::groups(switches);
    let page = Page::plan(number, switches.moor_page_cap.apply(size), groups.len(), &listing, chance);
    if let Some(text) = &page.refused {
        return too_deep(text, listing.behind, switches);
    }
    groups.retain(|group| listing.lists(group.exten.parse().unwrap_or(0)));
    if page.number != 1 && groups.len() <= page.skip {
        match switches.moor_behind_end {
            BehindEnd::Empty => {}
            BehindEnd::Refused => return bad_parameters(switches),
            BehindEnd::NotFound => return Answer::not_found(),
        }
    }
    let shown = groups.into_iter().skip(page.skip).take(page.take);
    let mut rows: Vec<Value> = if is_claims {
        shown.map(|group| group.to_claims(&world.agents, switches)).collect()
    } else {
        shown.map(|group| group.to_queue(&world.agents, switches)).collect()
    };
    drop(world);
    spoil(&mut rows, chance, ["exten", "assignMembers", "updateTime"]);
    let shown = rows.len();
    let body = envelope(rows, page.total, switches);
    let text = twice(&body, switches);
    Answer { text, ..Answer::ok(body, shown) }
}

/// The refusal of a page that reaches behind the depth of its list. That it looks so is an invention.
fn too_deep(text: &str, how: BehindDepth, switches: &Switches) -> Answer {
    let code = if how == BehindDepth::RefusedCode { 501 } else { 500 };
    let mut answer = refusal(code, text, "moor_too_deep", switches);
    answer.status = match how {
        BehindDepth::RefusedStatus => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    };
    answer
}

/// The body as text, where its rows stand twice.
fn twice(body: &Value, switches: &Switches) -> Option<String> {
    if switches.moor_list == RowsField::Once {
        return None;
    }
    let fields = body.as_object()?;
    let name = if switches.moor_envelope == Envelope::Flat { "data" } else { "list" };
    if switches.moor_envelope != Envelope::Nested {
        return doubled(fields, name, switches.moor_list);
    }
    let data = doubled(fields.get("data")?.as_object()?, name, switches.moor_list)?;
    let mut rest = fields.clone();
    rest.remove("data");
    let rest = Value::Object(rest).to_string();
    Some(format!("{{\"data\":{data},{}", rest.trim_start_matches('{')))
}

fn envelope(rows: Vec<Value>, total: Option<Value>, switches: &Switches) -> Value {
    let mut body = match switches.moor_envelope {
        Envelope::Nested => json!({"success": true, "data": {"list": rows}, "message": "200 ok!"}),
        Envelope::Flat => json!({"code": 200, "success": true, "message": "200 ok!", "data": rows}),
        Envelope::Root => json!({"code": 200, "list": rows, "message": "200 ok!"}),
    };
    let counts = match switches.moor_envelope {
        Envelope::Nested => body.get_mut("data"),
        Envelope::Flat | Envelope::Root => Some(&mut body),
    };
    if let (Some(Value::Object(fields)), Some(total)) = (counts, total) {
        fields.insert("count".to_owned(), total);
    }
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
