//! What PostgreSQL and the connection to it can answer, as faults: the one place where SQLSTATEs are read.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;

/// What stops a store function: an error of the driver, to be named at the port, or a fault named already.
#[derive(Debug)]
pub(super) enum StoreError {
    /// The driver's.
    Sql(Error),
    /// Ours.
    Fault(Fault),
    /// Another worker changed rows of the table between two statements that have to see the same. The transaction may be
    /// made again at once.
    Conflict(&'static str),
}

/// Result of a store function below the port.
pub(super) type StoreResult<T> = Result<T, StoreError>;

impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        StoreError::Sql(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> StoreError {
        StoreError::Fault(fault)
    }
}

impl StoreError {
    /// The fault, with what was being done when it came.
    pub(super) fn during(self, doing: &str) -> Fault {
        match self {
            StoreError::Sql(error) => from_sql(doing, &error),
            StoreError::Fault(fault) => fault,
            StoreError::Conflict(table) => Fault::new(
                FaultKind::DatabaseConflict,
                format!(
                    "{doing}: another worker changed rows of {table} at the same time; nothing was written"
                ),
            ),
        }
    }

    /// The same, where an index that keeps keys apart means that another worker was quicker.
    pub(super) fn or_conflict(self, table: &'static str) -> StoreError {
        match &self {
            StoreError::Sql(Error::Database(answer)) if answer.is_unique_violation() => {
                StoreError::Conflict(table)
            }
            _ => self,
        }
    }
}

/// The fault for an error of the driver. Postgres's DETAIL and the messages about single values are left
/// out: they may hold data. The driver's error itself is not kept as a cause for the same reason.
pub(super) fn from_sql(doing: &str, error: &Error) -> Fault {
    match error {
        Error::Database(answer) => {
            let code = answer.code().unwrap_or_default();
            let place = answer.try_downcast_ref::<PgDatabaseError>().map(Place::of).unwrap_or_default();
            from_answer(doing, &code, answer.message(), &place)
        }
        Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            unreachable(doing, &format!("nobody listens there ({io})"))
        }
        Error::Io(io) => unreachable(doing, &format!("the connection to the database broke ({io})")),
        Error::Tls(tls) => {
            unreachable(doing, &format!("TLS with the database failed ({tls}); check sslmode"))
        }
        Error::PoolTimedOut => unreachable(
            doing,
            "no database connection became free in time; it is away, all are busy, or a pooler between gives fewer than \
                 database.pool_size",
        ),
        Error::PoolClosed | Error::WorkerCrashed => unreachable(doing, "the connections are being closed"),
        Error::Protocol(_) => unreachable(doing, "the database's answer broke off"),
        Error::Configuration(what) => Fault::new(
            FaultKind::DatabaseRefused,
            format!("{doing}: the database's address is wrong: {what}"),
        ),
        Error::ColumnDecode { index, .. } => {
            refused(doing, &format!("column {index} is not of the expected type; {CHECK}"))
        }
        Error::ColumnNotFound(name) => refused(doing, &format!("column {name} is missing; {CHECK}")),
        _ => refused(doing, "the database's answer is not what was expected"),
    }
}

fn unreachable(doing: &str, what: &str) -> Fault {
    Fault::new(FaultKind::DatabaseUnreachable, format!("{doing}: {what}"))
}

fn refused(doing: &str, what: &str) -> Fault {
    Fault::new(FaultKind::DatabaseRefused, format!("{doing}: {what}"))
}

/// What mends a catalogue that is not as the migrations made it.
const CHECK: &str = "run `ccsync check`: it names what the database lacks or refuses, and what mends it";

/// Where a value was refused, never the value.
#[derive(Debug, Default)]
struct Place {
    table: Option<String>,
    column: Option<String>,
    constraint: Option<String>,
}

