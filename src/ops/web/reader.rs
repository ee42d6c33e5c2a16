//! In which language a browser is answered: as its link says, else as it chose before, else as it asks for, else
//! as is configured.

use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;

use crate::report::language::Language;

/// The cookie that keeps the choice.
const CHOICE: &str = "ccsync_language";

#[derive(Deserialize)]
struct Asked {
    lang: Option<String>,
}

/// What a request says of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) struct RequestedLocale {
    /// The language of the answer.
    pub(in crate::ops) language: Language,
    /// Whether it was chosen by a link just now, so that it is to be kept.
    pub(in crate::ops) chosen: bool,
}

impl RequestedLocale {
    pub(in crate::ops) fn of(uri: &Uri, headers: &HeaderMap, configured: Language) -> RequestedLocale {
        let asked = axum::extract::Query::<Asked>::try_from_uri(uri).ok().and_then(|asked| asked.0.lang);
        if let Some(language) = asked.as_deref().and_then(Language::from_name) {
            return RequestedLocale { language, chosen: true };
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kept = text(COOKIE).split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == CHOICE).then(|| Language::from_name(value)).flatten()
        });
        let language = kept.or_else(|| Language::accepted(text(ACCEPT_LANGUAGE))).unwrap_or(configured);
        RequestedLocale { language, chosen: false }
    }

    /// The cookie to set, if any: a choice lasts a year.
    pub(in crate::ops) fn cookie(self) -> Option<String> {
        let name = self.language.as_str();
        self.chosen.then(|| format!("{CHOICE}={name}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_more_than_a_choice_of_before_and_that_more_than_the_browser() {
        let requested = |uri: &'static str, cookie: &'static str, accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, cookie.parse().unwrap());
            headers.insert(ACCEPT_LANGUAGE, accept.parse().unwrap());
            RequestedLocale::of(&Uri::from_static(uri), &headers, Language::ZhCn)
        };
        let (en, zh) = (Language::En, Language::ZhCn);
        let kept = "a=b; ccsync_language=zh-CN";
        assert_eq!(requested("/?lang=en", kept, "zh"), RequestedLocale { language: en, chosen: true });
        assert_eq!(requested("/?lang=xx", kept, "en"), RequestedLocale { language: zh, chosen: false });
        assert_eq!(
            requested("/", "ccsync_language=xx", "en"),
            RequestedLocale { language: en, chosen: false }
        );
        assert_eq!(requested("/", "", "fr"), RequestedLocale { language: zh, chosen: false });
    }
}
