//! 7moor, online skill groups and their members (`docs/vendors.md#7moor-lists`, queueQueue).

use super::StreamId;
use super::spec::{ElementList, StreamSpec, documented};
use crate::domain::person::privacy::Personal;
use crate::domain::row::table::{TableShape, boolean, instant, integer, text};
use crate::domain::vendor::schema::ObjectSchema;

impl StreamId {
    /// 7moor, online skill groups and their members.
    pub const MOOR_QUEUE: StreamId = StreamId(&SPEC);
}

static SPEC: StreamSpec = StreamSpec {
    name: "moor.queue",
    path: "/v20210827/webChat/queueQueue/{account}",
    requests_per_minute_max: 20,
    element: ObjectSchema { path: "", fields: &documented::<8>(MOOR_QUEUE.columns, false, MEMBERS) },
    list: Some(ElementList {
        name: MEMBERS[0],
        object: ObjectSchema {
            path: "assignMembers[]",
            fields: &documented::<3>(MOOR_QUEUE_MEMBER.columns, false, &[]),
        },
        table: &MOOR_QUEUE_MEMBER,
        parent: "group",
        child: "member",
    }),
    tables: &[&MOOR_QUEUE, &MOOR_QUEUE_MEMBER],
    ..StreamSpec::SNAPSHOT
};

const MEMBERS: &[&str] = &["assignMembers"];

/// The strategies that the document enumerates.
pub(super) const ASSIGN_RULES: &[&str] = &["random", "queue", "least", "priority"];

// Whether updateTime moves when only members change is unknown, so it decides nothing. Whether a group has a memory
// time where it has no memory is not said.
/// Online skill groups.
#[rustfmt::skip]
pub static MOOR_QUEUE: TableShape = TableShape::new("moor.queue", "Online skill groups, current version (7moor queueQueue). Earlier versions: moor.queue_history.", &[
    text("exten", "Number of the skill group (技能组编号).").key(),
    text("display_name", "Name of the skill group (技能组名称).").from(&["displayName"]),
    text("assign_rule", "How chats are given out (分配策略): random, queue (in turn), least (least busy) or priority.").from(&["assignRule"]).one_of(ASSIGN_RULES),
    boolean("is_memory", "Whether a customer comes back to the same agent (是否启用记忆分配).").from(&["isMemory"]),
    integer("memory_time", "For how long a customer comes back to the same agent, in minutes (记忆分配时长).").from(&["memoryTime"]).one_of(&["120", "1440", "10080", "43200"]).optional(),
    instant("update_time", "When the vendor says the group was last changed (最后更新时间).").from(&["updateTime"]),
    text("update_agent", "Number of the agent who last changed the group (最后更新坐席工号); may be null.").from(&["updateAgent"]).optional(),
]);

/// Members of online skill groups.
#[rustfmt::skip]
pub static MOOR_QUEUE_MEMBER: TableShape = TableShape::new("moor.queue_member", "Members of online skill groups, current version (assignMembers of 7moor queueQueue). Earlier versions: moor.queue_member_history.", &[
    text("exten", "Number of the skill group (技能组编号).").of_parent().key(),
    text("agent_number", "Number of the agent (坐席工号).").from(&["agentNumber"]).key(),
    text("agent_name", "Name of the agent (坐席名称).").from(&["agentName"]).personal(Personal::Name),
    integer("priority", "The agent's priority within the group (优先级), as sent by the vendor."),
]);
