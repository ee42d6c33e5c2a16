//! `call_result` and `chat_result`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use axum::extract::{RawQuery, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value};

use super::query::{Query, window};
use super::token::{bearer, refused};
use super::{refusal, too_deep};
use crate::answer::exchange::{Answer, Chance, entry, exchange};
use crate::answer::paging::{Page, spoil};
use crate::answer::plain::{array, is_plain};
use crate::disturbance::fault::Fault;
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{BehindEnd, EmptyItems, OnOff, Order, RowsField};
use crate::service::endpoint::Endpoint;
use crate::service::evidence::{Listing, doubled};
use crate::service::state::{State, lock};
use crate::vendor::departure::depart_answer;
use crate::vendor::inspection::Channel;
use crate::vendor::world::Walk;

/// The page size of call_result when none is given.
const CALL_PAGE: u64 = 15;
/// The same of chat_result.
const CHAT_PAGE: u64 = 100;
/// The largest page of chat_result.
const CHAT_PAGE_MAX: u64 = 10_000;

pub(super) async fn call_result(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    result(&state, Channel::Call, Endpoint::SobotCallResult, &headers, query.as_deref()).await
}

pub(super) async fn chat_result(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    result(&state, Channel::Chat, Endpoint::SobotChatResult, &headers, query.as_deref()).await
}

async fn result(
    state: &State,
    channel: Channel,
    endpoint: Endpoint,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Response {
    let query = Query::parse(query);
    let (sent, account) = bearer(state, headers);
    let mut entry = entry(state, endpoint, account.unwrap_or_default());
    entry.start = query.get("start_datetime").map(str::to_owned);
    entry.end = query.get("end_datetime").map(str::to_owned);
    entry.page = query.get("page_no").and_then(|text| text.parse().ok());
    entry.page_size = query.get("page_size").and_then(|text| text.parse().ok());
    exchange(state, entry, None, |chance| answer(state, channel, &query, &sent, chance)).await
}

fn answer(state: &State, channel: Channel, query: &Query, sent: &str, chance: &mut Chance) -> Answer {
    if chance.is(Fault::ExpiredToken) {
        lock(&state.tokens).end(sent);
    }
    // Looked up again: latency lies between the request and its answer.
    if lock(&state.tokens).account(sent, state.now()).is_none() {
        return refused(state, sent);
    }
    let switches = state.switches();
    if switches.sobot_entitled == OnOff::Off {
        return refusal("700046");
    }
    match window(query, channel, &switches) {
        Ok(window) => page(state, channel, query, window, &switches, chance),
        Err(code) => refusal(code),
    }
}

fn page(
    state: &State,
    channel: Channel,
    query: &Query,
    window: Range<i64>,
    switches: &Switches,
    chance: &mut Chance,
) -> Answer {
    let size = match channel {
        Channel::Call => switches.sobot_call_page_cap.apply(query.count("page_size", CALL_PAGE)),
        Channel::Chat => {
            let asked = query.count("page_size", CHAT_PAGE).min(CHAT_PAGE_MAX);
            switches.sobot_chat_page_cap.apply(asked)
        }
    };
    let mut world = lock(&state.world);
    if chance.is(Fault::Drift) {
        let walk = Walk::Inspections { channel, window: window.clone() };
        world.drift(&walk, switches, state.now().timestamp_millis());
    }
    let page_index = world.page_index(channel);
    let counted = page_index.within(switches.sobot_filter, window);
    let listing = match channel {
        Channel::Call => Listing::calls(switches),
        Channel::Chat => Listing::chats(switches),
    };
    let page = Page::plan(query.count("page_no", 1), size, counted.len(), &listing, chance);
    if let Some(text) = &page.refused {
        return too_deep(text, listing.behind);
    }
    let found = match listing.unlisted.0 {
        None => Cow::Borrowed(counted),
        Some(_) => counted.iter().copied().filter(|(_, index)| listing.lists(*index)).collect(),
    };
    if page.number != 1 && found.len() <= page.skip {
        match switches.sobot_behind_end {
            BehindEnd::Empty => {}
            BehindEnd::Refused => return refusal("400004"),
            BehindEnd::NotFound => return Answer::not_found(),
        }
    }
    let (first, last) = (page.skip.min(found.len()), page.skip.saturating_add(page.take).min(found.len()));
    let place = |nth: usize| match switches.sobot_order {
        Order::NewestFirst => found.len() - 1 - nth,
        Order::OldestFirst => nth,
    };
    let rows = (first..last).filter_map(|nth| page_index.row(found.get(place(nth))?.1));
    if first < last && switches.sobot_items == RowsField::Once && is_plain(switches, chance) {
        let (items, count) = array(rows, channel, switches);
        drop(world);
        let rest = Value::Object(envelope(channel, &page, switches)).to_string();
        let text = format!("{{\"items\":{items},{}", rest.trim_start_matches('{'));
        return Answer { rows: count, ..Answer::text(text) };
    }
    let mut items: Vec<Value> = rows.map(|row| row.to_json(channel, switches)).collect();
    drop(world);
    let names = channel.names();
    spoil(&mut items, chance, [names.id, names.got[0], names.contact]);
    let count = items.len();
    let mut body = envelope(channel, &page, switches);
    match (count, switches.sobot_empty_items) {
        (0, EmptyItems::Null) => drop(body.insert("items".to_owned(), Value::Null)),
        (0, EmptyItems::Absent) => {}
        _ => drop(body.insert("items".to_owned(), Value::Array(items))),
    }
    let twice = doubled(&body, "items", switches.sobot_items);
    Answer { text: twice, ..Answer::ok(Value::Object(body), count) }
}

/// All of an answer but its items.
fn envelope(channel: Channel, page: &Page, switches: &Switches) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    put("ret_code", "000000".into());
    if channel == Channel::Call {
        put("ret_msg", "操作成功".into());
        if page.total.is_some() {
            put("page_count", page.count().into());
        }
        put("page_no", page.number.into());
        put("page_size", page.size.into());
        if let Some(total) = &page.total {
            put("total_count", total.clone());
        }
    } else {
        put("ret_msg", "查询成功".into());
    }
    depart_answer(&mut body, switches.sobot_schema);
    body
}
