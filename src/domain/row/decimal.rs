//! Decimal numbers, digit for digit: no float and no fixed width stands between a vendor and `numeric`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Digits in front of the point that PostgreSQL's `numeric` can hold.
const WHOLE_DIGITS_MAX: i64 = 131_072;
/// Digits behind the point that it can hold.
const FRACTION_DIGITS_MAX: i64 = 16_383;
/// So many digits fit into an `i64`, whatever they are.
const SHORT_DIGITS_MAX: usize = 18;
/// More zeros than these are written as an exponent: `1e131071` must not take 131,072 bytes.
const ZEROS_MAX: i64 = 60;

/// A decimal number as PostgreSQL's `numeric` can hold it. Equal numbers are equal however they were written: `1.0`,
/// `1.00` and `10e-1` are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(Digits);

/// A number has one form: whole ones below 10^18 the exponent 0, all others no zeros at the end of the coefficient.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Digits {
    Short { coefficient: i64, exponent: i32 },
    Long { negative: bool, coefficient: Box<str>, exponent: i32 },
}

/// The text is no number, or one that `numeric` cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number that numeric can hold")]
pub struct NotDecimal;

/// The parts of a number in JSON's grammar, a plus sign and a leading or closing point allowed.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Parts<'a>> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let any = !whole.is_empty() || !fraction.is_empty();
        (any && digits(whole) && digits(fraction)).then_some(Parts { negative, whole, fraction, exponent })
    }
}

/// One beyond every limit stands for all of those.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(i64::from(i32::MAX) / 2);
    Some(if text.starts_with('-') { -size } else { size })
}

/// Whether `jsonb` takes a JSON number written like this: it counts the digits as they are written.
pub fn fits_jsonb(number: &str) -> bool {
    const SURELY: usize = 200;
    if number.len() <= SURELY && !number.contains(['e', 'E']) {
        return true;
    }
    Parts::of(number).is_some_and(|parts| {
        parts.whole.len() as i64 + parts.exponent <= WHOLE_DIGITS_MAX
            && parts.fraction.len() as i64 - parts.exponent <= FRACTION_DIGITS_MAX
    })
}

impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Decimal, NotDecimal> {
        if text.len() <= SHORT_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse::<i64>().map(Decimal::from).map_err(|_| NotDecimal);
        }
        let parts = Parts::of(text).ok_or(NotDecimal)?;
        let exponent = parts.exponent - parts.fraction.len() as i64;
        let digits = parts.whole.bytes().chain(parts.fraction.bytes());
        if parts.whole.len() + parts.fraction.len() <= SHORT_DIGITS_MAX {
            let size = digits.fold(0, |size, digit| size * 10 + i64::from(digit - b'0'));
            return short(if parts.negative { -size } else { size }, exponent);
        }
        let mut kept: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
        let digits = kept.len();
        while kept.last() == Some(&b'0') {
            kept.pop();
        }
        let exponent = exponent + (digits - kept.len()) as i64;
        let coefficient = String::from_utf8(kept).map_err(|_| NotDecimal)?;
        if coefficient.len() <= SHORT_DIGITS_MAX {
            let size: i64 =
                if coefficient.is_empty() { 0 } else { coefficient.parse().map_err(|_| NotDecimal)? };
            return short(if parts.negative { -size } else { size }, exponent);
        }
        let exponent = fitting(coefficient.len() as i64, exponent)?;
        Ok(Decimal(Digits::Long { negative: parts.negative, coefficient: coefficient.into(), exponent }))
    }
}

/// A number of at most 18 digits in its one form.
fn short(mut coefficient: i64, mut exponent: i64) -> Result<Decimal, NotDecimal> {
    if coefficient == 0 {
        return Ok(Decimal(Digits::Short { coefficient: 0, exponent: 0 }));
    }
    let digits = |coefficient: i64| i64::from(coefficient.unsigned_abs().ilog10()) + 1;
    while exponent < 0 && coefficient % 10 == 0 {
        (coefficient, exponent) = (coefficient / 10, exponent + 1);
    }
    if 0 < exponent {
        if digits(coefficient) + exponent <= SHORT_DIGITS_MAX as i64 {
            let power = u32::try_from(exponent).map_err(|_| NotDecimal)?;
            (coefficient, exponent) = (coefficient * 10_i64.pow(power), 0);
        }
        while 0 < exponent && coefficient % 10 == 0 {
            (coefficient, exponent) = (coefficient / 10, exponent + 1);
        }
    }
    Ok(Decimal(Digits::Short { coefficient, exponent: fitting(digits(coefficient), exponent)? }))
}

