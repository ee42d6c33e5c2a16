//! The signature of a 7moor request.

use chrono::{NaiveDateTime, TimeDelta};
use md5::{Digest, Md5};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{SigCase, SigWindow};
use crate::service::state::State;
use crate::vendor::time::beijing_ms;

/// How old a signature may be.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// What a request says to prove who it is from.
pub(super) struct Signed<'a> {
    pub(super) account: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) sig: Option<&'a str>,
}

impl Signed<'_> {
    /// Whether the path, the header and the signature agree, and are of now.
    pub(super) fn is_valid(&self, state: &State, switches: &Switches) -> bool {
        let known = state.config.moor_accounts.iter().find(|known| known.account == self.account);
        let (Some(known), Some(sig)) = (known, self.sig) else { return false };
        let Some(stamp) = self.stamp() else { return false };
        let signed = Md5::digest(format!("{}{}{stamp}", known.account, known.secret));
        let signed: String = signed.iter().map(|byte| format!("{byte:02X}")).collect();
        let matches = match switches.moor_sig_case {
            SigCase::Strict => signed == sig,
            SigCase::Lax => signed.eq_ignore_ascii_case(sig),
        };
        matches && is_current(&stamp, state, switches)
    }

    /// The timestamp in the header, if the header is of this account.
    fn stamp(&self) -> Option<String> {
        let text = String::from_utf8(decode_base64(self.authorization?.trim())?).ok()?;
        let (account, stamp) = text.split_once(':')?;
        (account == self.account).then(|| stamp.to_owned())
    }
}

fn is_current(stamp: &str, state: &State, switches: &Switches) -> bool {
    // Fourteen digits, or a parser would take a short year for a long hour.
    if stamp.len() != 14 {
        return false;
    }
    let Ok(wall) = NaiveDateTime::parse_from_str(stamp, "%Y%m%d%H%M%S") else { return false };
    let age_ms = state.now().timestamp_millis() - beijing_ms(wall);
    // A stamp has whole seconds: one of this very second is not of the future.
    let ahead_ms = match switches.moor_sig_window {
        SigWindow::Both => LIFE.num_milliseconds(),
        SigWindow::PastOnly => 0,
    };
    (-ahead_ms..=LIFE.num_milliseconds() + 999).contains(&age_ms)
}

/// Standard base64, padded or not. Written out: a dozen lines are less than a
/// dependency, and the product's decoder must not be the simulator's.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut width) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from((bits >> width) & 0xFF).ok()?);
        }
    }
    Some(bytes)
}
