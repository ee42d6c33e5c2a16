//! How something departs from a vendor's documents.

use crate::domain::vendor::drift::{DRIFTS_MAX, DriftKind, SchemaDrift};
use crate::report::language::Language;
use crate::report::phrase::{Phrase, phrases, remedy};

phrases! {
    /// [`crate::domain::vendor::drift::DriftKind::NewField`]
    NEW_FIELD = "field `{field}` is in no document; it came as {example}", "字段 `{field}` 不在任何文档中；收到的是 {example}";
    /// [`crate::domain::vendor::drift::DriftKind::ChangedType`] of a whole element.
    CHANGED_ELEMENT = "an element came as {observed}, documented is {expected}", "收到的元素是 {observed}，文档规定为 {expected}";
    /// [`crate::domain::vendor::drift::DriftKind::ChangedType`]
    CHANGED_TYPE = "field `{field}` came as {observed} ({example}), documented is {expected}",
        "字段 `{field}` 收到的是 {observed}（{example}），文档规定为 {expected}";
    /// [`crate::domain::vendor::drift::DriftKind::UnknownCode`]
    UNKNOWN_VALUE = "field `{field}` has an undocumented value ({example}), documented are {expected}",
        "字段 `{field}` 出现文档之外的取值（{example}），文档所列为 {expected}";
    /// [`crate::domain::vendor::drift::DriftKind::MissingField`]
    MISSING_FIELD = "field `{field}` ({expected}) is missing: {example}", "缺少字段 `{field}`（{expected}）：{example}";
    /// [`crate::domain::vendor::drift::DriftKind::ReplacedText`]
    REPLACED_TEXT = "field `{field}` holds what no text can: bytes that its charset lacks, half of a surrogate pair, or NUL; each became U+FFFD",
        "字段 `{field}` 含有无法作为文本保存的内容（字符集中没有的字节、半个代理对或 NUL）；每处均替换为 U+FFFD";
    /// [`crate::domain::vendor::drift::DriftKind::RepeatedField`]
    REPEATED_FIELD = "field `{field}` stands twice where it is due once; one of them is stored, and lists are joined",
        "字段 `{field}` 本应只出现一次却出现两次；只保存其中一个，列表则合并";
    /// [`crate::domain::vendor::drift::DriftKind::KeptAsText`]
    KEPT_AS_TEXT = "field `{field}` holds a number or a nesting that jsonb cannot hold; it is kept as text",
        "字段 `{field}` 含有 jsonb 无法保存的数字或嵌套；已按文本保存";
    /// [`crate::domain::vendor::drift::DriftKind::UnknownCharset`]
    UNKNOWN_CHARSET = "the answer declares the charset {observed}, which is not known; it was read as UTF-8",
        "应答声明的字符集 {observed} 未知；已按 UTF-8 读取";
    /// [`crate::domain::vendor::drift::DriftKind::TooMany`]
    TOO_MANY = "there are more departures than the {most} that are listed", "不符之处多于已列出的 {most} 个";
}

impl DriftKind {
    /// What an operator can do.
    pub fn remedy(self) -> Phrase {
        match self {
            DriftKind::NewField => remedy::NEW_FIELD,
            DriftKind::ChangedType => remedy::CHANGED_TYPE,
            DriftKind::UnknownCode => remedy::UNKNOWN_VALUE,
            DriftKind::MissingField => remedy::MISSING_FIELD,
            DriftKind::ReplacedText => remedy::REPLACED_TEXT,
            DriftKind::RepeatedField => remedy::REPEATED_FIELD,
            DriftKind::KeptAsText => remedy::KEPT_AS_TEXT,
            DriftKind::UnknownCharset => remedy::UNKNOWN_CHARSET,
            DriftKind::TooMany => remedy::TOO_MANY,
        }
    }
}

impl SchemaDrift {
    /// In one sentence. Types and shapes are named as the log names them.
    pub fn sentence(&self, language: Language) -> String {
        let phrase = match self.kind {
            DriftKind::NewField => NEW_FIELD,
            DriftKind::ChangedType if self.field.is_empty() => CHANGED_ELEMENT,
            DriftKind::ChangedType => CHANGED_TYPE,
            DriftKind::UnknownCode => UNKNOWN_VALUE,
            DriftKind::MissingField => MISSING_FIELD,
            DriftKind::ReplacedText => REPLACED_TEXT,
            DriftKind::RepeatedField => REPEATED_FIELD,
            DriftKind::KeptAsText => KEPT_AS_TEXT,
            DriftKind::UnknownCharset => UNKNOWN_CHARSET,
            DriftKind::TooMany => TOO_MANY,
        };
        let values = [
            ("field", self.field.as_str()),
            ("observed", &self.observed),
            ("expected", &self.expected),
            ("example", &self.example),
            ("most", &DRIFTS_MAX.to_string()),
        ];
        phrase.fill(language, &values)
    }
}
