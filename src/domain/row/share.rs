//! A share of a whole, as an operator writes it: `5%`, `0.1%`.

use std::fmt;
use std::str::FromStr;

/// Millionths, 0 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

const WHOLE: u32 = 1_000_000;

impl Share {
    /// So many hundredths; more than all is all.
    pub const fn percent(hundredths: u32) -> Share {
        Share(if hundredths < 100 { hundredths * 10_000 } else { WHOLE })
    }

    /// Whether `part` of `whole` is more than this share.
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(whole) * u128::from(self.0) < u128::from(part) * u128::from(WHOLE)
    }

    /// As a number from 0 to 1.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let expected = || format!("expects a share such as 5% or 0.1%, from 0% to 100%, not {text:?}");
        let number = text.trim().strip_suffix('%').ok_or_else(expected)?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || 3 < whole.len() || 4 < fraction.len() || !digits(whole) || !digits(fraction) {
            return Err(expected());
        }
        // A hundredth has ten thousand millionths: four digits after the point.
        let millionths: u32 = format!("{whole}{fraction:0<4}").parse().map_err(|_| expected())?;
        if WHOLE < millionths { Err(expected()) } else { Ok(Share(millionths)) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 10_000, self.0 % 10_000);
        match fraction {
            0 => write!(f, "{whole}%"),
            _ => write!(f, "{whole}.{}%", format!("{fraction:04}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_shown_as_it_is_written() {
        for text in ["0%", "0.1%", "5%", "12.5%", "99.9999%", "100%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
        assert_eq!("5 %".parse::<Share>(), Ok(Share::percent(5)));
        assert!((Share::percent(5).as_f64() - 0.05).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "%", "5", "0.05", "-1%", "101%", "100.0001%", "0.00001%", "1e2%", ".5%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
