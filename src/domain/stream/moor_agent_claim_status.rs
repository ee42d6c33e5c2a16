//! 7moor, whether each member takes new chats (`docs/vendors.md#7moor-lists`, queueQueueAgentClaimStatus).

use super::StreamId;
use super::moor_queue::ASSIGN_RULES;
use super::spec::{ElementList, StreamSpec, documented};
use crate::domain::person::privacy::Personal;
use crate::domain::row::table::{TableShape, boolean, integer, text};
use crate::domain::vendor::schema::ObjectSchema;

impl StreamId {
    /// 7moor, claim state of each member.
    pub const MOOR_AGENT_CLAIM_STATUS: StreamId = StreamId(&SPEC);
}

static SPEC: StreamSpec = StreamSpec {
    name: "moor.agent_claim_status",
    path: "/v20210827/webChat/queueQueueAgentClaimStatus/{account}",
    is_point_in_time: true,
    // Whether it may be called with neither `exten` nor `displayName` is not said.
    listed_by: Some(StreamId::MOOR_QUEUE),
    requests_per_minute_max: 100,
    element: ObjectSchema {
        path: "",
        fields: &documented::<4>(MOOR_AGENT_CLAIM_STATUS.columns, true, MEMBERS),
    },
    list: Some(ElementList {
        name: MEMBERS[0],
        object: ObjectSchema {
            path: "assignMembers[]",
            fields: &documented::<6>(MOOR_AGENT_CLAIM_STATUS.columns, false, &[]),
        },
        table: &MOOR_AGENT_CLAIM_STATUS,
        parent: "group",
        child: "member",
    }),
    tables: &[&MOOR_AGENT_CLAIM_STATUS],
    ..StreamSpec::SNAPSHOT
};

const MEMBERS: &[&str] = &["assignMembers"];

/// Whether each member takes new chats, on a computer and in the app.
#[rustfmt::skip]
pub static MOOR_AGENT_CLAIM_STATUS: TableShape = TableShape::new("moor.agent_claim_status", "Whether each member of a skill group takes new chats now (7moor queueQueueAgentClaimStatus). Every earlier state: moor.agent_claim_status_history.", &[
    text("exten", "Number of the skill group (技能组编号).").of_parent().key(),
    text("agent_number", "Number of the agent (座席工号).").from(&["agentNumber"]).key(),
    text("display_name", "Name of the skill group (技能组名称).").from(&["displayName"]).of_parent(),
    text("assign_rule", "How chats are given out (分配策略): random, queue (in turn), least (least busy) or priority.").from(&["assignRule"]).one_of(ASSIGN_RULES).of_parent(),
    text("agent_name", "Nickname of the agent (座席昵称).").from(&["agentName"]).personal(Personal::Name),
    boolean("pc_auto_claim", "Whether the agent takes chats at the desk (PC领取状态): true online, false busy.").from(&["pcAutoClaim"]),
    boolean("mobile_auto_claim", "Whether the agent takes chats in the app (APP领取状态): true on, false off.").from(&["mobileAutoClaim"]),
    integer("priority", "The agent's priority within the group (优先级), as sent by the vendor."),
    text("phone", "Mobile number of the agent (手机号), masked, kept or left out as configured.").personal(Personal::Phone).optional(),
]);
