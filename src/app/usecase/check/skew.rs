//! How far another machine's clock is from ours.

use chrono::Duration;

use super::report::{CheckGroup, Checked};

/// An HTTP date has whole seconds, and answers take a while.
const TOLERATED: Duration = Duration::seconds(10);
/// 7moor refuses signatures that are five minutes off.
const FATAL: Duration = Duration::minutes(4);

/// `ahead` is their clock less ours; `whose` as in "the vendor's".
pub(super) fn skew(group: CheckGroup, subject: impl Into<String>, ahead: Duration, whose: &str) -> Checked {
    let off = ahead.abs();
    if off <= TOLERATED {
        return Checked::well(
            group,
            subject,
            format!("agrees with {whose} within {} s", TOLERATED.num_seconds()),
        );
    }
    // Theirs ahead is ours behind.
    let side = if Duration::zero() < ahead { "behind" } else { "ahead of" };
    let length = match off.num_minutes() {
        0..=1 => format!("{} s", off.num_seconds()),
        minutes => format!("{minutes} min"),
    };
    let detail = format!("this host's clock is {length} {side} {whose}");
    let remedy = "set the wrong one by NTP (`timedatectl set-ntp true`): nothing is called complete after the earlier of the database's and the vendor's, and schedules go by this host's";
    if off <= FATAL {
        Checked::warning(group, subject, detail, remedy)
    } else {
        Checked::failed(group, subject, detail, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::CheckVerdict;
    use super::*;

    #[test]
    fn seconds_are_tolerated_a_minute_is_told_and_what_signatures_do_not_survive_fails() {
        let found = |seconds| {
            let checked = skew(CheckGroup::Database, "clock", Duration::seconds(seconds), "the vendor's");
            (checked.verdict, checked.detail)
        };
        assert_eq!(found(-10), (CheckVerdict::Ok, "agrees with the vendor's within 10 s".to_owned()));
        assert_eq!(
            found(11),
            (CheckVerdict::Warning, "this host's clock is 11 s behind the vendor's".to_owned())
        );
        assert_eq!(found(-240).0, CheckVerdict::Warning);
        assert_eq!(
            found(-600),
            (CheckVerdict::Failed, "this host's clock is 10 min ahead of the vendor's".to_owned())
        );
    }
}
