//! `[sources.NAME.agent_monitor]`: the live feed of a source.

use std::time::Duration;

use crate::config::parse::leaf::show_duration;
use crate::config::parse::reader::Section;
use crate::config::section::source::retention;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::NoticeTime;

const MS: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The live feed of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// Which feed.
    pub key: StreamKey,
    /// Whether it is followed.
    pub enabled: bool,
    /// How the token stands in the address.
    pub token_form: TokenForm,
    /// What the time of a notice counts; `Unknown` where it is not given.
    pub notice_time: NoticeTime,
    /// Quiet for this long, a connection is pinged.
    pub ping: Duration,
    /// Quiet for this long, it is taken for dead.
    pub silence: Duration,
    /// Wait before the second try to connect.
    pub reconnect_base: Duration,
    /// Longest wait between two tries.
    pub reconnect_max: Duration,
    /// Messages held in memory.
    pub buffer_messages: usize,
    /// Room on disk for messages while the database is away, in MiB.
    pub spool_mib_max: u32,
    /// A larger message is quarantined unread, in KiB.
    pub message_kib_max: u32,
    /// What ended or came longer ago is removed; `None`: nothing ever.
    pub retention: Option<Duration>,
}

/// How a token stands in the address of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// It is the whole query: `?TOKEN`, as documented.
    Bare,
    /// `?access_token=TOKEN`.
    AccessToken,
}

/// Reads the feed's table.
pub(in crate::config) fn feed(section: &Section<'_>, key: StreamKey) -> Option<FeedSettings> {
    let enabled = section.boolean("enabled");
    let forms = [("bare", TokenForm::Bare), ("access_token", TokenForm::AccessToken)];
    let token_form = section.choice("token_form", &forms);
    let times = NoticeTime::ALL.map(|time| (time.as_str(), time));
    let notice_time = section.choice("notice_time", &times);
    let ping = section.duration("ping", 10 * MS..=10 * MINUTE);
    let silence = section.duration("silence", 20 * MS..=HOUR);
    let reconnect_base = section.duration("reconnect_base", MS..=10 * MINUTE);
    let reconnect_max = section.duration("reconnect_max", MS..=HOUR);
    let buffer_messages = section.number("buffer_messages", 100..=1_000_000);
    let spool_mib_max = section.number("spool_mib_max", 1..=1_048_576);
    let message_kib_max = section.number("message_kib_max", 1..=8_192);
    let retention = retention(section);
    at_least(section, ("silence", silence), ("ping", ping));
    at_least(section, ("reconnect_max", reconnect_max), ("reconnect_base", reconnect_base));
    Some(FeedSettings {
        key,
        enabled: enabled?,
        token_form: token_form?,
        notice_time: notice_time?,
        ping: ping?,
        silence: silence?,
        reconnect_base: reconnect_base?,
        reconnect_max: reconnect_max?,
        buffer_messages: buffer_messages?,
        spool_mib_max: spool_mib_max?,
        message_kib_max: message_kib_max?,
        retention: retention?,
    })
}

fn at_least(section: &Section<'_>, large: (&str, Option<Duration>), small: (&str, Option<Duration>)) {
    if let (Some(value), Some(least)) = (large.1, small.1)
        && value < least
    {
        let (value, least) = (show_duration(value), show_duration(least));
        section.refuse(large.0, format!("{value} is less than `{}`, which is {least}", small.0));
    }
}
