//! All switches together, and how one is set by name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::disturbance::switches::{
    ActionBody, BehindDepth, BehindEnd, Bounds, CallTimeName, Charset, ChatDates, ChatTimeName, ClaimFilter,
    Clamp, Code, CreateTime, EmptyItems, Envelope, ExtraField, FilterTime, LimitScope, MemoryTime,
    MessageBody, Minute, MoorSchema, MoorStatus, NameMatch, NoticeTime, OnOff, Order, ParameterCodes,
    Rescoring, RowsField, SigCase, SigWindow, SobotSchema, Span, StatedTotal, TokenStatus, UpdateTime,
    Values, WindowEnd, WorkbenchCode, WorkbenchStatus,
};

/// How the vendors behave where their documents leave it open. The field names
/// are the switches' names on the command line and in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// The charset of JSON answers.
    pub charset: Charset,
    /// `on`: a new token ends the account's older one.
    pub sobot_takeover: OnOff,
    /// How a refused token looks in HTTP.
    pub sobot_token_status: TokenStatus,
    /// How old `create_time` may be.
    pub sobot_create_time: CreateTime,
    /// `off`: the company's edition has no API, and every query answers 700046.
    pub sobot_entitled: OnOff,
    /// Which time the window filters.
    pub sobot_filter: FilterTime,
    /// What the end of the window includes.
    pub sobot_end: WindowEnd,
    /// What a second inspection does.
    pub sobot_rescoring: Rescoring,
    /// The name of a call's quality time.
    pub sobot_call_time: CallTimeName,
    /// The name of a chat's quality time.
    pub sobot_chat_time: ChatTimeName,
    /// The JSON type of scores and instants.
    pub sobot_values: Values,
    /// What `items` is on an empty page.
    pub sobot_empty_items: EmptyItems,
    /// The order of the rows.
    pub sobot_order: Order,
    /// The longest window.
    pub sobot_span: Span,
    /// A cap on call_result's page size.
    pub sobot_call_page_cap: Clamp,
    /// A cap on chat_result's page size, below its documented 10,000.
    pub sobot_chat_page_cap: Clamp,
    /// Which forms of date chat_result takes.
    pub sobot_chat_dates: ChatDates,
    /// Which codes parameter errors have.
    pub sobot_parameter_codes: ParameterCodes,
    /// Whether some rows have an undocumented field.
    pub sobot_extra_field: ExtraField,
    /// Whether the items are as documented.
    pub sobot_schema: SobotSchema,
    /// The total that call_result states.
    pub sobot_call_total: StatedTotal,
    /// call_result states at most this total: Elasticsearch's is 10,000.
    pub sobot_call_total_cap: Clamp,
    /// call_result gives no page that reaches behind this many rows: Elasticsearch's depth is 10,000.
    pub sobot_call_depth: Clamp,
    /// The same of chat_result.
    pub sobot_chat_depth: Clamp,
    /// What is answered to a page behind the depth.
    pub sobot_behind_depth: BehindDepth,
    /// What is answered to a page behind the end of a list.
    pub sobot_behind_end: BehindEnd,
    /// call_result counts one in this many calls and never lists it.
    pub sobot_call_unlisted: Clamp,
    /// Page 2 has so many rows at most; the rest of it is on no page.
    pub sobot_second_page: Clamp,
    /// How often `items` stands in an answer.
    pub sobot_items: RowsField,
    /// How exactly call_result takes the bounds of a window.
    pub sobot_call_bounds: Bounds,
    /// Which letters a signature may have.
    pub moor_sig_case: SigCase,
    /// How far a timestamp may lie from now.
    pub moor_sig_window: SigWindow,
    /// The HTTP status of refusals.
    pub moor_status: MoorStatus,
    /// How the requests of a minute are counted.
    pub moor_minute: Minute,
    /// What a limit is counted over.
    pub moor_limit_scope: LimitScope,
    /// The shape of a list.
    pub moor_envelope: Envelope,
    /// The `code` of a success.
    pub moor_code: Code,
    /// A cap on `pageSize`.
    pub moor_page_cap: Clamp,
    /// The total that a list states.
    pub moor_total: StatedTotal,
    /// A list states at most this total.
    pub moor_total_cap: Clamp,
    /// No page that reaches behind this many groups is given.
    pub moor_depth: Clamp,
    /// What is answered to a page behind the depth.
    pub moor_behind_depth: BehindDepth,
    /// What is answered to a page behind the end of a list.
    pub moor_behind_end: BehindEnd,
    /// One in this many groups is counted and never listed.
    pub moor_unlisted: Clamp,
    /// Page 2 has so many groups at most; the rest of it is on no page.
    pub moor_second_page: Clamp,
    /// How often the field that holds the groups stands in an answer.
    pub moor_list: RowsField,
    /// How `displayName` filters.
    pub moor_name_match: NameMatch,
    /// Whether the claim states need a filter.
    pub moor_claim_filter: ClaimFilter,
    /// When a group has a `memoryTime`.
    pub moor_memory_time: MemoryTime,
    /// Whether `updateTime` moves with the members.
    pub moor_update_time: UpdateTime,
    /// Whether groups and members are as documented.
    pub moor_schema: MoorSchema,
    /// How the fields of an action are taken.
    pub workbench_body: ActionBody,
    /// The HTTP status of refusals.
    pub workbench_status: WorkbenchStatus,
    /// The JSON type of the code.
    pub workbench_code: WorkbenchCode,
    /// The body of getMsg.
    pub workbench_message: MessageBody,
    /// What the time of a notice counts.
    pub workbench_notice_time: NoticeTime,
    /// What the `Date` header of an answer says.
    pub date_header: crate::disturbance::switches::DateHeader,
}

