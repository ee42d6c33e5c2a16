//! The forms of single values: durations, instants, schedules, addresses.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use humantime_serde::re::humantime;
use url::{Host, Url};

use crate::config::parse::suggest;
use crate::domain::proof::window::local_midnight;
use crate::scheduler::cron::{CronError, CronSchedule};

const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// `90s`, `10m`, `1d 12h`, within a range.
pub(in crate::config) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(bare_number(text));
    }
    let spelled = in_days(text);
    let units = spelled.split(|character: char| !character.is_alphabetic());
    if units.into_iter().any(|unit| unit == "M" || unit.starts_with("mo") || unit.starts_with('y')) {
        return Err(format!(
            "{text:?}: months have no fixed length; write days, such as 31d, or years of 365 days, such as 2y"
        ));
    }
    let duration = humantime::parse_duration(&spelled)
        .map_err(|_| format!("expects a duration such as 250ms, 90s, 10m or 1d, not {text:?}"))?;
    if range.contains(&duration) {
        return Ok(duration);
    }
    let (low, high) = range.into_inner();
    Err(format!("{text} is out of range: from {} to {}", show_duration(low), show_duration(high)))
}

/// `2y 10d` with its years as days: a year has 365, or nobody could say when a row is two years old.
fn in_days(text: &str) -> String {
    let years = text.split_once('y').filter(|(_, rest)| !rest.starts_with(char::is_alphabetic));
    match years.and_then(|(years, rest)| Some((years.trim().parse::<u32>().ok()?, rest))) {
        Some((years, rest)) => format!("{}d{rest}", u64::from(years) * 365),
        None => text.to_owned(),
    }
}

/// What is said about a duration without a unit.
pub(in crate::config) fn bare_number(number: &str) -> String {
    format!("expects a duration with its unit, such as 250ms, 90s, 10m or 1d; {number} has none")
}

/// The duration in the largest unit that shows it exactly.
pub(in crate::config) fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let exact = UNITS.iter().find(|(_, unit)| nanos.is_multiple_of(*unit));
    exact.map(|(name, unit)| format!("{}{name}", nanos / unit)).unwrap_or_default()
}

/// A date (its midnight), or a date and time, in `zone` where it has no offset of its own.
pub(in crate::config) fn instant(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(local_midnight(date, zone));
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    match naive.map(|naive| zone.from_local_datetime(&naive).earliest()) {
        Some(Some(instant)) => Ok(instant.to_utc()),
        Some(None) => Err(format!("{text} does not exist in {zone}: the clocks skip it")),
        None => Err(format!(
            "expects a date such as 2026-01-01, or a date and time such as 2026-01-01T08:00:00+08:00, not {text:?}"
        )),
    }
}

/// The first instant wanted: neither in the future nor absurdly long ago.
pub(in crate::config) fn start(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let start = instant(text, zone)?;
    if start > now {
        return Err(format!("start {text} lies in the future"));
    }
    match NaiveDate::from_ymd_opt(2000, 1, 1) {
        Some(floor) if start < local_midnight(floor, zone) => {
            Err(format!("start {text} lies before 2000-01-01"))
        }
        _ => Ok(start),
    }
}

/// Six fields, seconds first, read just as the scheduler reads them, and due at some time.
pub(in crate::config) fn schedule(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<String, String> {
    let form = "second, minute, hour, day of month, month, day of week, such as \"0 */10 * * * *\"";
    let fields = text.split_whitespace().count();
    if fields != 6 {
        return Err(format!("{text:?} has {fields} fields; expects six: {form}"));
    }
    let cron = CronSchedule::parse(text, zone).map_err(|CronError { reason, .. }| {
        format!("{text:?} is not a schedule ({reason}); it has six fields: {form}")
    })?;
    match cron.next_tick(now) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("{text:?} is never due")),
    }
}

/// What people write for the zone of their days, and the list's name of it.
const ZONES_MEANT: [(&str, &str); 10] = [
    ("Asia/Beijing", "Asia/Shanghai"),
    ("Asia/Peking", "Asia/Shanghai"),
    ("Asia/Shenzhen", "Asia/Shanghai"),
    ("Asia/Guangzhou", "Asia/Shanghai"),
    ("Beijing", "Asia/Shanghai"),
    ("China", "Asia/Shanghai"),
    ("CST", "Asia/Shanghai"),
    ("UTC+8", "Asia/Shanghai"),
    ("GMT+8", "Asia/Shanghai"),
    ("+08:00", "Asia/Shanghai"),
];

/// An IANA time zone.
pub(in crate::config) fn timezone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| {
        let meant = ZONES_MEANT.iter().find(|(wrong, _)| wrong.eq_ignore_ascii_case(text.trim()));
        let hint = match meant {
            Some((_, zone)) => format!("; did you mean `{zone}`?"),
            None => suggest::hint(text, TZ_VARIANTS.iter().map(|zone| zone.name())),
        };
        format!("{text:?} is not a time zone of the IANA list, such as \"Asia/Shanghai\"{hint}")
    })
}

