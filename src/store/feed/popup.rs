//! `workbench.call_popup` and its history.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::domain::proof::run::Counts;
use crate::domain::row::record::{ContentHash, without_nul};
use crate::domain::vendor::feed::{CallPopup, FeedEvent};
use crate::engine::port::feed_store::FeedCommit;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::statement::touched::not_taken;

/// Writes what is new or differs and keeps what it replaces: $1 the source, $2 the instant, $3 the run, $4 the calls.
/// Answers how many were new, changed and kept, and how many were sent that are not stored as they are.
const MERGE: &str = r#"
with sent as (
    select * from jsonb_to_recordset($4) as r(session_id text, extno text, city text, admin_id integer,
        edit_stamp timestamptz, info_extno text, fields jsonb, info_group text,
        import_stamp timestamptz, info_name text, project_id text, info_status text, task_id text,
        telephone text, info_uuid text, received_at timestamptz, connection_id uuid,
        message_no bigint, extra jsonb, content_hash uuid)
), replaced as (
    insert into workbench.call_popup_history (source, session_id, extno, city, admin_id, edit_stamp,
        info_extno, fields, info_group, import_stamp, info_name, project_id, info_status, task_id,
        telephone, info_uuid, received_at, connection_id, message_no, revision, first_seen_at,
        changed_at, deleted_at, extra, content_hash, run_id, valid_from, valid_to)
    select p.source, p.session_id, p.extno, p.city, p.admin_id, p.edit_stamp, p.info_extno, p.fields,
        p.info_group, p.import_stamp, p.info_name, p.project_id, p.info_status, p.task_id,
        p.telephone, p.info_uuid, p.received_at, p.connection_id, p.message_no, p.revision,
        p.first_seen_at, p.changed_at, p.deleted_at, p.extra, p.content_hash, p.run_id, p.changed_at,
        greatest($2, p.changed_at)
    from workbench.call_popup p join sent on sent.session_id = p.session_id
    where p.source = $1 and p.content_hash <> sent.content_hash
    returning 1
), written as (
    insert into workbench.call_popup as p (source, session_id, extno, city, admin_id, edit_stamp,
        info_extno, fields, info_group, import_stamp, info_name, project_id, info_status, task_id,
        telephone, info_uuid, received_at, connection_id, message_no, revision, first_seen_at,
        changed_at, extra, content_hash, run_id)
    select $1, session_id, extno, city, admin_id, edit_stamp, info_extno, fields, info_group,
        import_stamp, info_name, project_id, info_status, task_id, telephone, info_uuid, received_at,
        connection_id, message_no, 1, $2, $2, extra, content_hash, $3
    from sent
    order by session_id
    on conflict (source, session_id) do update
    set extno = excluded.extno, city = excluded.city, admin_id = excluded.admin_id,
        edit_stamp = excluded.edit_stamp, info_extno = excluded.info_extno, fields = excluded.fields,
        info_group = excluded.info_group, import_stamp = excluded.import_stamp,
        info_name = excluded.info_name, project_id = excluded.project_id,
        info_status = excluded.info_status, task_id = excluded.task_id,
        telephone = excluded.telephone, info_uuid = excluded.info_uuid,
        received_at = excluded.received_at, connection_id = excluded.connection_id,
        message_no = excluded.message_no, revision = p.revision + 1,
        changed_at = greatest(excluded.changed_at, p.changed_at), extra = excluded.extra,
        content_hash = excluded.content_hash, run_id = excluded.run_id
    where p.content_hash <> excluded.content_hash
    returning p.revision
)
select count(*) filter (where revision = 1) as inserted,
    count(*) filter (where revision > 1) as updated, (select count(*) from replaced) as kept,
    (select count(*) from sent left join workbench.call_popup p
        on p.source = $1 and p.session_id = sent.session_id
        where p.content_hash is distinct from sent.content_hash) as news
from written
"#;

/// Writes what differs from what is stored; replaced versions go into the history.
pub(super) async fn popups_merge_in_txn(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    popups: Vec<(&FeedEvent, &CallPopup)>,
) -> StoreResult<Counts> {
    let mut counts = Counts::default();
    let mut left = popups;
    // Of several versions of one call each takes its turn.
    while !left.is_empty() {
        let (mut turn, mut later) = (BTreeMap::new(), Vec::new());
        for (event, popup) in left {
            if turn.contains_key(&popup.session_id) {
                later.push((event, popup));
            } else {
                turn.insert(&popup.session_id, record(event, popup));
            }
        }
        let rows: Vec<Json> = turn.into_values().collect();
        let sent = rows.len() as u64;
        let (inserted, updated) = merge(connection, commit, rows).await?;
        counts.inserted += inserted;
        counts.updated += updated;
        counts.unchanged += sent.saturating_sub(inserted + updated);
        left = later;
    }
    Ok(counts)
}

async fn merge(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    rows: Vec<Json>,
) -> StoreResult<(u64, u64)> {
    let row = sqlx::query(MERGE)
        .bind(&commit.key.source)
        .bind(commit.now)
        .bind(commit.run.0)
        .bind(without_nul(Json::Array(rows)))
        .fetch_one(connection)
        .await?;
    let count = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    let (inserted, updated, kept, news) =
        (count("inserted")?, count("updated")?, count("kept")?, count("news")?);
    if inserted + updated < news {
        let purpose = "storing announced calls";
        return Err(not_taken("workbench.call_popup", purpose, news, inserted + updated));
    }
    match kept == updated {
        true => Ok((inserted, updated)),
        // Two agents were shown one call at the same time, and the other's version was not seen here.
        false if inserted + updated != news => Err(StoreError::Conflict("workbench.call_popup")),
        false => Err(not_taken("workbench.call_popup_history", "keeping replaced versions", updated, kept)),
    }
}

fn record(event: &FeedEvent, popup: &CallPopup) -> Json {
    let content = serde_json::to_value(popup).unwrap_or_default();
    let hash = Uuid::from_bytes(ContentHash::of_json(&content).0);
    let mut record = content;
    if let Json::Object(map) = &mut record {
        map.insert("received_at".to_owned(), json!(event.at));
        map.insert("connection_id".to_owned(), json!(event.connection));
        map.insert("message_no".to_owned(), json!(event.number));
        map.insert("content_hash".to_owned(), json!(hash));
    }
    record
}
