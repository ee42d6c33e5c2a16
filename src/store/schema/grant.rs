//! The role `bi_reader`: what analysts may read, after every migration.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;

/// A dashboard's query that takes longer is stopped; a login that has a limit of its own keeps it (0 is none).
const STATEMENT_TIMEOUT: &str = "2min";

/// What analysts may read. Not `sync`: it holds tokens and raw records.
pub(in crate::store) const READABLE: [&str; 4] = ["bi", "moor", "sobot", "workbench"];

impl PgStore {
    /// Lets a login read what analysts read, as a member of `bi_reader`; makes the login if there is none.
    /// Whether it was made.
    ///
    /// # Errors
    /// `DatabaseRefused` where our database user may not make roles, or the name is `bi_reader` itself; other
    /// database faults.
    pub async fn grant_bi_reader(&self, login: &str, password: Option<&SecretString>) -> Result<bool, Fault> {
        if login == "bi_reader" {
            let message = "bi_reader is the role that is granted; name a login of its own";
            return Err(Fault::new(FaultKind::DatabaseRefused, message).advising());
        }
        let doing = format!("granting bi_reader to {login}");
        self.grant(login, password).await.map_err(|error| error.during(&doing))
    }

    async fn grant(&self, login: &str, password: Option<&SecretString>) -> StoreResult<bool> {
        let mut connection = self.pool.acquire().await?;
        readers_update(&mut connection).await?;
        let mut transaction = connection.begin().await?;
        let (role, known, member): (bool, bool, bool) = sqlx::query_as(
            "select to_regrole('bi_reader') is not null, r.oid is not null,
                coalesce(pg_has_role(r.oid, to_regrole('bi_reader'), 'member'), false)
            from (values (1)) one left join pg_catalog.pg_roles r on r.rolname = $1",
        )
        .bind(login)
        .fetch_one(&mut *transaction)
        .await?;
        if member {
            timeouts_update(&mut transaction).await?;
            transaction.commit().await?;
            return Ok(false);
        }
        if !role {
            return Err(needs_administrator(&mut transaction, (role, known), login).await?);
        }
        match add_member(&mut transaction, known, (login, password)).await {
            Ok(()) => {}
            Err(StoreError::Sql(error)) if is_forbidden(&error) => {
                transaction.rollback().await?;
                return Err(needs_administrator(&mut connection, (role, known), login).await?);
            }
            Err(error) => return Err(error),
        }
        timeouts_update(&mut transaction).await?;
        transaction.commit().await?;
        Ok(!known)
    }
}

fn is_forbidden(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42501")
}

/// What an administrator has to run for a database user who may make no roles, as it can be pasted.
async fn needs_administrator(
    connection: &mut PgConnection,
    (role, known): (bool, bool),
    login: &str,
) -> StoreResult<StoreError> {
    let (user, statements): (String, String) = sqlx::query_as(
        "select current_user::text,
            case when $2 then '' else 'create role bi_reader; ' end
            || case when $3 then '' else format('create role %1$I login; ', $1) end
            || format('grant bi_reader to %1$I; alter role %1$I set statement_timeout = %2$L;', $1, $4::text)",
    )
    .bind(login)
    .bind(role)
    .bind(known)
    .bind(STATEMENT_TIMEOUT)
    .fetch_one(connection)
    .await?;
    let readable = if role { "" } else { ", then run `ccsync migrate`, which lets bi_reader read" };
    let password = if known { "" } else { " and give the login a password" };
    let message = format!(
        "our database user {user} may make no roles: have an administrator run `{statements}` in this database{password}{readable}"
    );
    Ok(StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message).advising()))
}

/// Makes the login where there is none, and a member of `bi_reader`.
async fn add_member(
    transaction: &mut PgConnection,
    known: bool,
    (login, password): (&str, Option<&SecretString>),
) -> StoreResult<()> {
    if !known {
        // Compiling a dashboard's query costs more than it saves.
        let sql: String = sqlx::query_scalar(
            "select case when $2::text is null then format('create role %I login', $1) \
                 else format('create role %I login password %L', $1, $2) end \
                 || format('; alter role %I set jit = off', $1)",
        )
        .bind(login)
        .bind(password.map(|password| password.expose_secret().to_owned()))
        .fetch_one(&mut *transaction)
        .await?;
        transaction.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    }
    let sql: String = sqlx::query_scalar("select format('grant bi_reader to %I', $1)")
        .bind(login)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    Ok(())
}

/// Makes the role where we may, and lets it read every relation of the analysts' schemas. Writes only where
/// something is lacking; of several processes one at a time.
pub(in crate::store) async fn readers_update(connection: &mut PgConnection) -> StoreResult<()> {
    let readable = READABLE.join("', '");
    let sql = format!(
        r#"
        do $$
        declare
            place text;
        begin
            perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync bi_reader'));
            if to_regrole('bi_reader') is null then
                begin
                    create role bi_reader nologin;
                exception
                    when insufficient_privilege then return;
                    when duplicate_object or unique_violation then null;
                end;
            end if;
            for place in
                select distinct n.nspname
                from pg_catalog.pg_namespace n
                left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
                where n.nspname in ('{readable}') and (
                    not has_schema_privilege('bi_reader', n.oid, 'usage')
                    or c.oid is not null and not has_table_privilege('bi_reader', c.oid, 'select'))
            loop
                execute format('grant usage on schema %I to bi_reader', place);
                execute format('grant select on all tables in schema %I to bi_reader', place);
            end loop;
        end
        $$
        "#
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    timeouts_update(connection).await
}

/// Limits the statements of logins that are members of the role, where they have no limit and we may set one.
async fn timeouts_update(connection: &mut PgConnection) -> StoreResult<()> {
    let sql = format!(
        r#"
        do $$
        declare
            login text;
        begin
            perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync bi_reader'));
            for login in
                select r.rolname
                from pg_catalog.pg_roles r
                join pg_catalog.pg_auth_members m on m.member = r.oid and m.roleid = to_regrole('bi_reader')
                where r.rolcanlogin and not r.rolsuper and not exists (
                    select from pg_catalog.pg_db_role_setting s
                    where s.setrole = r.oid and s.setconfig::text like '%statement_timeout=%')
            loop
                begin
                    execute format('alter role %I set statement_timeout = ''{STATEMENT_TIMEOUT}''', login);
                exception
                    when insufficient_privilege then null;
                end;
            end loop;
        end
        $$
        "#
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    Ok(())
}
