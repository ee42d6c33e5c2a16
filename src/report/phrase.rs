//! What people are told, in each language: the one catalogue. A phrase cannot lack a language.

pub mod alert;
pub mod drift;
pub mod exit;
pub mod fault;
pub mod headline;
pub mod meaning;
pub mod notice;
pub mod page;
pub mod remedy;
pub mod status;
pub mod verdict;

use crate::report::language::Language;

/// A text in each language. `{name}` stands for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    en: &'static str,
    zh: &'static str,
}

impl Phrase {
    /// The same thing in English and in Chinese.
    pub const fn new(en: &'static str, zh: &'static str) -> Phrase {
        Phrase { en, zh }
    }

    /// As it stands, in this language.
    pub const fn text(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::ZhCn => self.zh,
        }
    }

    /// As it stands in English, for logs and errors.
    pub const fn english(self) -> &'static str {
        self.en
    }

    /// In this language, with these values in the places of their names. `{name?one|many}` is the first word where
    /// the value of that name is 1, and else the second.
    pub fn fill(self, language: Language, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let mut rest = self.text(language);
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, behind)) = after.split_once('}') else { break };
            let value = |name| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            text.push_str(match word(name) {
                Some((number, one, _)) if value(number) == "1" => one,
                Some((_, _, many)) => many,
                None => value(name),
            });
            rest = behind;
        }
        text + rest
    }
}

/// A word that follows a number, taken apart: the number's name, and the word for one and for many.
fn word(place: &str) -> Option<(&str, &str, &str)> {
    let (number, words) = place.split_once('?')?;
    let (one, many) = words.split_once('|')?;
    Some((number, one, many))
}

/// What was said, in each language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Localized {
    en: String,
    zh: String,
}

impl Localized {
    /// What `tell` says.
    pub fn each(tell: impl Fn(Language) -> String) -> Localized {
        Localized { en: tell(Language::En), zh: tell(Language::ZhCn) }
    }

    /// In this language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::ZhCn => &self.zh,
        }
    }
}

/// Declares phrases, and `ALL`, the list of them for tests.
macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident = $en:literal, $zh:literal;)+) => {
        $($(#[$doc])* pub const $name: $crate::report::phrase::Phrase =
            $crate::report::phrase::Phrase::new($en, $zh);)+
        /// Each phrase with its name.
        #[cfg(test)]
        pub const ALL: &[(&str, $crate::report::phrase::Phrase)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use phrases;

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: [&[(&str, Phrase)]; 9] = [
        alert::ALL,
        remedy::ALL,
        drift::ALL,
        exit::ALL,
        meaning::ALL,
        notice::ALL,
        page::ALL,
        status::ALL,
        verdict::ALL,
    ];

    /// The names of values in a text, but for those that a word only follows.
    fn places(text: &str) -> Vec<&str> {
        let places = || text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0));
        let mut names: Vec<_> = places().filter(|place| word(place).is_none()).collect();
        names.sort_unstable();
        assert!(
            places().filter_map(word).all(|(number, _, _)| names.contains(&number)),
            "{text}: a word follows a number that is not there"
        );
        names
    }

    #[test]
    fn a_word_follows_its_number() {
        let phrase = Phrase::new("{n} {n?row|rows} of {all}", "{all} 行中的 {n} 行");
        let fill = |n, language| phrase.fill(language, &[("n", n), ("all", "9")]);
        assert_eq!(
            ["0", "1", "2", "1,001"].map(|n| fill(n, Language::En)),
            ["0 rows of 9", "1 row of 9", "2 rows of 9", "1,001 rows of 9"]
        );
        assert_eq!(fill("1", Language::ZhCn), "9 行中的 1 行");
    }

    #[test]
    fn no_phrase_lacks_a_language_or_a_value() {
        for (name, phrase) in CATALOGUE.into_iter().flatten() {
            let (en, zh) = (phrase.text(Language::En), phrase.text(Language::ZhCn));
            assert!(!en.trim().is_empty() && en.is_ascii(), "{name}: {en}");
            assert!(zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{name}: {zh}");
            assert_eq!(places(en), places(zh), "{name}");
        }
    }

    #[test]
    fn values_stand_where_their_names_stood() {
        let phrase = Phrase::new("{b} of {a}", "{a} 中的 {b}");
        let fill = |language| phrase.fill(language, &[("a", "{b}"), ("b", "2")]);
        assert_eq!((fill(Language::En).as_str(), fill(Language::ZhCn).as_str()), ("2 of {b}", "{b} 中的 2"));
    }
}