impl Switches {
    /// Every other reading of every switch, as name and value: what a client
    /// must be tried under, one at a time.
    pub const OTHERS: [(&str, &str); 52] = [
        ("charset", "utf8_marked"),
        ("charset", "gbk"),
        ("charset", "gb18030"),
        ("charset", "big5"),
        ("charset", "utf16_le"),
        ("charset", "utf16_be"),
        ("sobot_takeover", "off"),
        ("sobot_token_status", "http_401"),
        ("sobot_create_time", "fresh"),
        ("sobot_entitled", "off"),
        ("sobot_filter", "contact"),
        ("sobot_end", "exclusive"),
        ("sobot_end", "inclusive_instant"),
        ("sobot_rescoring", "extra_row"),
        ("sobot_call_time", "quality_datetime"),
        ("sobot_chat_time", "update_time"),
        ("sobot_values", "numbers"),
        ("sobot_empty_items", "null"),
        ("sobot_empty_items", "absent"),
        ("sobot_behind_end", "refused"),
        ("sobot_behind_end", "not_found"),
        ("sobot_order", "oldest_first"),
        ("sobot_span", "none"),
        ("sobot_call_page_cap", "50"),
        ("sobot_chat_page_cap", "50"),
        ("sobot_chat_dates", "date_only"),
        ("sobot_chat_dates", "datetime_only"),
        ("sobot_parameter_codes", "unknown"),
        ("sobot_extra_field", "none"),
        ("moor_sig_case", "lax"),
        ("moor_sig_window", "past_only"),
        ("moor_status", "same"),
        ("moor_minute", "fixed"),
        ("moor_minute", "off"),
        ("moor_limit_scope", "account"),
        ("moor_envelope", "flat"),
        ("moor_envelope", "root"),
        ("moor_code", "number"),
        ("moor_code", "string"),
        ("moor_page_cap", "10"),
        ("moor_behind_end", "refused"),
        ("moor_behind_end", "not_found"),
        ("moor_name_match", "substring"),
        ("moor_claim_filter", "required"),
        ("moor_memory_time", "when_memory"),
        ("moor_update_time", "stays"),
        ("workbench_body", "form"),
        ("workbench_body", "json"),
        ("workbench_status", "telling"),
        ("workbench_code", "string"),
        ("workbench_message", "json"),
        ("workbench_notice_time", "wait"),
    ];

