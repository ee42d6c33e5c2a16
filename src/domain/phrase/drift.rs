//! How something departs from a vendor's documents.

use crate::domain::phrase::phrases;

phrases! {
    /// [`crate::domain::drift::DriftKind::NewField`]
    NEW_FIELD = "field `{field}` is in no document; it came as {example}", "字段 `{field}` 不在任何文档中；收到的是 {example}";
    /// [`crate::domain::drift::DriftKind::ChangedType`] of a whole element.
    CHANGED_ELEMENT = "an element came as {observed}, documented is {expected}", "收到的元素是 {observed}，文档规定为 {expected}";
    /// [`crate::domain::drift::DriftKind::ChangedType`]
    CHANGED_TYPE = "field `{field}` came as {observed} ({example}), documented is {expected}",
        "字段 `{field}` 收到的是 {observed}（{example}），文档规定为 {expected}";
    /// [`crate::domain::drift::DriftKind::UnknownCode`]
    UNKNOWN_VALUE = "field `{field}` has an undocumented value ({example}), documented are {expected}",
        "字段 `{field}` 出现文档之外的取值（{example}），文档所列为 {expected}";
    /// [`crate::domain::drift::DriftKind::MissingField`]
    MISSING_FIELD = "field `{field}` ({expected}) is missing: {example}", "缺少字段 `{field}`（{expected}）：{example}";
    /// [`crate::domain::drift::DriftKind::TooMany`]
    TOO_MANY = "there are more departures than the {most} that are listed", "不符之处多于已列出的 {most} 个";
}
