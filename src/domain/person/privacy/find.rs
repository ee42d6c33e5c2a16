//! Where phone numbers and e-mail addresses stand in a text.
//!
//! What vendors use as ids must not be taken for numbers: digits that touch a Latin letter are none, nor are
//! longer or shorter runs than a number has; landlines and service numbers are known by the gap in them.

use unicode_normalization::UnicodeNormalization as _;

use super::Personal;

/// A text with fewer digits between two letters holds no number.
const DIGITS_MIN: usize = 8;
/// Hexadecimal digits and hyphens of a UUID.
const UUID_CHARS: usize = 36;
/// Parts into which people write a number.
const GROUPS_MAX: usize = 6;
/// The longest part before an address's `@`.
const LOCAL_CHARS_MAX: usize = 64;

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Personal,
}

/// All of them, in their order, none touching another.
pub(super) fn find(text: &str, phones: bool, emails: bool) -> Vec<Span> {
    let phones = phones && may_hold_phone(text);
    let emails = emails && (text.contains('@') || text.contains('＠'));
    if !phones && !emails {
        return Vec::new();
    }
    let letters = letters_of(text);
    let mut found = Vec::new();
    if emails {
        find_emails(&letters, text.len(), &mut found);
    }
    if phones {
        let addresses = found.len();
        find_phones(&letters, text.len(), &mut found);
        let (known, new) = found.split_at(addresses);
        let apart =
            |span: &&Span| known.iter().all(|other| span.end <= other.start || other.end <= span.start);
        let mut all: Vec<Span> = known.iter().chain(new.iter().filter(apart)).copied().collect();
        all.sort_by_key(|span| span.start);
        return all;
    }
    found
}

/// Most texts end here: one look at each byte. Digits behind a Latin letter are part of no number, whatever
/// follows: identifiers are full of them.
fn may_hold_phone(text: &str) -> bool {
    let (mut digits, mut behind_letter) = (0, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if behind_letter => {}
            // The first bytes of digits of other scripts, full-width ones among them.
            b'0'..=b'9' | 0xD9 | 0xDB | 0xE0 | 0xE1 | 0xE2 | 0xEF | 0xF0 => {
                digits += 1;
                behind_letter = false;
                if digits == DIGITS_MIN {
                    return true;
                }
            }
            b'+' | b'-' | b' ' | b'.' | b'(' | b')' | b'\t' | 0x80.. => behind_letter = false,
            b'/' | b'_' | b',' | b'#' | b'*' | b'~' | b'[' | b']' | b'{' | b'}' => behind_letter = false,
            _ => {
                digits = 0;
                behind_letter = byte.is_ascii_alphabetic();
            }
        }
    }
    false
}

/// A text's letters as they are compared, each with its place; what nobody sees is none.
fn letters_of(text: &str) -> Vec<(usize, char)> {
    let is_seen = |letter: &char| !matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let seen = text.char_indices().filter(|(_, letter)| is_seen(letter));
    seen.map(|(at, letter)| (at, fold(letter))).collect()
}

/// Where the digits from 0 to 9 of other scripts begin, as far as people write numbers with them here.
const ZEROS: [u32; 8] = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xed0, 0xf20, 0x1040];

/// A letter in its plain form (NFKC, where that is one letter), digits as ASCII's, and the many dashes, blanks and
/// brackets as one each.
pub(super) fn fold(letter: char) -> char {
    match letter {
        '\0'..='~' => letter,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{3002}' | '\u{ff61}' => '.',
        '、' => ',',
        '·' | '・' | '•' => '_',
        '【' | '「' | '〔' => '(',
        '】' | '」' | '〕' => ')',
        _ => folded_digit(letter).unwrap_or_else(|| plain(letter)),
    }
}

