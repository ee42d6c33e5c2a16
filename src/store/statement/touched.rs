//! The rows that a statement touched, compared with the rows that it was given.
//!
//! A trigger that returns null, a rule or a policy makes PostgreSQL accept a statement and write nothing. Only the
//! number of rows tells.

use crate::domain::fault::{Fault, FaultKind};
use crate::store::fault::{StoreError, StoreResult};

/// Fails where a statement touched more or fewer rows than it was given; the caller's transaction rolls back.
/// `purpose` says what the statement does, as in `storing new rows`.
pub(in crate::store) fn expect_touched(
    table: &str,
    purpose: &str,
    sent: usize,
    touched: u64,
) -> StoreResult<()> {
    match touched == sent as u64 {
        true => Ok(()),
        false => Err(not_taken(table, purpose, sent as u64, touched)),
    }
}

/// The row that a statement returns for the one that it wrote.
pub(in crate::store) fn expect_row<T>(table: &str, purpose: &str, row: Option<T>) -> StoreResult<T> {
    row.ok_or_else(|| not_taken(table, purpose, 1, 0))
}

/// The fault of a statement that touched another number of rows than it was given.
pub(in crate::store) fn not_taken(table: &str, purpose: &str, sent: u64, touched: u64) -> StoreError {
    let message = format!(
        "{table}: {purpose}: the database took {touched} of {sent} rows without an error; nothing was committed. A \
         trigger, rule or policy on that table drops rows: `ccsync check` names it and what mends it"
    );
    StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message).advising())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_table_purpose_and_both_numbers() {
        let error = expect_touched("sobot.call_result", "storing new rows", 5, 0);
        let Err(StoreError::Fault(fault)) = error else { panic!("{error:?}") };
        assert!(
            fault.message.starts_with("sobot.call_result: storing new rows: the database took 0 of 5 rows")
        );
        assert!(fault.message.contains("`ccsync check`"), "{fault}");
        assert!(fault.advises);
        assert!(expect_touched("sobot.call_result", "storing new rows", 5, 5).is_ok());
    }
}