/// The exponent, where a coefficient of so many digits fits with it.
fn fitting(digits: i64, exponent: i64) -> Result<i32, NotDecimal> {
    if exponent < -FRACTION_DIGITS_MAX || WHOLE_DIGITS_MAX < digits + exponent {
        return Err(NotDecimal);
    }
    i32::try_from(exponent).map_err(|_| NotDecimal)
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        if number.unsigned_abs() < 10_u64.pow(SHORT_DIGITS_MAX as u32) {
            return Decimal(Digits::Short { coefficient: number, exponent: 0 });
        }
        // 19 digits.
        let text = number.unsigned_abs().to_string();
        let kept = text.trim_end_matches('0');
        let exponent = (text.len() - kept.len()) as i32;
        if exponent == 0 {
            return Decimal(Digits::Long { negative: number < 0, coefficient: kept.into(), exponent });
        }
        Decimal(Digits::Short { coefficient: number / 10_i64.pow(exponent.unsigned_abs()), exponent })
    }
}

impl TryFrom<String> for Decimal {
    type Error = NotDecimal;

    fn try_from(text: String) -> Result<Decimal, NotDecimal> {
        text.parse()
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> String {
        number.to_string()
    }
}

impl Decimal {
    /// Whether it has no digit behind the point.
    pub fn is_whole(&self) -> bool {
        0 <= self.exponent()
    }

    /// Digits in front of the point; 0 for a fraction.
    pub fn whole_digits(&self) -> i64 {
        let digits = match &self.0 {
            Digits::Short { coefficient, .. } => {
                coefficient.unsigned_abs().checked_ilog10().map_or(0, |log| i64::from(log) + 1)
            }
            Digits::Long { coefficient, .. } => coefficient.len() as i64,
        };
        (digits + i64::from(self.exponent())).max(0)
    }

    /// Below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Digits::Short { coefficient, .. } => *coefficient < 0,
            Digits::Long { negative, .. } => *negative,
        }
    }

    /// The power of ten by which the coefficient is multiplied.
    pub fn exponent(&self) -> i32 {
        match &self.0 {
            Digits::Short { exponent, .. } | Digits::Long { exponent, .. } => *exponent,
        }
    }

    /// The coefficient, where it is short, with its sign.
    pub fn short_coefficient(&self) -> Option<i64> {
        match &self.0 {
            Digits::Short { coefficient, .. } => Some(*coefficient),
            Digits::Long { .. } => None,
        }
    }

    /// The digits of the coefficient, without its sign.
    pub fn coefficient_digits(&self) -> String {
        match &self.0 {
            Digits::Short { coefficient, .. } => coefficient.unsigned_abs().to_string(),
            Digits::Long { coefficient, .. } => coefficient.to_string(),
        }
    }

    /// The whole number that it is.
    pub fn to_whole<Whole: FromStr>(&self) -> Option<Whole> {
        const DIGITS_MAX: i64 = 40;
        (self.is_whole() && self.whole_digits() <= DIGITS_MAX)
            .then(|| self.to_string().parse().ok())
            .flatten()
    }

    /// It, multiplied by a power of ten, without what is then behind the point.
    pub fn scaled_and_cut(&self, power: i32) -> Option<i64> {
        let shift = self.exponent().checked_add(power)?;
        let mut digits = self.coefficient_digits();
        if 0 <= shift {
            let zeros = usize::try_from(shift).ok().filter(|zeros| *zeros <= SHORT_DIGITS_MAX + 1)?;
            digits.extend(std::iter::repeat_n('0', zeros));
        } else {
            digits.truncate(digits.len().saturating_sub(usize::try_from(-shift).ok()?));
        }
        let size: i64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(if self.is_negative() { -size } else { size })
    }
}

impl fmt::Display for Decimal {
    /// Plain, as `-0.001` and `1500`; with more than 60 zeros to add, as `15e400`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Digits::Short { coefficient, exponent: exponent @ -18..=0 } = self.0 {
            // The most common form by far.
            let (digits, places) = (coefficient.unsigned_abs(), exponent.unsigned_abs());
            let unit = 10_u64.pow(places);
            let sign = if coefficient < 0 { "-" } else { "" };
            return match places {
                0 => write!(f, "{coefficient}"),
                places => {
                    write!(f, "{sign}{}.{:0places$}", digits / unit, digits % unit, places = places as usize)
                }
            };
        }
        let (digits, exponent) = (self.coefficient_digits(), i64::from(self.exponent()));
        if self.is_negative() {
            f.write_str("-")?;
        }
        let point = digits.len() as i64 + exponent;
        if ZEROS_MAX < exponent || point < -ZEROS_MAX {
            return write!(f, "{digits}e{exponent}");
        }
        let zeros = |count: i64| "0".repeat(count.unsigned_abs() as usize);
        if 0 <= exponent {
            write!(f, "{digits}{}", zeros(exponent))
        } else if 0 < point {
            let (whole, fraction) = digits.split_at(point.unsigned_abs() as usize);
            write!(f, "{whole}.{fraction}")
        } else {
            write!(f, "0.{}{digits}", zeros(point))
        }
    }
}

#[cfg(test)]
mod tests;
