//! What a database is and what we may do there, for `ccsync check`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, Row as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::StreamKey;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::feed::lease::lease_is_held;
use crate::store::pool::{PgStore, session_settings};
use crate::store::schema::grant::READABLE;

/// A database as it presents itself to our login. All but the zone of its business days can be asked of a database
/// without our schema.
#[derive(Debug, Clone)]
pub struct DatabaseFacts {
    /// Host, port, database and user.
    pub place: String,
    /// As in `15.4`.
    pub version: String,
    /// The server's clock.
    pub clock: DateTime<Utc>,
    /// The default zone of its sessions; ours do not use it.
    pub timezone: String,
    /// It follows another server and takes no writes.
    pub read_only: bool,
    /// Our login may do anything at all.
    pub superuser: bool,
    /// Our login may make schemas here.
    pub makes_schemas: bool,
    /// Our login may make roles.
    pub makes_roles: bool,
    /// The role of analysts exists.
    pub reader: bool,
    /// Those of our schemas that belong to somebody whose rights our login does not have.
    pub foreign_schemas: Vec<String>,
    /// The database's size.
    pub bytes: u64,
    /// Whether the server knows the zone that was asked about.
    pub knows_zone: bool,
    /// A pooler stands between that gives each transaction another session: settings of our login and of the database
    /// that hold then, and that ccsync sets otherwise in sessions of its own.
    pub pooled: Option<Vec<String>>,
    /// The zone with which business days were made, where our schema has one.
    pub business_zone: Option<String>,
}

/// Everything that needs no schema of ours.
const FACTS: &str = r#"
select
    current_setting('server_version') as version,
    clock_timestamp() as clock,
    (select reset_val from pg_catalog.pg_settings where name = 'TimeZone') as timezone,
    pg_catalog.pg_is_in_recovery() as read_only,
    r.rolsuper as superuser,
    r.rolsuper or r.rolcreaterole as makes_roles,
    has_database_privilege(current_database(), 'create') as makes_schemas,
    to_regrole('bi_reader') is not null as reader,
    array(
        select n.nspname::text from pg_catalog.pg_namespace n
        where n.nspname = any($2) and not pg_has_role(n.nspowner, 'usage')
        order by 1
    ) as foreign_schemas,
    pg_catalog.pg_database_size(current_database()) as bytes,
    exists (select from pg_catalog.pg_timezone_names where name = $1) as knows_zone,
    to_regprocedure('bi.business_zone()') is not null as has_zone
from pg_catalog.pg_roles r
where r.rolname = current_user
"#;

/// Settings of our login and of the database, of those that we set: $1.
const FOREIGN_SETTINGS: &str = r#"
select distinct s.setting
from pg_catalog.pg_db_role_setting d
cross join lateral unnest(d.setconfig) as s(setting)
where d.setrole in (0, (select oid from pg_catalog.pg_roles where rolname = current_user))
    and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    and lower(split_part(s.setting, '=', 1)) = any($1)
order by 1
"#;

/// How long a session that is shared may be busy with another transaction before that is taken for shown.
const ONE_SESSION: Duration = Duration::from_secs(1);

impl PgStore {
    /// Looks at the database; `zone` is the one it must know. Changes nothing.
    ///
    /// # Errors
    /// Database faults.
    pub async fn facts(&self, zone: &str) -> Result<DatabaseFacts, Fault> {
        answered("looking at the database", self.facts_read(zone)).await
    }

    /// Whether a living worker follows this agent's feed.
    ///
    /// # Errors
    /// Database faults.
    pub async fn feed_is_followed(&self, key: &StreamKey, extno: &str) -> Result<bool, Fault> {
        let held = lease_is_held(&self.pool, key, extno);
        answered(&format!("{key}: looking at the lease of agent {extno}"), held).await
    }

    /// Why the worker that follows this agent cannot open its socket; `None` where its last try did not fail.
    ///
    /// # Errors
    /// Database faults.
    pub async fn feed_failure(&self, key: &StreamKey, extno: &str) -> Result<Option<Fault>, Fault> {
        let failure = sqlx::query_as(
            "select failure_kind, failure_message from sync.feed_session
             where source = $1 and extno = $2 and failing_since is not null",
        )
        .bind(&key.source)
        .bind(extno)
        .fetch_optional(&self.pool);
        let doing = format!("{key}: looking why agent {extno} is not heard");
        let failure: Option<(String, String)> = answered(&doing, failure).await?;
        let fault =
            |(kind, message): (String, String)| Some(Fault::new(FaultKind::from_name(&kind)?, message));
        Ok(failure.and_then(fault))
    }

    /// Whether a transaction of another connection takes over the session that was ours a moment ago.
    async fn changes_sessions(&self) -> StoreResult<bool> {
        let (mut marked, mut other) = (self.connection().await?, self.connection().await?);
        let mark = uuid::Uuid::new_v4().to_string();
        sqlx::query("select pg_catalog.set_config('ccsync.mark', $1, false)")
            .bind(&mark)
            .execute(&mut marked)
            .await?;
        // A pooler gives it the session that became free last; where it has one only, the next question waits.
        let transaction = other.begin().await?;
        let asked = sqlx::query_scalar("select pg_catalog.current_setting('ccsync.mark', true)")
            .fetch_one(&mut marked);
        let found: Result<Option<String>, _> = match tokio::time::timeout(ONE_SESSION, asked).await {
            Ok(found) => found,
            Err(_) => Ok(None),
        };
        transaction.rollback().await?;
        marked.close().await.ok();
        other.close().await.ok();
        Ok(found? != Some(mark))
    }

    /// What our login or the database sets that we set otherwise in sessions of our own.
    async fn foreign_settings(&self) -> StoreResult<Vec<String>> {
        let ours: Vec<&str> = session_settings().collect();
        let settings = sqlx::query_scalar(FOREIGN_SETTINGS).bind(ours).fetch_all(&self.pool).await?;
        Ok(settings)
    }

    async fn facts_read(&self, zone: &str) -> StoreResult<DatabaseFacts> {
        let schemas: Vec<&str> = READABLE.into_iter().chain(["sync"]).collect();
        let row = sqlx::query(FACTS).bind(zone).bind(&schemas).fetch_one(&self.pool).await?;
        let business_zone = match row.try_get("has_zone")? {
            true => Some(sqlx::query_scalar("select bi.business_zone()").fetch_one(&self.pool).await?),
            false => None,
        };
        let version: String = row.try_get("version")?;
        Ok(DatabaseFacts {
            place: self.place(),
            version: version.split(' ').next().unwrap_or_default().to_owned(),
            clock: row.try_get("clock")?,
            timezone: row.try_get::<Option<String>, _>("timezone")?.unwrap_or_default(),
            read_only: row.try_get("read_only")?,
            superuser: row.try_get("superuser")?,
            makes_schemas: row.try_get("makes_schemas")?,
            makes_roles: row.try_get("makes_roles")?,
            reader: row.try_get("reader")?,
            foreign_schemas: row.try_get("foreign_schemas")?,
            bytes: u64::try_from(row.try_get::<i64, _>("bytes")?).unwrap_or_default(),
            knows_zone: row.try_get("knows_zone")?,
            pooled: match self.changes_sessions().await? {
                true => Some(self.foreign_settings().await?),
                false => None,
            },
            business_zone,
        })
    }
}
