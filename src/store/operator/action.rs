//! `sync.action`: writes to a vendor, each recorded before it is sent.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::row::text::storable;
use crate::domain::stream::StreamId;
use crate::domain::vendor::action::{ActionDraft, ActionRecord, ActionState, KnownAgent, Settlement};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

/// A message that is longer is cut.
const MESSAGE_CHARS_MAX: usize = 500;

impl PgStore {
    /// Records an intent, and answers its number.
    ///
    /// # Errors
    /// Database faults. Nothing may be sent then.
    pub async fn intend(
        &self,
        draft: &ActionDraft,
        operator: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, Fault> {
        let id = sqlx::query_scalar(
            r#"
            insert into sync.action (source, command, target, request, operator, intent_at)
            values ($1, $2, $3, $4, $5, $6)
            returning id
            "#,
        )
        .bind(&draft.source)
        .bind(draft.command.as_str())
        .bind(draft.target.as_deref().map(short))
        .bind(&draft.request)
        .bind(short(operator))
        .bind(now)
        .fetch_one(&self.pool);
        answered("recording an action; nothing was sent", id).await
    }

    /// From here on the vendor may have it: the state is unknown until an answer is recorded.
    ///
    /// # Errors
    /// Database faults. Nothing may be sent then.
    pub async fn sending(&self, id: i64, now: DateTime<Utc>) -> Result<(), Fault> {
        let marked = sqlx::query(
            "update sync.action set state = 'unknown', sent_at = $2 where id = $1 and state = 'intended'",
        )
        .bind(id)
        .bind(now)
        .execute(&self.pool);
        let doing = format!("recording that action {id} is being sent; nothing was sent");
        match answered(&doing, marked).await?.rows_affected() {
            0 => Err(Fault::new(FaultKind::DatabaseRefused, format!("{doing}: it was sent before"))),
            _ => Ok(()),
        }
    }

    /// Records the answer, or why there is none.
    ///
    /// # Errors
    /// Database faults: the state stays unknown.
    pub async fn settle(&self, id: i64, settlement: &Settlement, now: DateTime<Utc>) -> Result<(), Fault> {
        let message = settlement.message.as_deref().map(short);
        let settled = sqlx::query(
            r#"
            update sync.action
            set state = $2, answer_code = $3, answer_message = $4, result = $5, answered_at = $6
            where id = $1 and answered_at is null
            "#,
        )
        .bind(id)
        .bind(settlement.state.as_str())
        .bind(settlement.code.as_deref().map(short))
        .bind(message)
        .bind(settlement.result.as_deref().map(short))
        .bind(now)
        .execute(&self.pool);
        let doing = format!("recording the answer to action {id}, which stays `unknown`");
        answered(&doing, settled).await.map(|_| ())
    }

    /// Records what a look at the vendor showed of an action whose answer is unknown.
    ///
    /// # Errors
    /// Database faults.
    pub async fn observe(&self, id: i64, done: bool, now: DateTime<Utc>) -> Result<(), Fault> {
        let observed = sqlx::query(
            r#"
            update sync.action set observed = $2, observed_at = $3
            where id = $1 and state = 'unknown' and observed is null
            "#,
        )
        .bind(id)
        .bind(if done { "done" } else { "not_done" })
        .bind(now)
        .execute(&self.pool);
        let doing = format!("recording what became of action {id}");
        answered(&doing, observed).await.map(|_| ())
    }

    /// The actions, newest first, `limit` at most.
    ///
    /// # Errors
    /// Database faults.
    pub async fn actions(&self, limit: i64) -> Result<Vec<ActionRecord>, Fault> {
        let query = sqlx::query("select * from sync.action order by id desc limit $1").bind(limit);
        answered("reading the actions", async { records(query.fetch_all(&self.pool).await) }).await
    }

    /// The actions of this command on this target whose answer is unknown and which no look has settled,
    /// oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn unknown_actions(
        &self,
        source: &str,
        command: &str,
        target: &str,
    ) -> Result<Vec<ActionRecord>, Fault> {
        let rows = sqlx::query(
            r#"
            select * from sync.action
            where source = $1 and command = $2 and target = $3 and state = 'unknown' and observed is null
            order by id
            "#,
        )
        .bind(source)
        .bind(command)
        .bind(short(target));
        let doing = "looking for actions whose answer is unknown";
        answered(doing, async { records(rows.fetch_all(&self.pool).await) }).await
    }

    /// The agents whom the tables know as members of this source's skill groups.
    ///
    /// # Errors
    /// Database faults.
    pub async fn known_agents(&self, source: &str) -> Result<Vec<KnownAgent>, Fault> {
        answered("looking which agents the tables know", known_agents(&self.pool, source)).await
    }
}

/// A text as PostgreSQL takes it, and short.
fn short(text: &str) -> String {
    storable(text).chars().take(MESSAGE_CHARS_MAX).collect()
}

fn records(rows: Result<Vec<PgRow>, sqlx::Error>) -> StoreResult<Vec<ActionRecord>> {
    // A state that only another version of the program knows is that version's to show.
    Ok(rows?.iter().filter_map(|row| record(row).transpose()).collect::<Result<_, _>>()?)
}

fn record(row: &PgRow) -> Result<Option<ActionRecord>, sqlx::Error> {
    let Some(state) = ActionState::from_name(row.try_get("state")?) else { return Ok(None) };
    Ok(Some(ActionRecord {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        command: row.try_get("command")?,
        target: row.try_get("target")?,
        request: row.try_get("request")?,
        operator: row.try_get("operator")?,
        intent_at: row.try_get("intent_at")?,
        sent_at: row.try_get("sent_at")?,
        settlement: Settlement {
            state,
            code: row.try_get("answer_code")?,
            message: row.try_get("answer_message")?,
            result: row.try_get("result")?,
        },
        answered_at: row.try_get("answered_at")?,
        observed_done: row.try_get::<Option<&str>, _>("observed")?.map(|seen| seen == "done"),
        observed_at: row.try_get("observed_at")?,
    }))
}

/// An agent who left every group is known still: whoever is put back into one existed.
async fn known_agents(pool: &PgPool, source: &str) -> StoreResult<Vec<KnownAgent>> {
    let named = StreamId::all_tables().filter(|table| table.index_of("agent_number").is_some());
    let named: Vec<_> = named
        .map(|table| format!("select agent_number, deleted_at from {} where source = $1", table.name))
        .collect();
    let sql = format!(
        "select agent_number, bool_or(deleted_at is null) as member_now from ({}) agents \
         group by agent_number order by agent_number",
        named.join(" union all ")
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(source).fetch_all(pool).await?;
    let agent = |row: &PgRow| {
        Ok(KnownAgent { agent_number: row.try_get("agent_number")?, member_now: row.try_get("member_now")? })
    };
    Ok(rows.iter().map(agent).collect::<Result<_, sqlx::Error>>()?)
}
