//! The languages in which people are spoken to: on the page, in the status, in notices and in the runbook. Logs and
//! errors are English.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How the configuration wants people to be told.
#[derive(Debug, Clone, Copy)]
pub struct Locale {
    /// In which language.
    pub language: Language,
    /// In which zone instants are shown.
    pub zone: Tz,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::En, Language::ZhCn];

    /// As it is configured, and as HTML's `lang`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::ZhCn => "zh-CN",
        }
    }

    /// The language of this name.
    pub fn from_name(name: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.as_str() == name)
    }

    /// What an `Accept-Language` header (RFC 9110, 12.5.4) asks for most, of those that there are; `None` where
    /// it asks for none of them. Any Chinese is Chinese: there is one.
    pub fn accepted(header: &str) -> Option<Language> {
        let mut best: Option<(f32, Language)> = None;
        for range in header.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse().ok());
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let language = match primary.as_str() {
                "zh" => Language::ZhCn,
                "en" => Language::En,
                _ => continue,
            };
            // Of two that are wanted alike, the first.
            if let Some(weight) = weight
                && 0.0 < weight
                && best.is_none_or(|(most, _)| most < weight)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_answered_in_the_language_that_it_wants_most() {
        for (header, wanted) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::ZhCn)),
            ("en-GB,en;q=0.9,zh-CN;q=0.8", Some(Language::En)),
            ("de, en;q=0.3, zh;q=0.7", Some(Language::ZhCn)),
            ("zh-TW", Some(Language::ZhCn)),
            ("ZH", Some(Language::ZhCn)),
            ("zh;q=0, en;q=0.1", Some(Language::En)),
            ("fr, *", None),
            ("zh;q=nonsense", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), wanted, "{header}");
        }
    }
}
