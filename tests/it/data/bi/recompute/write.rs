//! A world into the tables.

use std::fmt::Write as _;

use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::store::Store as _;
use ccsync::report::status::StreamDeclaration;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor as _};

use super::cell::Points;
use super::ledger::{CHANGED_AFTER_FINAL, QUARANTINED, SNAPSHOTS, failure_message, snapshot_times};
use super::member::{Claim, Group, Member};
use super::world::{Inspection, RETIRED, Version, World};
use crate::data::bi::definition::ledger::{declarations, literal, store_windows};
use crate::data::store::support::Fresh;
use crate::support::counted::count_anew;

/// Everything that rows of a world before may be in.
const EMPTIED: &str = "
    do $$
    begin
        execute (
            select 'truncate ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and (n.nspname in ('sobot', 'moor', 'workbench') or n.nspname = 'sync'
                and c.relname in ('time_window', 'certificate', 'finality', 'retention', 'snapshot', 'feed_session',
                    'agent_link', 'source', 'stream', 'row_count', 'quarantine')));
        perform sync.retired_apply();
    end
    $$";

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn maybe(text: Option<&String>) -> String {
    text.map_or("null".to_owned(), |text| quoted(text))
}

fn any(value: Option<impl ToString>) -> String {
    value.map_or("null".to_owned(), |value| value.to_string())
}

fn instant(at: DateTime<Utc>) -> String {
    literal(Some(at))
}

/// Ten-thousandths, written with as few digits as PostgreSQL may get them.
fn points(value: Option<Points>) -> String {
    any(value.map(|value| rust_decimal::Decimal::new(value, 4).normalize()))
}

/// What all versions of a row share: revision, when it was seen first and changed, and whether it is gone.
fn ledger_columns(number: usize, first: DateTime<Utc>, from: DateTime<Utc>, deleted: bool) -> String {
    let gone = if deleted { instant(from) } else { "null".to_owned() };
    format!("{}, {}, {}, {gone}, '{{}}', gen_random_uuid(), 1", number + 1, instant(first), instant(from))
}

const LEDGER: &str = "revision, first_seen_at, changed_at, deleted_at, extra, content_hash, run_id";

/// The versions of a row: the last one in the table, the others in its history.
fn versions<V>(
    sql: &mut String,
    (table, columns): (&str, &str),
    versions: &[V],
    written: impl Fn(&V) -> String,
    state: impl Fn(&V) -> (DateTime<Utc>, bool),
) {
    let first = state(&versions[0]).0;
    for (number, version) in versions.iter().enumerate() {
        let (from, deleted) = state(version);
        let (values, ledger) = (written(version), ledger_columns(number, first, from, deleted));
        let statement = match versions.get(number + 1) {
            None => format!("insert into {table} ({columns}, {LEDGER}) values ({values}, {ledger});"),
            Some(next) => format!(
                "insert into {table}_history ({columns}, {LEDGER}, valid_from, valid_to) values ({values}, {ledger}, {}, {});",
                instant(from),
                instant(state(next).0)
            ),
        };
        sql.push_str(&statement);
    }
}

fn inspection(sql: &mut String, of: &Inspection) {
    let Inspection { source, contact_id, agent_id, scheme_id, .. } = of;
    let columns = match of.channel {
        "call" => {
            "source, call_log_jestid, agentid, agent_name, agent_email, call_start_datetime, quality_datetime, total_score, \
             total_score_max, standard_score, standard_score_max, pulse, pulse_max, minus, minus_max"
        }
        _ => {
            "source, cid, schemeid, agentid, agent_name, agent_email, chat_start_datetime, update_datetime, quality_score, \
             total_score, standard_quality_score, standard_total_score, add_quality_score, add_total_score, \
             minus_quality_score, minus_total_score"
        }
    };
    let scheme = scheme_id.as_ref().map(|scheme| format!("{}, ", quoted(scheme))).unwrap_or_default();
    let written = |version: &Version| {
        let others = version.others.map(points).join(", ");
        format!(
            "{}, {}, {scheme}{}, {}, {}, {}, {}, {}, {}, {others}",
            quoted(source),
            quoted(contact_id),
            quoted(agent_id),
            maybe(version.name.as_ref()),
            maybe(version.email.as_ref()),
            literal(version.contact_at),
            literal(version.inspected_at),
            points(version.score),
            points(version.score_max),
        )
    };
    let table = format!("sobot.{}_result", of.channel);
    versions(sql, (&table, columns), &of.versions, written, |version| (version.from, version.deleted));
}

