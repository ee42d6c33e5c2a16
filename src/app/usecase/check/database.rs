//! PostgreSQL: does it answer, does it suit, may we do there what we must.

use super::report::{CheckGroup, Checked};
use super::skew::skew;
use crate::app::{Database, Overrides};
use crate::config::Settings;
use crate::domain::catalogue::{Finding, Severity};
use crate::domain::fault::Fault;
use crate::domain::row::text::byte_size;
use crate::store::{DatabaseFacts, PgStore};

const GROUP: CheckGroup = CheckGroup::Database;

/// What needs a connection, in the order in which it is told.
const NEED_CONNECTION: [&str; 5] = ["rights", "clock", "time zone", "size", "schema"];

/// What was found, and whether the schema is the one of this program.
pub(super) struct Found {
    pub(super) checks: Vec<Checked>,
    pub(super) is_ready: bool,
}

pub(super) async fn check(
    settings: &Settings,
    overrides: &Overrides,
    opened: Result<&Database, &Fault>,
) -> Found {
    let zone = settings.timezone.name();
    let before = overrides.clock.now();
    let facts = match opened {
        Ok(database) => Ok((database, database.store.facts(zone).await)),
        Err(fault) => Err(fault),
    };
    let (database, facts) = match facts {
        Ok((database, Ok(facts))) => (database, facts),
        Ok((_, Err(fault))) => return away(&fault),
        Err(fault) => return away(fault),
    };
    let middle = before + (overrides.clock.now() - before) / 2;
    let (schema, is_ready) = schema(&database.store).await;
    let embedded = settings.database.url.is_none();
    let mut checks = vec![
        connection(&facts, embedded),
        rights(&facts, embedded, is_ready),
        skew(GROUP, "clock", facts.clock - middle, "the database's"),
        time_zone(&facts, zone),
        Checked::well(GROUP, "size", byte_size(facts.bytes)),
        schema,
    ];
    checks.extend(facts.pooled.as_deref().map(pooler));
    if is_ready {
        checks.extend(catalogue(&database.store).await);
    }
    Found { checks, is_ready }
}

fn away(fault: &Fault) -> Found {
    without(Checked::ill(GROUP, "connection", fault), "needs the connection, which failed")
}

fn without(connection: Checked, why: &str) -> Found {
    let rest = NEED_CONNECTION.into_iter().map(|subject| Checked::skipped(GROUP, subject, why));
    Found { checks: std::iter::once(connection).chain(rest).collect(), is_ready: false }
}

/// Of our own database, before it is made.
pub(super) async fn foresee(settings: &Settings, overrides: &Overrides) -> Found {
    let place = settings.database.data_dir.display();
    match Database::foresee(&settings.database, overrides).await {
        Err(fault) => away(&fault),
        Ok(version) => {
            let by = match version {
                Some(major) => format!("PostgreSQL {major}"),
                None => "a PostgreSQL that is downloaded, since none is installed".to_owned(),
            };
            let detail = format!(
                "ccsync's own, not made yet: `ccsync run` or `ccsync sync` makes it below {place} with {by}"
            );
            without(Checked::well(GROUP, "connection", detail), "needs the database, which is not made yet")
        }
    }
}

fn connection(facts: &DatabaseFacts, embedded: bool) -> Checked {
    let own = if embedded { "ccsync's own, " } else { "" };
    let place = facts.place.trim_start_matches("PostgreSQL ");
    let detail = format!("{own}PostgreSQL {} {place}", facts.version);
    if facts.read_only {
        let detail = format!("{detail}; it is a replica and takes no writes");
        return Checked::failed(GROUP, "connection", detail, "name the primary server in `database.url`");
    }
    Checked::well(GROUP, "connection", detail)
}

/// A pooler that gives each transaction another session.
fn pooler(foreign: &[String]) -> Checked {
    let detail =
        "in transaction mode; PgBouncer serves so from version 1.21 on, with max_prepared_statements above 0";
    if foreign.is_empty() {
        return Checked::well(GROUP, "pooler", detail);
    }
    let detail = format!(
        "{detail}. Our settings of a session do not hold there, but these do: {}",
        foreign.join(", ")
    );
    let remedy = "reset them (`alter role … reset …`, `alter database … reset …`), or use the pooler's session mode or the \
                  server's own address";
    Checked::warning(GROUP, "pooler", detail, remedy)
}