    /// Departures from the documents, as name and value: not readings of theirs, but what a client must
    /// notice.
    pub const DEPARTURES: [(&str, &str); 7] = [
        ("sobot_schema", "new_field"),
        ("sobot_schema", "changed_type"),
        ("sobot_schema", "missing_field"),
        ("moor_schema", "new_field"),
        ("moor_schema", "changed_type"),
        ("moor_schema", "unknown_code"),
        ("moor_schema", "missing_field"),
    ];

    /// What a vendor says that its own rows contradict, as name and value: nothing that it gives under one of
    /// these is proof, and a client must notice. Some need a second switch to show.
    pub const CONTRADICTIONS: [(&str, &str); 42] = [
        ("sobot_call_total", "+3"),
        ("sobot_call_total", "-3"),
        ("sobot_call_total", "first_page"),
        ("sobot_call_total", "so_far"),
        ("sobot_call_total", "zero"),
        ("sobot_call_total", "negative"),
        ("sobot_call_total", "null"),
        ("sobot_call_total", "absent"),
        ("sobot_call_total", "text"),
        ("sobot_call_total", "word"),
        ("sobot_call_total_cap", "10"),
        ("sobot_call_depth", "10"),
        ("sobot_chat_depth", "10"),
        ("sobot_behind_depth", "cut"),
        ("sobot_behind_depth", "refused"),
        ("sobot_behind_depth", "refused_code"),
        ("sobot_behind_depth", "refused_status"),
        ("sobot_call_unlisted", "10"),
        ("sobot_items", "empty_again"),
        ("sobot_items", "empty_before"),
        ("sobot_items", "nested"),
        ("sobot_second_page", "4"),
        ("sobot_call_bounds", "day"),
        ("moor_total", "+3"),
        ("moor_total", "-3"),
        ("moor_total", "first_page"),
        ("moor_total", "so_far"),
        ("moor_total", "zero"),
        ("moor_total", "negative"),
        ("moor_total", "null"),
        ("moor_total", "absent"),
        ("moor_total_cap", "10"),
        ("moor_depth", "10"),
        ("moor_behind_depth", "cut"),
        ("moor_behind_depth", "refused"),
        ("moor_behind_depth", "refused_code"),
        ("moor_behind_depth", "refused_status"),
        ("moor_unlisted", "10"),
        ("moor_list", "empty_again"),
        ("moor_list", "empty_before"),
        ("moor_list", "nested"),
        ("moor_second_page", "4"),
    ];

    /// Clocks of vendors that are wrong, as name and value: they must not stop a client, nor make it claim more.
    pub const CLOCKS: [(&str, &str); 5] = [
        ("date_header", "beijing_as_gmt"),
        ("date_header", "eight_hours_behind"),
        ("date_header", "stands_still"),
        ("date_header", "one_strange"),
        ("date_header", "absent"),
    ];

    /// The names of all switches.
    #[must_use]
    pub fn names() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// These switches with some set by name, as in `{"sobot_filter": "contact"}`.
    ///
    /// # Errors
    /// An unknown name or value; the message lists the known ones.
    pub fn with(&self, settings: &serde_json::Map<String, Value>) -> Result<Self, String> {
        let Ok(Value::Object(mut map)) = serde_json::to_value(self) else {
            return Err("the switches cannot be written as JSON".to_owned());
        };
        for (name, value) in settings {
            if !map.contains_key(name) {
                return Err(format!(
                    "unknown switch `{name}`; the switches are {}",
                    Self::names().join(", ")
                ));
            }
            map.insert(name.clone(), value.clone());
            // Checked one at a time so that the message can name the switch.
            serde_json::from_value::<Self>(Value::Object(map.clone()))
                .map_err(|error| format!("switch `{name}`: {error}"))?;
        }
        serde_json::from_value(Value::Object(map)).map_err(|error| error.to_string())
    }

    /// Sets one switch from text, as in `sobot_filter=contact`.
    ///
    /// # Errors
    /// As [`Switches::with`].
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let one = serde_json::Map::from_iter([(name.to_owned(), Value::from(value))]);
        *self = self.with(&one)?;
        Ok(())
    }
}
