//! A database with agents as the vendors named them.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool};

use crate::support::db::TestDb;

/// Agents in a database of their own.
pub struct Agents {
    pub db: TestDb,
}

/// What the view says of one account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Seen {
    pub account: String,
    pub person_id: String,
    pub state: String,
    pub rule: Option<String>,
    pub reason: Option<String>,
    pub candidates: Option<Vec<String>>,
}

impl Agents {
    pub async fn new() -> Agents {
        Agents { db: TestDb::create().await }
    }

    pub async fn pool(&self) -> &PgPool {
        self.db.pool().await
    }

    pub async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(self.pool().await).await.unwrap();
    }

    /// An agent of Sobot's source, as `source/id`.
    pub async fn sobot(&self, account: &str, name: &str, email: &str) -> &Agents {
        let (source, id) = account.split_once('/').unwrap();
        let sql =
            "insert into sobot.agent values ($1, $2, nullif($3, ''), nullif($4, ''), now(), now(), now())
            on conflict (source, agentid) do update set agent_name = excluded.agent_name";
        sqlx::query(sql)
            .bind(source)
            .bind(id)
            .bind(name)
            .bind(email)
            .execute(self.pool().await)
            .await
            .unwrap();
        self
    }

    /// A member of a group of 7moor's, as `source/number`.
    pub async fn moor(&self, account: &str, name: &str) -> &Agents {
        self.member(account, name, "100", "2026-03-01", None).await
    }

    /// A stretch of membership; one that has ended lies in the history.
    pub async fn member(
        &self,
        account: &str,
        name: &str,
        exten: &str,
        from: &str,
        to: Option<&str>,
    ) -> &Agents {
        let (source, number) = account.split_once('/').unwrap();
        let row = "source, exten, agent_number, agent_name, revision, first_seen_at, changed_at, extra, content_hash,
            run_id";
        let said = format!(
            "'{source}', '{exten}', '{number}', nullif('{name}', ''), 1, '{from}', '{from}', '{{}}', gen_random_uuid(), 1"
        );
        match to {
            None => {
                self.run(&format!(
                    "insert into moor.queue_member ({row}) values ({said})
                     on conflict (source, exten, agent_number) do update
                     set agent_name = excluded.agent_name, changed_at = excluded.changed_at,
                        revision = moor.queue_member.revision + 1, deleted_at = null"
                ))
                .await;
            }
            Some(to) => {
                // The row stays, marked deleted, until the agent is seen in the group again.
                self.run(&format!(
                    "insert into moor.queue_member_history ({row}, valid_from, valid_to) values ({said}, '{from}', '{to}');
                     insert into moor.queue_member ({row}) values ({said})
                     on conflict do nothing;
                     update moor.queue_member set deleted_at = '{to}', changed_at = '{to}', revision = revision + 1
                     where source = '{source}' and exten = '{exten}' and agent_number = '{number}'"
                ))
                .await;
            }
        }
        self
    }

    pub async fn workbench(&self, account: &str) -> &Agents {
        let (source, extno) = account.split_once('/').unwrap();
        self.run(&format!("insert into sync.feed_session (source, extno) values ('{source}', '{extno}')"))
            .await;
        self
    }

    /// A person's word on an account.
    pub async fn link(&self, account: &str, person: &str) -> &Agents {
        let mut parts = account.splitn(3, '/');
        let mut part = || parts.next().unwrap();
        let (vendor, source, id) = (part(), part(), part());
        self.run(&format!(
            "insert into sync.agent_link values ('{vendor}', '{source}', '{id}', '{person}', now(), 'test')"
        ))
        .await;
        self
    }

    /// All accounts, by their keys.
    pub async fn seen(&self) -> BTreeMap<String, Seen> {
        let sql = "select account, person_id, state, rule, reason, candidates from bi.agent_account";
        let rows: Vec<Seen> = sqlx::query_as(sql).fetch_all(self.pool().await).await.unwrap();
        rows.into_iter().map(|seen| (seen.account.clone(), seen)).collect()
    }

    /// The rule by which two accounts are one person; `None` where they are two.
    pub async fn rule(&self, one: &str, other: &str) -> Option<String> {
        let seen = self.seen().await;
        let (one, other) = (&seen[one], &seen[other]);
        assert_eq!(one.person_id == other.person_id, one.state == "matched" && other.state == "matched");
        (one.person_id == other.person_id).then(|| other.rule.clone().unwrap_or_default())
    }

    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(self.pool().await).await.unwrap()
    }
}