fn rosters(sql: &mut String, world: &World) {
    for Group { source, exten, name, assign_rule, first_seen_at, deleted } in &world.rosters.groups {
        let ledger = ledger_columns(0, *first_seen_at, *first_seen_at, *deleted);
        let name = maybe(name.as_ref());
        write!(
            sql,
            "insert into moor.queue (source, exten, display_name, assign_rule, {LEDGER}) \
             values ('{source}', '{exten}', {name}, '{assign_rule}', {ledger});"
        )
        .unwrap();
    }
    for Member { source, exten, agent_number, versions: all, .. } in &world.rosters.members {
        let columns = "source, exten, agent_number, agent_name, priority";
        versions(
            sql,
            ("moor.queue_member", columns),
            all,
            |version| {
                let (name, priority) = (maybe(version.name.as_ref()), any(version.priority));
                format!("'{source}', '{exten}', '{agent_number}', {name}, {priority}")
            },
            |version| (version.from, version.deleted),
        );
    }
    for Claim { source, exten, agent_number, name, at_desk, in_app, at, deleted } in &world.rosters.claims {
        let ledger = ledger_columns(0, *at, *at, *deleted);
        let (name, at_desk, in_app) = (maybe(name.as_ref()), any(*at_desk), any(*in_app));
        write!(
            sql,
            "insert into moor.agent_claim_status (source, exten, agent_number, agent_name, pc_auto_claim, \
             mobile_auto_claim, {LEDGER}) \
             values ('{source}', '{exten}', '{agent_number}', {name}, {at_desk}, {in_app}, {ledger});"
        )
        .unwrap();
    }
}

fn feeds(sql: &mut String, world: &World) {
    for session in &world.feeds.sessions {
        write!(
            sql,
            "insert into sync.feed_session (source, extno, configured, seen_to, last_message_at) \
             values ('{}', '{}', {}, {}, {});",
            session.source,
            session.extno,
            session.configured,
            literal(session.seen_to),
            literal(session.last_message_at)
        )
        .unwrap();
    }
    for stay in &world.feeds.stays {
        let times = format!("{}, {}", instant(stay.since), literal(stay.until));
        let (source, extno) = (&stay.source, &stay.extno);
        match stay.status {
            Some(status) => write!(
                sql,
                "insert into workbench.agent_status (source, extno, since, until, status_name, connection_id, message_no, \
                 revision, first_seen_at, changed_at, run_id) \
                 values ('{source}', '{extno}', {times}, '{status}', gen_random_uuid(), 1, 1, now(), now(), 1);"
            ),
            None => write!(
                sql,
                "insert into workbench.feed_gap (source, extno, since, until, reason, first_seen_at, changed_at, run_id) \
                 values ('{source}', '{extno}', {times}, 'broken', now(), now(), 1);"
            ),
        }
        .unwrap();
    }
    for (source, at) in &world.feeds.announcements {
        let at = instant(*at);
        write!(
            sql,
            "insert into workbench.announcement (source, extno, connection_id, message_no, received_at, revision, \
             first_seen_at, changed_at, run_id) values ('{source}', '2', gen_random_uuid(), 1, {at}, 1, {at}, {at}, 1);"
        )
        .unwrap();
    }
    for (source, deleted) in &world.feeds.popups {
        let gone = if *deleted { "now()" } else { "null" };
        write!(
            sql,
            "insert into workbench.call_popup (source, session_id, extno, received_at, connection_id, message_no, \
             revision, first_seen_at, changed_at, deleted_at, content_hash, run_id) \
             values ('{source}', gen_random_uuid()::text, '2', now(), gen_random_uuid(), 1, 1, now(), now(), {gone}, \
             gen_random_uuid(), 1);"
        )
        .unwrap();
    }
}

