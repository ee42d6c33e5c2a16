//! An answer whose JSON is broken within elements of its list: the elements that are sound are kept, the others are set
//! aside, each with the place of its fault. Where the list cannot be cut into elements, nothing is kept.

use std::ops::Range;

use serde::de::IgnoredAny;

/// What could be kept of a broken answer.
pub(in crate::sources) struct Salvaged {
    /// The answer without its broken elements. It is sound.
    pub(super) text: String,
    pub(super) broken: Vec<BrokenElement>,
}

/// An element that is no JSON.
pub(in crate::sources) struct BrokenElement {
    /// As it was sent.
    pub(in crate::sources) text: String,
    /// What is wrong and where in the answer; nothing of its content.
    pub(in crate::sources) reason: String,
}

/// What of an answer can be kept, whose lists have one of these names. `None` where its fault lies elsewhere.
pub(super) fn salvage(answer: &str, lists: &[&str]) -> Option<Salvaged> {
    let mut broken = Vec::new();
    let mut text = String::with_capacity(answer.len());
    let mut copied = 0;
    for list in lists_of(answer, lists)? {
        text.push_str(&answer[copied..list.inside.start]);
        copied = list.inside.end;
        let mut separator = "";
        for element in list.elements {
            match syntax_error(answer, element.clone()) {
                None => {
                    text.push_str(separator);
                    text.push_str(&answer[element]);
                    separator = ",";
                }
                Some(why) => {
                    let reason = format!("broken JSON: {why}");
                    broken.push(BrokenElement { text: answer[element].to_owned(), reason });
                }
            }
        }
    }
    text.push_str(&answer[copied..]);
    let is_sound = !broken.is_empty() && syntax_error(&text, 0..text.len()).is_none();
    is_sound.then_some(Salvaged { text, broken })
}

/// What is wrong with this part of an answer as JSON, and where: line and column as editors count them, and the byte
/// from 0. `None` where nothing is.
pub(super) fn syntax_error(answer: &str, part: Range<usize>) -> Option<String> {
    let error = serde_json::from_str::<IgnoredAny>(&answer[part.clone()]).err()?;
    let before: usize = answer[part.clone()].split_inclusive('\n').take(error.line() - 1).map(str::len).sum();
    let byte = (part.start + before + error.column().saturating_sub(1)).min(answer.len());
    let ahead = &answer.as_bytes()[..byte];
    let line = ahead.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = ahead.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    Some(format!("{words} at line {line}, column {column} (byte {byte})"))
}

/// A list of the answer.
struct List {
    /// What stands between its brackets.
    inside: Range<usize>,
    elements: Vec<Range<usize>>,
}

/// The lists of these names that stand in no other list. `None` where brackets do not match.
fn lists_of(answer: &str, names: &[&str]) -> Option<Vec<List>> {
    let mut scanner = Scanner { bytes: answer.as_bytes(), at: 0 };
    let mut lists = Vec::new();
    while let Some(byte) = scanner.peek() {
        if byte != b'"' {
            scanner.at += 1;
            continue;
        }
        let name = scanner.string()?;
        if names.contains(&answer[name].trim_matches('"').trim()) && scanner.opens_list() {
            lists.push(scanner.list()?);
        }
    }
    Some(lists)
}

/// Walks over what need not be JSON; texts and brackets are all that it knows.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at)?, b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// A text with its quotation marks.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.at += 1;
        while *self.bytes.get(self.at)? != b'"' {
            self.at += if self.bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(start..self.at)
    }

    /// Goes behind `: [`, if that comes next.
    fn opens_list(&mut self) -> bool {
        let start = self.at;
        for expected in [b':', b'['] {
            if self.peek() != Some(expected) {
                self.at = start;
                return false;
            }
            self.at += 1;
        }
        true
    }

    /// The list whose bracket was just opened, up to behind the one that closes it.
    fn list(&mut self) -> Option<List> {
        let start = self.at;
        let mut elements = Vec::new();
        loop {
            if self.peek()? == b']' {
                self.at += 1;
                return Some(List { inside: start..self.at - 1, elements });
            }
            let element = self.element()?;
            if !element.is_empty() {
                elements.push(element);
            }
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
    }

    /// Up to the comma or bracket behind the element.
    fn element(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut end = start;
        let mut open = Vec::new();
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    end = self.at;
                    continue;
                }
                b',' | b']' if open.is_empty() => return Some(start..end),
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                closing @ (b'}' | b']') if open.pop() != Some(closing) => return None,
                _ => {}
            }
            self.at += 1;
            end = self.at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(answer: &str) -> Option<(String, Vec<(String, String)>)> {
        let salvaged = salvage(answer, &["items", "list"])?;
        let broken = salvaged.broken.into_iter().map(|element| (element.text, element.reason));
        Some((salvaged.text, broken.collect()))
    }

    #[test]
    fn a_broken_element_costs_itself_and_says_where_it_broke() {
        let answer = "{\"ret_code\":\"000000\",\"items\":[{\"a\":1},\n {\"a\":NaN},{\"a\":\"]}\\\"\"}],\"total_count\":3}";
        let (text, broken) = kept(answer).unwrap();
        assert_eq!(text, r#"{"ret_code":"000000","items":[{"a":1},{"a":"]}\""}],"total_count":3}"#);
        let reason = "broken JSON: expected value at line 2, column 7 (byte 45)";
        assert_eq!(broken, [(r#"{"a":NaN}"#.to_owned(), reason.to_owned())]);
        assert_eq!(&answer[45..48], "NaN");
    }

    #[test]
    fn elements_of_every_brokenness_are_cut_out() {
        for broken in [
            "{\"a\":}",
            "{'a':1}",
            "{\"a\":1,}",
            "undefined",
            "{a:1}",
            "{\"a\":[1,}]}".trim_end_matches("]}"),
            "-",
            "{\"a\" 1}",
        ] {
            let answer = format!(r#"{{"data":{{"list":[{{"b":2}} , {broken} ]}}}}"#);
            match kept(&answer) {
                Some((text, cut)) => {
                    assert_eq!(text, r#"{"data":{"list":[{"b":2}]}}"#, "{broken}");
                    assert_eq!(cut[0].0, broken);
                }
                // Where brackets do not match nobody knows where the element ends.
                None => assert_eq!(broken, "{\"a\":[1,}"),
            }
        }
    }

    #[test]
    fn what_is_broken_elsewhere_or_not_at_all_is_not_salvaged() {
        for answer in [
            r#"{"items":[{"a":1}],"total_count":NaN}"#,
            r#"{"items":[{"a":1}"#,
            r#"{"items":[{"a":"1}]}"#,
            r#"{"items":[{"a":1}]}"#,
            r#"{"rows":[{"a":NaN}]}"#,
            "",
        ] {
            assert!(kept(answer).is_none(), "{answer}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_it_keeps_is_sound(text in r#"[\[\]{}":,\\aN1 \n]{0,40}"#) {
            let answer = format!(r#"{{"items":[{text}]}}"#);
            if let Some((kept, _)) = kept(&answer) {
                proptest::prop_assert!(serde_json::from_str::<IgnoredAny>(&kept).is_ok());
            }
        }
    }
}