fn folded_digit(letter: char) -> Option<char> {
    let value =
        ZEROS.iter().find_map(|zero| u32::from(letter).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

fn plain(letter: char) -> char {
    // Ideographs have no other form, and are most of what comes here.
    if ('\u{4e00}'..='\u{9fff}').contains(&letter) {
        return letter;
    }
    let mut forms = std::iter::once(letter).nfkc();
    match (forms.next(), forms.next()) {
        (Some(form), None) => form,
        _ => letter,
    }
}

/// The digits of a text, nothing else.
pub(super) fn digits_of(text: &str) -> String {
    text.chars().map(fold).filter(char::is_ascii_digit).collect()
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1') && (b'3'..=b'9').contains(&digits.as_bytes()[1])
}

/// The eleven digits of a mainland mobile number, without what is dialled before it.
pub(super) fn national_mobile(text: &str) -> Option<String> {
    let odd =
        |letter: char| !(letter.is_ascii_digit() || is_separator(letter) || letter == '+' || letter == '(');
    if text.trim().chars().map(fold).any(odd) {
        return None;
    }
    let digits = digits_of(text);
    mobile_of(&digits, text.contains(['+', '＋'])).map(str::to_owned)
}

/// A mobile number, or one with its country.
pub(super) fn is_surely_phone(found: &str) -> bool {
    found.starts_with(['+', '＋']) || national_mobile(found).is_some()
}

/// Behind a `+` another country's number may look like one of ours.
fn mobile_of(digits: &str, plus: bool) -> Option<&str> {
    let prefixes: &[&str] = if plus { &["86", "860"] } else { &["", "86", "0086", "0", "860"] };
    prefixes.iter().filter_map(|prefix| digits.strip_prefix(prefix)).find(|rest| is_mobile(rest))
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '-' | ' ' | '.' | ')' | '\t') || is_odd_separator(letter)
}

/// What stands between the parts of a number now and then, and mostly between other things.
fn is_odd_separator(letter: char) -> bool {
    matches!(letter, '/' | '_' | ',' | '#' | '*' | '~' | '[' | ']' | '{' | '}')
}

/// A run of digits within the text: indexes of its first letter and of the one behind it.
struct Group {
    start: usize,
    end: usize,
    digits: String,
}

fn find_phones(letters: &[(usize, char)], bytes: usize, found: &mut Vec<Span>) {
    let letter = |at: usize| letters.get(at).map(|(_, letter)| *letter);
    let mut at = 0;
    while at < letters.len() {
        let plus = letter(at) == Some('+');
        let first = at + usize::from(plus);
        let before = at.checked_sub(1).and_then(letter);
        if !before.is_some_and(|before| before.is_ascii_alphanumeric()) && begins_with_uuid(&letters[at..]) {
            at += UUID_CHARS;
            continue;
        }
        let begins = letter(first).is_some_and(|letter| letter.is_ascii_digit())
            && !before.is_some_and(|before| before.is_ascii_alphanumeric());
        if !begins {
            at += 1;
            continue;
        }
        let groups = groups(letters, first);
        match taken(letters, &groups, plus) {
            Some(count) => {
                let end = groups[count - 1].end;
                let end_byte = letters.get(end).map_or(bytes, |(byte, _)| *byte);
                found.push(Span { start: letters[at].0, end: end_byte, kind: Personal::Phone });
                at = end;
            }
            None => at = groups.first().map_or(at + 1, |group| group.end),
        }
    }
}

/// Parts of a UUID may all be digits, and then look like an area code and its number.
fn begins_with_uuid(letters: &[(usize, char)]) -> bool {
    let fits = |index: usize, letter: char| match index {
        8 | 13 | 18 | 23 => letter == '-',
        _ => letter.is_ascii_hexdigit(),
    };
    letters.len() >= UUID_CHARS
        && letters[..UUID_CHARS].iter().enumerate().all(|(index, (_, letter))| fits(index, *letter))
        && !letters.get(UUID_CHARS).is_some_and(|(_, letter)| letter.is_ascii_alphanumeric())
}

/// The runs of digits from here on that are a separator or two apart.
fn groups(letters: &[(usize, char)], mut at: usize) -> Vec<Group> {
    let letter = |at: usize| letters.get(at).map(|(_, letter)| *letter);
    let mut groups = Vec::new();
    while groups.len() < GROUPS_MAX {
        let start = at;
        while letter(at).is_some_and(|letter| letter.is_ascii_digit()) {
            at += 1;
        }
        if start == at {
            break;
        }
        groups.push(Group {
            start,
            end: at,
            digits: letters[start..at].iter().map(|(_, digit)| *digit).collect(),
        });
        let gap =
            letters[at..].iter().take_while(|(_, letter)| is_separator(*letter) || *letter == '(').count();
        if gap == 0 || 3 < gap {
            break;
        }
        at += gap;
    }
    groups
}

/// How many of the runs make one number, if they do.
fn taken(letters: &[(usize, char)], groups: &[Group], plus: bool) -> Option<usize> {
    (1..=groups.len()).rev().find(|count| {
        let taken = &groups[..*count];
        let Some(last) = taken.last() else { return false };
        let ends = !letters.get(last.end).is_some_and(|(_, letter)| letter.is_ascii_alphabetic());
        let point = |pair: &[Group]| letters[pair[0].end].1 == '.';
        let points = taken.windows(2).filter(|pair| point(pair)).count();
        let gaps = taken.windows(2).flat_map(|pair| &letters[pair[0].end..pair[1].start]);
        let is_list = gaps.into_iter().any(|(_, letter)| is_odd_separator(*letter));
        ends && (!is_list || has_usual_parts(taken)) && is_number(taken, plus, points)
    })
}

/// Whether the parts are as long as those into which people cut a number, and not numbers of their own.
fn has_usual_parts(groups: &[Group]) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.end - group.start).collect();
    let own = if matches!(groups[0].digits.as_str(), "86" | "0086" | "0" | "860") {
        &lengths[1..]
    } else {
        &lengths
    };
    matches!(own, [11] | [3, 4, 4] | [3, 8] | [7, 4]) || is_area(&groups[0].digits)
}

