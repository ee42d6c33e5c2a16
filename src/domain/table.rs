//! The tables that records become: names, columns, types and keys, in the order of [`Row::values`].
//!
//! A table also has, outside this list: `source` (first part of the key), `revision`, `first_seen_at`,
//! `changed_at`, `deleted_at`, `extra`, `content_hash`, and what the ledger needs to find its way back.
//!
//! [`Row::values`]: crate::domain::record::Row::values

use crate::domain::stream::StreamId;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `text`.
    Text,
    /// `numeric`.
    Numeric,
    /// `timestamptz`.
    Instant,
    /// `boolean`.
    Bool,
    /// `integer`.
    Integer,
}

impl ColumnType {
    /// Its name in PostgreSQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Numeric => "numeric",
            ColumnType::Instant => "timestamptz",
            ColumnType::Bool => "boolean",
            ColumnType::Integer => "integer",
        }
    }
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in PostgreSQL.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
}

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Qualified name, for example `sobot.call_result`; its history is `<name>_history`.
    pub name: &'static str,
    /// Vendor columns; the first `key_len` are the key after `source`, all of them text.
    pub columns: &'static [Column],
    /// How many columns make the key, `source` not counted.
    pub key_len: usize,
    /// The column that holds the vendor's own time of a version, where it has one. Of two versions of a
    /// row the one with the later time rules; equal or unknown times: the one read last.
    pub version_column: Option<usize>,
}

impl TableShape {
    /// The key's columns, `source` not counted.
    pub fn key_columns(&self) -> &'static [Column] {
        &self.columns[..self.key_len]
    }

    /// The vendor's columns with their types, as `create table` wants them.
    pub fn declarations(&self) -> String {
        let columns = self.columns.iter().map(|column| format!("{} {}", column.name, column.kind.as_str()));
        columns.collect::<Vec<_>>().join(", ")
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Text }
}
const fn numeric(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Numeric }
}
const fn instant(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Instant }
}
const fn boolean(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Bool }
}
const fn integer(name: &'static str) -> Column {
    Column { name, kind: ColumnType::Integer }
}

/// Inspected calls. Calls carry no result id; call and agent together are the key.
pub static SOBOT_CALL_RESULT: TableShape = TableShape {
    name: "sobot.call_result",
    columns: &[
        text("call_log_jestid"),
        text("agentid"),
        text("agent_name"),
        text("agent_email"),
        instant("call_start_datetime"),
        instant("quality_datetime"),
        numeric("total_score_max"),
        numeric("standard_score_max"),
        numeric("pulse_max"),
        numeric("minus_max"),
        numeric("total_score"),
        numeric("standard_score"),
        numeric("pulse"),
        numeric("minus"),
    ],
    key_len: 2,
    version_column: Some(5),
};

/// Inspected chats.
pub static SOBOT_CHAT_RESULT: TableShape = TableShape {
    name: "sobot.chat_result",
    columns: &[
        text("cid"),
        text("schemeid"),
        text("agentid"),
        text("agent_name"),
        text("agent_email"),
        instant("chat_start_datetime"),
        instant("update_datetime"),
        numeric("total_score"),
        numeric("standard_total_score"),
        numeric("add_total_score"),
        numeric("minus_total_score"),
        numeric("quality_score"),
        numeric("standard_quality_score"),
        numeric("add_quality_score"),
        numeric("minus_quality_score"),
    ],
    key_len: 3,
    version_column: Some(6),
};

/// Online skill groups.
pub static MOOR_QUEUE: TableShape = TableShape {
    name: "moor.queue",
    columns: &[
        text("exten"),
        text("display_name"),
        text("assign_rule"),
        boolean("is_memory"),
        integer("memory_time"),
        instant("update_time"),
        text("update_agent"),
    ],
    key_len: 1,
    // Whether updateTime moves when only members change is unknown, so it decides nothing.
    version_column: None,
};

/// Members of online skill groups.
pub static MOOR_QUEUE_MEMBER: TableShape = TableShape {
    name: "moor.queue_member",
    columns: &[text("exten"), text("agent_number"), text("agent_name"), integer("priority")],
    key_len: 2,
    version_column: None,
};

/// Whether each member takes new chats, on a computer and in the app.
pub static MOOR_AGENT_CLAIM_STATUS: TableShape = TableShape {
    name: "moor.agent_claim_status",
    columns: &[
        text("exten"),
        text("agent_number"),
        text("display_name"),
        text("assign_rule"),
        text("agent_name"),
        boolean("pc_auto_claim"),
        boolean("mobile_auto_claim"),
        integer("priority"),
        text("phone"),
    ],
    key_len: 2,
    version_column: None,
};

impl StreamId {
    /// The tables that this stream fills with what its reads brought. A feed's tables are made of events
    /// and have shapes of their own: none of them is here.
    pub fn tables(self) -> &'static [&'static TableShape] {
        static CALL_RESULT: [&TableShape; 1] = [&SOBOT_CALL_RESULT];
        static CHAT_RESULT: [&TableShape; 1] = [&SOBOT_CHAT_RESULT];
        static QUEUE: [&TableShape; 2] = [&MOOR_QUEUE, &MOOR_QUEUE_MEMBER];
        static CLAIM_STATUS: [&TableShape; 1] = [&MOOR_AGENT_CLAIM_STATUS];
        match self {
            StreamId::SobotCallResult => &CALL_RESULT,
            StreamId::SobotChatResult => &CHAT_RESULT,
            StreamId::MoorQueue => &QUEUE,
            StreamId::MoorAgentClaimStatus => &CLAIM_STATUS,
            StreamId::WorkbenchAgentMonitor => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_text_and_version_columns_are_instants() {
        for table in StreamId::ALL.into_iter().flat_map(StreamId::tables) {
            assert!(table.key_columns().iter().all(|column| column.kind == ColumnType::Text));
            if let Some(index) = table.version_column {
                assert_eq!(table.columns[index].kind, ColumnType::Instant, "{}", table.name);
            }
        }
    }
}
