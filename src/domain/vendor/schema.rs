//! What a vendor's documents say of the objects it sends.

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `null`.
    Null,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// An array.
    List,
    /// An object.
    Object,
}

/// Vendors write these as the one or the other (`docs/vendors.md#sobot-results`, `docs/vendors.md#7moor-lists`).
pub const TEXT_OR_NUMBER: &[JsonType] = &[JsonType::Text, JsonType::Number];

impl JsonType {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            JsonType::Null => "null",
            JsonType::Text => "text",
            JsonType::Number => "number",
            JsonType::Bool => "boolean",
            JsonType::List => "list",
            JsonType::Object => "object",
        }
    }
}

/// One documented field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSchema {
    /// The names under which it may come, that of the document's table first.
    pub names: &'static [&'static str],
    /// Its types. Null and empty text are known of every field.
    pub types: &'static [JsonType],
    /// The values it may have; empty where they are not enumerated.
    pub codes: &'static [&'static str],
    /// Whether it is normally there: missing from a whole read it is missed.
    pub always: bool,
}

impl FieldSchema {
    /// A field that is normally there and may have any value of these types.
    pub const fn new(names: &'static [&'static str], types: &'static [JsonType]) -> FieldSchema {
        FieldSchema { names, types, codes: &[], always: true }
    }

    /// The same, but it may as well be absent.
    pub const fn optional(self) -> FieldSchema {
        FieldSchema { always: false, ..self }
    }

    /// The same with these values only.
    pub const fn one_of(self, codes: &'static [&'static str]) -> FieldSchema {
        FieldSchema { codes, ..self }
    }
}

/// One documented kind of object.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectSchema {
    /// Where it stands in an element, as `assignMembers[]`; empty for the element itself.
    pub path: &'static str,
    /// Its fields, at most 64.
    pub fields: &'static [FieldSchema],
}

impl ObjectSchema {
    /// Position of the field of this name, looked for from `hint` on and then from the beginning: objects
    /// of a kind bring their fields in one order.
    pub fn find(&self, name: &str, hint: usize) -> Option<usize> {
        let fields = self.fields.len();
        (hint..fields).chain(0..hint.min(fields)).find(|index| self.fields[*index].names.contains(&name))
    }

    /// A field of this object as reports name it.
    pub fn field(&self, name: &str) -> String {
        match (self.path, name) {
            ("", name) => name.to_owned(),
            (path, "") => path.to_owned(),
            (path, name) => format!("{path}.{name}"),
        }
    }
}

/// `text or number`.
pub fn types_text(types: &[JsonType]) -> String {
    types.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}
