//! What a live table is besides its columns: its triggers and rules, who may do what, and where its rows go.

use super::Table;
use super::finding::{Finding, Severity};

/// Triggers, rules, row-level security, rights.
pub(super) fn surroundings(name: &str, live: &Table) -> Vec<Finding> {
    let state = &live.state;
    let object = format!("table {name}");
    let fails = |problem: &str, sql: String| Finding::foreign(Severity::Fails, object.clone(), problem, sql);
    let mut found = Vec::new();
    if state.secured {
        let disable = format!("alter table {name} disable row level security");
        found.push(fails(
            "has row-level security that applies to our role: rows are refused or not seen",
            disable,
        ));
    } else if state.forced && state.secured_for_others {
        let problem =
            "forces row-level security; it does not apply to our role, a superuser's or one with BYPASSRLS";
        let sql = format!("alter table {name} no force row level security");
        found.push(Finding::foreign(Severity::Warns, object.clone(), problem, sql));
    }
    if !state.lacking.is_empty() {
        let rights = state.lacking.join(", ");
        let grant = format!("grant {rights} on {name} to {}", state.role);
        found.push(fails(&format!("does not grant {rights} to our role"), grant));
    }
    if !state.owned {
        let sql = format!("alter table {name} owner to {}", state.role);
        let problem = format!("belongs to {}: migrations cannot change it", state.owner);
        found.push(Finding::foreign(Severity::Warns, object.clone(), problem, sql));
    }
    if state.kind == "p" && !state.has_default {
        let part = format!("{}_rest", name.replace('.', "_"));
        let statements = vec![format!(
            "do $$ declare part text := 'partition.{part}'; begin if to_regclass(part) is null then \
             perform sync.history_partition_add('{name}', '{part}', 'versions for which there is no month'); end if; \
             execute format('alter table {name} attach partition %s default', part); end $$"
        )];
        let problem = "has no default partition: versions of other months are refused";
        found.push(Finding::ours(Severity::Fails, object.clone(), problem, statements));
    }
    for trigger in &state.triggers {
        let sql = format!("drop trigger {} on {name}", trigger.name);
        let table = name.rsplit('.').next().unwrap_or(name);
        let (severity, problem) = if trigger.may_drop_rows() {
            (Severity::Fails, "is not ccsync's and may drop rows before they are written")
        } else if trigger.may_delete_rows(table) {
            (Severity::Fails, "is not ccsync's and may delete rows that were written")
        } else {
            (Severity::Warns, "is not ccsync's; it runs with each write and may alter or refuse rows")
        };
        found.push(Finding::foreign(severity, format!("trigger {} on {name}", trigger.name), problem, sql));
    }
    if !state.silenced.is_empty() {
        let enable = |trigger: &String| format!("alter table {name} enable trigger {trigger}");
        let mut statements: Vec<String> = state.silenced.iter().map(enable).collect();
        let (refresh, sums) = match name {
            "sync.time_window" => ("select sync.window_blocks_refresh()", "the sums of the ledger"),
            _ => ("select sync.days_note_all()", "the sums of `bi`"),
        };
        statements.push(refresh.to_owned());
        let problem = format!("has disabled triggers ({}): {sums} go stale", state.silenced.join(", "));
        found.push(Finding::ours(Severity::Fails, object.clone(), problem, statements));
    }
    for rule in &state.rules {
        let sql = format!("drop rule {} on {name}", rule.name);
        let (severity, problem) = match rule.instead {
            true => (Severity::Fails, "is not ccsync's and replaces writes by something else"),
            false => (Severity::Warns, "is not ccsync's; it runs with each write"),
        };
        found.push(Finding::foreign(severity, format!("rule {} on {name}", rule.name), problem, sql));
    }
    found
}