impl Place {
    fn of(answer: &PgDatabaseError) -> Place {
        let qualified = |table: &str| match answer.schema() {
            Some(schema) => format!("{schema}.{table}"),
            None => table.to_owned(),
        };
        let mut place = Place {
            table: answer.table().map(qualified),
            column: answer.column().map(str::to_owned),
            constraint: answer.constraint().map(str::to_owned),
        };
        if let Some((table, column)) = answer.r#where().and_then(copied) {
            place.table.get_or_insert(table);
            place.column = place.column.or(column);
        }
        place
    }

    /// As part of a sentence; empty where nothing is known.
    fn text(&self) -> String {
        let parts =
            [("table", &self.table), ("column", &self.column), ("constraint or index", &self.constraint)];
        let parts = parts.iter().filter_map(|(noun, name)| Some(format!("{noun} {}", name.as_ref()?)));
        let text = parts.collect::<Vec<_>>().join(", ");
        if text.is_empty() { text } else { format!(" ({text})") }
    }
}

/// Table and column of the context line `COPY call_result, line 3, column total_score: …`; a value may follow.
fn copied(context: &str) -> Option<(String, Option<String>)> {
    let line = context.lines().find_map(|line| line.strip_prefix("COPY "))?;
    let (table, rest) = line.split_once(", line ")?;
    let column = rest.split_once(", column ").map(|(_, rest)| rest.split(':').next().unwrap_or(rest));
    Some((table.to_owned(), column.map(str::to_owned)))
}

/// The fault for an answer with this SQLSTATE.
fn from_answer(doing: &str, code: &str, message: &str, place: &Place) -> Fault {
    // Classes 22 and 23 quote values of rows in their message.
    let message = match code.starts_with("22") || code.starts_with("23") {
        true => format!("a value was refused: {}{}", meaning(code), place.text()),
        // A trigger's RAISE may quote a row.
        false => Privacy::MESSAGE.scrub_text(message).unwrap_or_else(|| message.to_owned()),
    };
    let text = format!("{doing}: PostgreSQL says: {message} (SQLSTATE {code})");
    let fault = match remedy(code) {
        Some(remedy) => Fault::new(kind_of(code), format!("{text}; {remedy}")).advising(),
        None => Fault::new(kind_of(code), text),
    };
    fault.with_code(code)
}

/// The classes of refused values in words of ours.
fn meaning(code: &str) -> &'static str {
    match code {
        "23502" => "null where a column is NOT NULL",
        "23503" => "a foreign key does not find it",
        "23505" => "a unique index has it already",
        "23514" => "a check constraint is not met",
        "23P01" => "an exclusion constraint is not met",
        "22003" => "a number is out of range",
        "22001" => "a text is too long",
        "22008" | "22007" => "an instant is out of range",
        "22P02" | "22P03" => "it is not of the column's type",
        _ => "it does not fit",
    }
}

/// What is to be thought of a SQLSTATE.
pub(super) fn kind_of(code: &str) -> FaultKind {
    match code {
        // Serialization, deadlock, lock timeout, statement timeout: another try may succeed.
        "40001" | "40P01" | "55P03" | "57014" => FaultKind::DatabaseConflict,
        // Shutdown, crash, starting up, idle sessions ended, too many connections, a standby after a failover: it will be
        // back.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" | "53300" | "25006" => {
            FaultKind::DatabaseUnreachable
        }
        _ if code.starts_with("08") => FaultKind::DatabaseUnreachable,
        _ => FaultKind::DatabaseRefused,
    }
}

