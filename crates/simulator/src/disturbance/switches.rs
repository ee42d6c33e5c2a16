//! What the vendors' documents leave open, as switches.
//!
//! Every field is one open question. Its first value is the default: the
//! documented reading, or the likeliest one. A client must work under all.

pub use crate::answer::clamp::Clamp;
use serde::{Deserialize, Serialize};

/// Declares a switch: an enum whose first variant is the default and whose
/// value names are the variants in snake case.
macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident $(, $(#[$var_doc:meta])* $var:ident)* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[$first_doc])* #[default] $first, $($(#[$var_doc])* $var),* }
    };
}

mod charset;
mod evidence;
mod vendor_schema;
mod workbench;
pub use charset::*;
pub use evidence::*;
pub use vendor_schema::*;
pub use workbench::*;

switch!(
    /// A plain yes or no whose usual answer is yes.
    OnOff {
        /// As usual.
        On,
        /// Not so.
        Off,
    }
);
switch!(
    /// How a refused token (900001, 900002) looks in HTTP.
    TokenStatus {
        /// HTTP 200, the code in the body.
        #[serde(rename = "http_200")]
        Http200,
        /// HTTP 401, the same body.
        #[serde(rename = "http_401")]
        Http401,
    }
);
switch!(
    /// How old `create_time` may be.
    CreateTime {
        /// Any age: the documents name no window, and their own example is years old.
        Any,
        /// Within five minutes of now, else 900003.
        Fresh,
    }
);
switch!(
    /// Which time the window of a quality query filters.
    FilterTime {
        /// The time of the inspection.
        Quality,
        /// The start of the call or chat.
        Contact,
    }
);
switch!(
    /// What the end of the window includes.
    WindowEnd {
        /// The whole of the named second (`23:59:59` takes `23:59:59.999`).
        Inclusive,
        /// Nothing of the named second.
        Exclusive,
        /// The named instant only (`23:59:59` takes `.000`, loses `.001`): SQL's BETWEEN over milliseconds.
        InclusiveInstant,
    }
);
switch!(
    /// What a second inspection of the same contact does.
    Rescoring {
        /// The row changes its scores and quality time.
        InPlace,
        /// A second row appears with the same ids and another quality time.
        ExtraRow,
    }
);
switch!(
    /// The name of the quality time of a call.
    CallTimeName {
        /// As in the document's example.
        QualifyTime,
        /// As in the document's table.
        QualityDatetime,
    }
);
switch!(
    /// The name of the quality time of a chat.
    ChatTimeName {
        /// As documented.
        UpdateDatetime,
        /// As in the older twin of the endpoint.
        UpdateTime,
    }
);
switch!(
    /// The JSON type of scores and instants.
    Values {
        /// Strings, as documented.
        Strings,
        /// Numbers.
        Numbers,
    }
);
switch!(
    /// What `items` is on an empty page.
    EmptyItems {
        /// `[]`
        Empty,
        /// `null`
        Null,
        /// The key is missing.
        Absent,
    }
);
switch!(
    /// The order of the rows of a quality query, by the filtered time.
    Order {
        /// Newest first.
        NewestFirst,
        /// Oldest first.
        OldestFirst,
    }
);
switch!(
    /// The longest window of a quality query.
    Span {
        /// 31 days, beyond it 400003.
        #[serde(rename = "limit_31d")]
        Limit31d,
        /// No limit.
        None,
    }
);
switch!(
    /// Which forms of start and end chat_result takes.
    ChatDates {
        /// `2018-07-10` (the table) and `2019-10-22 00:00:00` (the example).
        Both,
        /// Only a date, else 400005.
        DateOnly,
        /// Only a date with a time, else 400005.
        DatetimeOnly,
    }
);
switch!(
    /// Which codes parameter errors have.
    ParameterCodes {
        /// Those of the ticket endpoints, the nearest analogue (400001…400005).
        Ticket,
        /// 999999 for all of them, as seen live for wrong JSON types.
        Unknown,
    }
);
switch!(
    /// Whether some rows carry a field that no document names.
    ExtraField {
        /// About one row in twenty.
        SomeRows,
        /// None.
        None,
    }
);
switch!(
    /// Which letters a signature may have.
    SigCase {
        /// Upper case only, as documented.
        Strict,
        /// Either.
        Lax,
    }
);
switch!(
    /// How far a timestamp may lie from the vendor's clock.
    SigWindow {
        /// Five minutes either way.
        Both,
        /// Five minutes back, nothing ahead.
        PastOnly,
    }
);
switch!(
    /// The HTTP status of 7moor's body codes 400, 403 and 500.
    MoorStatus {
        /// Always 200.
        #[serde(rename = "http_200")]
        Http200,
        /// The same as the body code.
        Same,
    }
);
switch!(
    /// How the requests of a minute are counted.
    Minute {
        /// The sixty seconds before each request.
        Sliding,
        /// Clock minutes.
        Fixed,
        /// Not at all.
        Off,
    }
);
switch!(
    /// What a limit is counted over.
    LimitScope {
        /// Each endpoint of an account.
        Endpoint,
        /// All endpoints of an account together.
        Account,
    }
);
switch!(
    /// The shape of a 7moor list.
    Envelope {
        /// `{success, data: {count, list}, message}`: the examples.
        Nested,
        /// `{code, success, message, count, data: […]}`: the tables.
        Flat,
        /// `{code, count, list, message}`: the sister endpoint.
        Root,
    }
);
switch!(
    /// The `code` of a successful 7moor answer.
    Code {
        /// As the chosen envelope is documented: none when nested, else a number.
        AsDocumented,
        /// `200`
        Number,
        /// `"200"`
        String,
        /// None. (A root envelope then has `success` instead.)
        Absent,
    }
);
switch!(
    /// How `displayName` filters.
    NameMatch {
        /// The whole name.
        Exact,
        /// A part of it.
        Substring,
    }
);
switch!(
    /// Whether the claim states may be asked for without exten and displayName.
    ClaimFilter {
        /// Yes: all groups.
        Optional,
        /// No: code 400.
        Required,
    }
);
switch!(
    /// When a group has a `memoryTime`.
    MemoryTime {
        /// Always (empty when it has no memory).
        Always,
        /// Only when `isMemory`.
        WhenMemory,
    }
);
switch!(
    /// Whether `updateTime` moves when only the members change.
    UpdateTime {
        /// Yes.
        Moves,
        /// No.
        Stays,
    }
);
switch!(
    /// What the `Date` header of an answer says.
    DateHeader {
        /// When it was given.
        Right,
        /// Beijing's wall clock as if it were GMT: eight hours ahead.
        BeijingAsGmt,
        /// Beijing's time taken off twice: eight hours behind.
        EightHoursBehind,
        /// Always the same instant, an hour before the simulator started.
        StandsStill,
        /// Every tenth is ten days old, as from a cache.
        OneStrange,
        /// There is none.
        Absent,
    }
);