/// Which hosts may be spoken to without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum PlainHttp {
    /// This host alone.
    Loopback,
    /// This host and addresses that no one outside can reach.
    PrivateNetwork,
    /// Any: the operator said so.
    Allowed,
}

/// A vendor's address: scheme, host, perhaps a port and a path. The text is not repeated, as it may hold a password.
pub(in crate::config) fn base_url(text: &str, plain: PlainHttp) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|error| format!("is not an address such as https://www.example.com: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("expects an address that begins with https://, not {}:", url.scheme()));
    }
    let host = url.host().ok_or("has no host")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; credentials have keys of their own".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment (`?…` or `#…`); expects the address alone".to_owned());
    }
    let plain_allowed = match plain {
        PlainHttp::Allowed => true,
        PlainHttp::PrivateNetwork => is_loopback(&host) || is_private(&host),
        PlainHttp::Loopback => is_loopback(&host),
    };
    if url.scheme() == "http" && !plain_allowed {
        return Err(format!(
            "plain http to {host} would carry secrets readable by anyone on the way: use https, \
             or set `allow_http = true` beside it"
        ));
    }
    Ok(url)
}

pub(in crate::config) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

pub(in crate::config) fn is_private(host: &Host<&str>) -> bool {
    let address = match host {
        Host::Domain(_) => return false,
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => address.to_canonical(),
    };
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::MAX;

    #[test]
    fn every_form_of_a_duration_is_read_and_shown_again() {
        let forms = [
            ("250ms", 250),
            ("90s", 90_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("1d 12h", 129_600_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
            ("2w", 1_209_600_000),
            ("1min", 60_000),
            ("5 seconds", 5_000),
            ("500us", 0),
            ("2y", 63_072_000_000),
            ("1y 1d", 31_622_400_000),
        ];
        for (text, millis) in forms {
            let duration = duration(text, ANY).unwrap();
            assert_eq!(duration.as_millis(), millis, "{text}");
            assert_eq!(super::duration(&show_duration(duration), ANY), Ok(duration), "{text}");
        }
        assert_eq!(show_duration(Duration::from_secs(31 * 86_400)), "31d");
        assert_eq!(show_duration(Duration::from_millis(1_500)), "1500ms");
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_form() {
        for text in ["10", "1.5", "", "-1d", "ten minutes", "10 parsecs"] {
            assert!(duration(text, ANY).unwrap_err().contains("90s"), "{text}");
        }
        for text in ["1M", "1month", "1yr", "2 years"] {
            assert!(duration(text, ANY).unwrap_err().contains("31d"), "{text}");
        }
        let second = Duration::from_secs(1);
        assert_eq!(duration("90s", second..=second * 60).unwrap_err(), "90s is out of range: from 1s to 1m");
    }

    #[test]
    fn a_date_is_its_local_midnight_and_an_offset_counts() {
        let shanghai = Tz::Asia__Shanghai;
        for text in ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00", "2025-12-31T16:00:00Z"] {
            assert_eq!(instant(text, shanghai).unwrap().to_rfc3339(), "2025-12-31T16:00:00+00:00", "{text}");
        }
        assert!(instant("yesterday", shanghai).unwrap_err().contains("2026-01-01"));
        assert!(instant("2026-03-08 02:30", Tz::America__New_York).unwrap_err().contains("skip"));
    }

    #[test]
    fn a_schedule_has_six_fields_and_is_due_at_some_time() {
        let check = |text| schedule(text, Tz::Asia__Shanghai, DateTime::UNIX_EPOCH);
        assert_eq!(check("0 */10 * * * *").as_deref(), Ok("0 */10 * * * *"));
        assert!(check("*/10 * * * *").unwrap_err().contains("expects six"));
        assert!(check("0 0 0 31 2 *").unwrap_err().contains("no day matches it"));
        assert!(check("0 99 * * * *").unwrap_err().contains("not a schedule"));
    }

    #[test]
    fn plain_http_reaches_only_whom_it_may() {
        let check = |text, plain| base_url(text, plain).is_ok();
        for loopback in ["http://localhost:9", "http://127.0.0.2", "http://[::1]:80/x", "https://a.example"] {
            assert!(check(loopback, PlainHttp::Loopback), "{loopback}");
        }
        for local in ["http://10.0.0.8", "http://192.168.1.1:8080", "http://[fd00::1]"] {
            assert!(!check(local, PlainHttp::Loopback) && check(local, PlainHttp::PrivateNetwork), "{local}");
        }
        for public in ["http://8.8.8.8", "http://vendor.example", "http://localhost.evil.example"] {
            assert!(
                !check(public, PlainHttp::PrivateNetwork) && check(public, PlainHttp::Allowed),
                "{public}"
            );
        }
        for never in
            ["ftp://a.example", "https://u:p@a.example", "https://a.example?x=1", "a.example", "https://"]
        {
            assert!(!check(never, PlainHttp::Allowed), "{never}");
        }
    }
}