/// What the operator can do, where something can be said.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "42501" => "give the role of `database.url` the missing right, or use the owner of the schema",
        // A relation, a column, a schema, a function, a key, or its type; a rule, a policy; a value that a column refuses.
        "42P01" | "42703" | "3F000" | "42883" | "42P10" | "42804" | "42809" | "0A000" | "428C9" => CHECK,
        _ if code.starts_with("22") || code.starts_with("23") => CHECK,
        "53100" => "the database server's disk is full: free space there",
        "53300" => "raise max_connections of the server or lower `database.pool_size`",
        "3D000" => "create the database, or correct its name in `database.url`",
        "28000" | "28P01" => "check user and password in `database.url`, and pg_hba.conf on the server",
        // A prepared statement is there already, or not at all: the session is not always the same one.
        "42P05" | "26000" => {
            "a pooler in transaction mode stands between, which gives each transaction another session, and does not \
             keep prepared statements: use PgBouncer 1.21 or later with max_prepared_statements = 200, its session mode \
             (pool_mode = session), or the server's own address"
        }
        "08P01" => {
            "a pooler that refuses a parameter of the start seems to stand between: let it pass what it names (PgBouncer: \
             ignore_startup_parameters), or use the server's own address"
        }
        "25006" => "the server is read-only, perhaps a standby: point `database.url` at the primary",
        _ => return None,
    })
}

/// The server takes no writes.
pub(super) fn standby(doing: &str) -> Fault {
    let remedy = remedy("25006").unwrap_or_default();
    Fault::new(FaultKind::DatabaseUnreachable, format!("{doing}: {remedy}")).advising().with_code("25006")
}

/// The lease is no longer this worker's.
pub(super) fn lease_lost(name: &str) -> Fault {
    Fault::new(
        FaultKind::LeaseLost,
        format!("the lease on {name} ended or was taken over by another worker; nothing was written"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_one_kind() {
        for code in ["40001", "40P01", "55P03", "57014"] {
            assert_eq!(kind_of(code), FaultKind::DatabaseConflict, "{code}");
        }
        for code in ["57P01", "57P02", "57P03", "08006", "08001", "53300"] {
            assert_eq!(kind_of(code), FaultKind::DatabaseUnreachable, "{code}");
        }
        for code in ["42501", "42P01", "53100", "28P01", "3D000", "23505", ""] {
            assert_eq!(kind_of(code), FaultKind::DatabaseRefused, "{code}");
        }
    }

    #[test]
    fn a_message_names_the_deed_the_code_and_the_cure() {
        let message = "relation \"sync.run\" does not exist";
        let fault = from_answer("reading the ledger", "42P01", message, &Place::default());
        assert_eq!(
            fault.message,
            "reading the ledger: PostgreSQL says: relation \"sync.run\" does not exist (SQLSTATE 42P01); \
             run `ccsync check`: it names what the database lacks or refuses, and what mends it"
        );
    }

    #[test]
    fn a_pooler_in_transaction_mode_is_told_as_what_it_is() {
        for code in ["42P05", "26000"] {
            let fault = from_answer("migrating", code, "prepared statement \"sqlx_s_1\"", &Place::default());
            assert!(fault.message.contains("pool_mode = session"), "{fault}");
        }
        let fault = from_answer("connecting", "53300", "too many connections", &Place::default());
        assert!(fault.message.contains("`database.pool_size`"), "{fault}");
    }

    #[test]
    fn a_message_about_a_value_does_not_show_the_value() {
        let message = "invalid input syntax for type uuid: \"15711356914\"";
        let fault = from_answer("committing", "22P02", message, &Place::default());
        assert!(!fault.message.contains("15711356914"), "{}", fault.message);
    }

    #[test]
    fn the_context_of_a_copy_names_table_and_column_and_not_the_value() {
        let (table, column) = copied("COPY call_result, line 3, column total_score: \"99\"").unwrap();
        assert_eq!((table.as_str(), column.as_deref()), ("call_result", Some("total_score")));
        assert_eq!(copied("COPY call_result, line 3").unwrap().1, None);
        assert!(copied("PL/pgSQL function x() line 3 at RAISE").is_none());
        let place = Place { table: Some(table), column, constraint: None };
        let fault = from_answer("committing", "22003", "value \"99\" is out of range", &place);
        assert!(fault.message.contains("a number is out of range (table call_result, column total_score)"));
        assert!(!fault.message.contains("99"), "{fault}");
    }
}