fn is_number(groups: &[Group], plus: bool, points: usize) -> bool {
    let digits: String = groups.iter().map(|group| group.digits.as_str()).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.end - group.start).collect();
    if mobile_of(&digits, plus).is_some() {
        let begins = matches!(groups[0].digits.as_str(), "86" | "0086" | "0" | "860");
        let own = if begins { &lengths[1..] } else { &lengths[..] };
        // `138.12345678` is a number with a fraction.
        return match own {
            [_] => true,
            [_, _] => points == 0 && matches!(own, [3, 8] | [7, 4] | [4, 7]) || begins || plus,
            _ => own.iter().all(|length| (2..=8).contains(length)),
        };
    }
    if plus {
        // Points alone make a sum of money or a version.
        return (DIGITS_MIN..=15).contains(&digits.len()) && (points == 0 || 1 < points);
    }
    match groups {
        [area, rest @ ..] if points == 0 && is_area(&area.digits) => {
            matches!(lengths[1..], [7 | 8] | [7 | 8, 1..=6] | [3 | 4, 4] | [3 | 4, 4, 1..=6])
                && !rest.is_empty()
        }
        [service, ..] if points == 0 && matches!(service.digits.as_str(), "400" | "800") => {
            matches!(lengths[1..], [3, 4] | [4, 3] | [7] | [1, 3, 3])
        }
        _ => false,
    }
}

/// Area codes of the mainland: 010, 02x, and four digits from 03 on.
fn is_area(digits: &str) -> bool {
    matches!(digits.as_bytes(), b"010" | [b'0', b'2', _] | [b'0', b'3'..=b'9', _, _])
}

fn find_emails(letters: &[(usize, char)], bytes: usize, found: &mut Vec<Span>) {
    let mut from = 0;
    for at in (0..letters.len()).filter(|at| letters[*at].1 == '@') {
        let blanks = |letters: &mut dyn Iterator<Item = &(usize, char)>| {
            letters.take(BLANKS_MAX).take_while(|(_, letter)| *letter == ' ').count()
        };
        let local_end = at - blanks(&mut letters[from.min(at)..at].iter().rev());
        let domain = at + 1 + blanks(&mut letters[at + 1..].iter());
        let start =
            local_start(&letters[from.min(local_end)..local_end]).map(|start| start + from.min(local_end));
        let (Some(start), Some(length)) = (start, domain_length(&letters[domain..])) else { continue };
        let end = domain + length;
        let end_byte = letters.get(end).map_or(bytes, |(byte, _)| *byte);
        found.push(Span { start: letters[start].0, end: end_byte, kind: Personal::Email });
        from = end;
    }
}

/// Blanks on either side of an address's `@`.
const BLANKS_MAX: usize = 2;

/// The longest address of a machine in brackets, as in `[IPv6:2001:db8::1]`.
const LITERAL_CHARS_MAX: usize = 48;

/// Where the part before the `@` begins. Chinese text may stand right before a Latin address, so other letters
/// count only where there are no Latin ones.
fn local_start(before: &[(usize, char)]) -> Option<usize> {
    if let Some(((_, '"'), rest)) = before.split_last() {
        let from = rest.len().saturating_sub(LOCAL_CHARS_MAX);
        return rest[from..].iter().rposition(|(_, letter)| *letter == '"').map(|start| start + from);
    }
    let reach = |allowed: fn(char) -> bool| {
        let count =
            before.iter().rev().take(LOCAL_CHARS_MAX).take_while(|(_, letter)| allowed(*letter)).count();
        let start = before.len() - count;
        let word = before[start..].iter().position(|(_, letter)| letter.is_alphanumeric() || *letter == '_');
        word.map(|skipped| start + skipped)
    };
    reach(|letter| letter.is_ascii_alphanumeric() || "._%+-'".contains(letter))
        .or_else(|| reach(char::is_alphanumeric))
}

/// How many letters the domain has; it ends in a word of two letters at least.
fn domain_length(after: &[(usize, char)]) -> Option<usize> {
    if let Some((_, '[')) = after.first() {
        let is_literal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, ':' | '.');
        let inside =
            after[1..].iter().take(LITERAL_CHARS_MAX).take_while(|(_, letter)| is_literal(*letter)).count();
        return matches!(after.get(inside + 1), Some((_, ']'))).then_some(inside + 2);
    }
    let reach = |allowed: fn(char) -> bool| {
        let run =
            after.iter().take_while(|(_, letter)| allowed(*letter) || matches!(letter, '-' | '.')).count();
        let run = after[..run].iter().rposition(|(_, letter)| letter.is_alphanumeric())? + 1;
        let top = after[..run].iter().rposition(|(_, letter)| *letter == '.')? + 1;
        let word = &after[top..run];
        (1 < top
            && 2 <= word.len()
            && word.iter().all(|(_, letter)| letter.is_alphanumeric() || *letter == '-')
            && word[0].1.is_alphabetic())
        .then_some(run)
    };
    reach(|letter| letter.is_ascii_alphanumeric()).or_else(|| reach(char::is_alphanumeric))
}

#[cfg(test)]
mod tests;