fn agents(sql: &mut String, world: &World) {
    for agent in &world.agents {
        let (name, email, seen) =
            (maybe(agent.name.as_ref()), maybe(agent.email.as_ref()), instant(agent.first_seen_at));
        write!(
            sql,
            "insert into sobot.agent (source, agentid, agent_name, agent_email, first_seen_at, changed_at) \
             values ('{}', '{}', {name}, {email}, {seen}, {seen});",
            agent.source, agent.id
        )
        .unwrap();
    }
    for (vendor, source, id, person) in &world.links {
        write!(
            sql,
            "insert into sync.agent_link values ('{vendor}', '{source}', '{id}', '{person}', now(), 'test');"
        )
        .unwrap();
    }
    write!(
        sql,
        "insert into sync.source (name, kind, erasure_name, retired_at, retired_by) \
         values ('{RETIRED}', 'sobot', '{RETIRED}', now(), 'test'); select sync.retired_apply();"
    )
    .unwrap();
}

fn ledger(sql: &mut String, world: &World) {
    let [read_at, failed_at, proven_at] = snapshot_times(world).map(instant);
    let (source, stream) = SNAPSHOTS[0];
    write!(
        sql,
        "insert into sync.snapshot (source, stream, state, rows, verdict, read_at, complete_to, run_id, failed_at, \
         failure_message) values ('{source}', '{stream}', 'complete', 77, 'unverified', {read_at}, {proven_at}, 1, \
         {failed_at}, 'refused'); update sync.finality set changed_after_final = {CHANGED_AFTER_FINAL};
         insert into sync.quarantine (source, stream, payload, payload_hash, reason, run_id, first_seen_at, last_seen_at, state)
         select '{source}', '{stream}', '', gen_random_uuid(), '', 1, now(), now(),
            case when number <= {QUARANTINED} then 'open' else 'dropped' end
         from generate_series(1, {QUARANTINED} + 2) number;"
    )
    .unwrap();
    for place in &world.ledgers.places {
        for window in place.ledger.windows.iter().filter(|window| window.failed_at.is_some()) {
            write!(
                sql,
                "update sync.time_window set failure_message = '{}' where source = '{}' and stream = '{}' and window_start = {};",
                failure_message(window),
                place.source,
                place.stream,
                instant(window.start)
            )
            .unwrap();
        }
    }
}

/// Replaces what the database holds by this world.
pub async fn store_world(fresh: &Fresh, world: &World) {
    fresh.db.execute(EMPTIED).await.unwrap();
    let mut declared = declarations(&world.ledgers);
    for (source, stream) in SNAPSHOTS.into_iter().chain([("bench", "workbench.agent_monitor")]) {
        declared.push(StreamDeclaration {
            key: StreamKey { source: source.into(), stream: stream.parse().unwrap() },
            start: None,
            schedule: "0 */10 * * * *".into(),
            timezone: world.zone,
            window: None,
            enabled: true,
        });
    }
    fresh.store.declare(&declared).await.unwrap();
    for place in &world.ledgers.places {
        store_windows(fresh, place).await;
    }
    let mut sql = String::new();
    for one in &world.inspections {
        inspection(&mut sql, one);
    }
    rosters(&mut sql, world);
    feeds(&mut sql, world);
    agents(&mut sql, world);
    ledger(&mut sql, world);
    // What the rows' own commits would have counted (tests/it/data/store/shape/row_count.rs).
    sql.push_str(&count_anew("sync.stream v"));
    fresh.db.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}
