//! What a vendor may say of a list that its rows contradict, and how deep it lists them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

switch!(
    /// What is answered to a page that reaches behind the depth of a list. The depth counts the rows before the
    /// page and the size of the page, as Elasticsearch does (`from + size`).
    BehindDepth {
        /// A page without rows.
        Empty,
        /// The rows before the depth alone.
        Cut,
        /// A refusal in Elasticsearch's words under the vendor's code for unknown errors, HTTP 200.
        Refused,
        /// The same under a code that no document names.
        RefusedCode,
        /// The same under HTTP 500.
        RefusedStatus,
    }
);
switch!(
    /// What is answered to a page that begins behind the end of a list, and is not the first one.
    BehindEnd {
        /// A page without rows.
        Empty,
        /// A refusal of its parameters.
        Refused,
        /// HTTP 404 and a page of HTML.
        NotFound,
    }
);
switch!(
    /// How often the field that holds the rows stands in an answer.
    RowsField {
        /// Once.
        Once,
        /// Twice, the second one empty.
        EmptyAgain,
        /// Twice, the first one empty.
        EmptyBefore,
        /// Once, in an object `nested` that no document names.
        Nested,
    }
);
switch!(
    /// How exactly the bounds of a window are taken.
    Bounds {
        /// To the second.
        Second,
        /// As whole days: the time of day is ignored, and both bounds are rounded outward.
        Day,
    }
);

/// The total that a list states: `true`, `+3` or `-3` for that many more or fewer, `zero`, `negative`, `null`,
/// `absent`, `text` (the true number as a text) or `word` (no number).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StatedTotal {
    /// The number of rows.
    #[default]
    True,
    /// This many more than there are, or fewer; never below 0.
    Off(i64),
    /// Three more on the first page, and the truth on the others.
    FirstPage,
    /// On each page the rows up to its end.
    SoFar,
    /// 0.
    Zero,
    /// -1.
    Negative,
    /// A null.
    Null,
    /// No field.
    Absent,
    /// The number of rows as a text.
    Text,
    /// A text that is no number.
    Word,
}

impl fmt::Display for StatedTotal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::Off(by) => return write!(f, "{by:+}"),
            Self::FirstPage => "first_page",
            Self::SoFar => "so_far",
            Self::Zero => "zero",
            Self::Negative => "negative",
            Self::Null => "null",
            Self::Absent => "absent",
            Self::Text => "text",
            Self::Word => "word",
        })
    }
}

impl FromStr for StatedTotal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(Self::True),
            "first_page" => Ok(Self::FirstPage),
            "so_far" => Ok(Self::SoFar),
            "zero" => Ok(Self::Zero),
            "negative" => Ok(Self::Negative),
            "null" => Ok(Self::Null),
            "absent" => Ok(Self::Absent),
            "text" => Ok(Self::Text),
            "word" => Ok(Self::Word),
            _ => {
                let by = text.parse().ok().filter(|_| text.starts_with(['+', '-'])).filter(|by| *by != 0);
                by.map(Self::Off).ok_or_else(|| {
                    "a stated total is true, +N, -N, first_page, so_far, zero, negative, null, absent, text or word"
                        .to_owned()
                })
            }
        }
    }
}

impl TryFrom<String> for StatedTotal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<StatedTotal> for String {
    fn from(total: StatedTotal) -> Self {
        total.to_string()
    }
}