fn rights(facts: &DatabaseFacts, embedded: bool, is_ready: bool) -> Checked {
    let subject = "rights";
    if !facts.foreign_schemas.is_empty() && is_ready {
        let schemas = facts.foreign_schemas.join(", ");
        let detail = format!(
            "the schemas {schemas} belong to another role, which has to run `ccsync migrate` before a new ccsync starts"
        );
        return Checked::well(GROUP, subject, detail);
    }
    if !facts.foreign_schemas.is_empty() {
        let detail = format!("our user does not own the schemas {}", facts.foreign_schemas.join(", "));
        return Checked::failed(
            GROUP,
            subject,
            detail,
            "give ccsync a database that its user owns, or make it their owner",
        );
    }
    if !facts.makes_schemas {
        let detail = "our user may not create schemas in this database";
        let remedy =
            "have an administrator run `alter database … owner to …`, or `grant create on database … to …`";
        return Checked::failed(GROUP, subject, detail, remedy);
    }
    if !facts.reader && !facts.makes_roles {
        let detail = "our user may not create the role bi_reader, by which analysts read";
        return Checked::warning(GROUP, subject, detail, "have an administrator run `create role bi_reader`");
    }
    let reader =
        if facts.reader { "the role bi_reader is there" } else { "the role bi_reader will be created" };
    let detail = format!("our user may create schemas; {reader}");
    if facts.superuser && !embedded {
        return Checked::well(
            GROUP,
            subject,
            format!("{detail}; our user is a superuser, which ccsync does not need"),
        );
    }
    Checked::well(GROUP, subject, detail)
}

fn time_zone(facts: &DatabaseFacts, zone: &str) -> Checked {
    let subject = "time zone";
    if !facts.knows_zone {
        let detail = format!("the server does not know `{zone}`");
        return Checked::failed(GROUP, subject, detail, "install the server's time zone data (tzdata)");
    }
    match &facts.business_zone {
        Some(stored) if stored != zone => Checked::warning(
            GROUP,
            subject,
            format!("business days are stored by {stored}, `timezone` says {zone}"),
            "the next `run` or `sync` changes the days and builds their indexes anew, which takes a while; set \
             `timezone` back if that is not meant",
        ),
        Some(_) => Checked::well(
            GROUP,
            subject,
            format!("business days follow {zone}; sessions default to {}", facts.timezone),
        ),
        None => {
            Checked::well(GROUP, subject, format!("{zone} is known; sessions default to {}", facts.timezone))
        }
    }
}

/// One entry for each difference from what the migrations made; one that all is well where there is none.
async fn catalogue(store: &PgStore) -> Vec<Checked> {
    let subject = "catalogue";
    let findings = match store.catalogue_findings().await {
        Ok(findings) => findings,
        Err(fault) => return vec![Checked::ill(GROUP, subject, &fault)],
    };
    if findings.is_empty() {
        return vec![Checked::well(GROUP, subject, "as the migrations made it")];
    }
    let entry = |finding: &Finding| match finding.severity {
        Severity::Fails => Checked::failed(GROUP, subject, finding.sentence(), finding.advice()),
        Severity::Warns => Checked::warning(GROUP, subject, finding.sentence(), finding.advice()),
    };
    findings.iter().map(entry).collect()
}

async fn schema(store: &PgStore) -> (Checked, bool) {
    let subject = "schema";
    let pending = match store.pending_migrations().await {
        Ok(pending) => pending.len(),
        Err(fault) => return (Checked::ill(GROUP, subject, &fault), false),
    };
    let detail = match pending {
        0 => "up to date".to_owned(),
        1 => "1 migration is pending; `run` and `sync` apply it, `ccsync migrate --plan` shows it".to_owned(),
        count => {
            format!(
                "{count} migrations are pending; `run` and `sync` apply them, `ccsync migrate --plan` shows them"
            )
        }
    };
    (Checked::well(GROUP, subject, detail), pending == 0)
}
