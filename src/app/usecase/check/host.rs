//! This machine: its disk, its zone, and the port that ops wants.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Offset as _, TimeZone as _};
use tokio::net::TcpListener;
use url::Url;

use super::report::{CheckGroup, Checked};
use crate::app::Overrides;
use crate::config::Settings;
use crate::domain::fault::Fault;
use crate::domain::row::text::byte_size;
use crate::sources::context::RequestContext;
use crate::sources::http::{HttpClient, Request};
use crate::spool;

/// Less than this, and PostgreSQL may stop at the next burst of writes.
const FREE_LEAST: u64 = 256 << 20;
/// Less than this is soon less than that.
const FREE_FEW: u64 = 2 << 30;

/// Who listens on our port answers quickly, or is not ccsync.
const PORT_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) async fn check(
    settings: &Settings,
    overrides: &Overrides,
    http: Result<&HttpClient, &Fault>,
) -> Vec<Checked> {
    vec![zone(settings, overrides), disk(settings), port(settings, http).await]
}

fn zone(settings: &Settings, overrides: &Overrides) -> Checked {
    let now = overrides.clock.now();
    let host = chrono::Local.offset_from_utc_datetime(&now.naive_utc()).fix();
    let detail = format!(
        "days, schedules and dates follow {}; this host's clock shows UTC{host}, which does not matter",
        settings.timezone
    );
    Checked::well(CheckGroup::Host, "time zone", detail)
}

/// What is written under `data_dir`: the embedded server's cluster, and feeds' events while the database is away.
fn disk(settings: &Settings) -> Checked {
    let (group, subject) = (CheckGroup::Host, "disk");
    let spool: u64 = settings.feeds().map(|(_, feed)| u64::from(feed.spool_mib_max) << 20).sum();
    let embedded = settings.database.url.is_none();
    if !embedded && spool == 0 {
        return Checked::well(
            group,
            subject,
            "nothing is kept on it: the database is elsewhere, and no feed is followed",
        );
    }
    let place = existing(&settings.database.data_dir);
    let free = match spool::free_space(&place) {
        Ok(disk) => disk.free_bytes,
        Err(error) => {
            let detail = format!("{} cannot be looked at: {error}", place.display());
            return Checked::failed(
                group,
                subject,
                detail,
                "name a directory in `database.data_dir` that ccsync may use",
            );
        }
    };
    let least = FREE_LEAST.max(spool);
    let detail = format!("{} free under {}", byte_size(free), settings.database.data_dir.display());
    let remedy = "make room, or set `database.data_dir` to a larger disk";
    if free < FREE_LEAST {
        Checked::failed(group, subject, detail, remedy)
    } else if free < least {
        let detail = format!("{detail}; events of feeds may need {} (spool_mib_max)", byte_size(spool));
        Checked::warning(group, subject, detail, remedy)
    } else if embedded && free < FREE_FEW {
        Checked::warning(group, subject, detail, remedy)
    } else {
        Checked::well(group, subject, detail)
    }
}

/// The path itself, or what exists of it.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.ancestors().find(|place| place.exists()).unwrap_or(Path::new("/")).to_owned()
}

async fn port(settings: &Settings, http: Result<&HttpClient, &Fault>) -> Checked {
    let (group, subject) = (CheckGroup::Host, "ops.listen");
    let address = settings.ops.listen;
    if !settings.ops.enabled {
        return Checked::skipped(group, subject, "`ops.enabled` is false: nothing is served");
    }
    let error = match TcpListener::bind(address).await {
        Ok(_) if address.port() == 0 => return Checked::well(group, subject, "takes any free port"),
        Ok(_) => return Checked::well(group, subject, format!("{address} is free")),
        Err(error) => error,
    };
    if error.kind() == std::io::ErrorKind::AddrInUse
        && let Ok(http) = http
        && is_ours(http, address).await
    {
        return Checked::well(group, subject, format!("a running ccsync serves on {address}"));
    }
    let detail = format!("{address} cannot be used: {error}");
    Checked::failed(group, subject, detail, "choose another address or port, or stop what holds it")
}

/// Whether a ccsync answers there.
async fn is_ours(http: &HttpClient, address: std::net::SocketAddr) -> bool {
    let mut at = address;
    if at.ip().is_unspecified() {
        let here: std::net::IpAddr = match at.is_ipv4() {
            true => std::net::Ipv4Addr::LOCALHOST.into(),
            false => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        at.set_ip(here);
    }
    let Ok(url) = Url::parse(&format!("http://{at}/metrics")) else { return false };
    let mut request = Request::get(url);
    request.time_limit = Some(PORT_TIMEOUT);
    let context = RequestContext { subject: "ops.listen".to_owned(), request: "GET /metrics".to_owned() };
    http.send(&context, request).await.is_ok_and(|answer| answer.text.contains("ccsync_up"))
}
