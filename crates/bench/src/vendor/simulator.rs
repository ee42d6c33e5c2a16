//! The vendor that is read: the simulator as a process of its own, or another server.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use super::connection::Connection;
use crate::failure::Failure;
use crate::place::{DaySpan, Place};
use crate::process::child::{last_lines, listen, pid, spawn};
use crate::process::stat;

/// What the simulator is to hold.
pub(crate) struct World<'a> {
    /// Calls.
    pub(crate) calls: u64,
    /// The days over which they are spread.
    pub(crate) days: DaySpan,
    /// Chats, and skill groups.
    pub(crate) others: (u64, u64),
    /// Accounts that all read the same.
    pub(crate) accounts: u64,
    /// How long every answer takes at least.
    pub(crate) latency: Duration,
    /// As on the simulator's command line.
    pub(crate) switches: &'a [String],
    /// What else is said on its command line.
    pub(crate) options: &'a [String],
}

/// The name of an account; its key is `demo-key`.
pub(crate) fn account(number: u64) -> String {
    if number == 0 { "demo-app".to_owned() } else { format!("app-{number}") }
}

/// A running simulator; it is killed when this is dropped.
pub(crate) struct Simulator {
    child: Child,
    /// Its address.
    pub(crate) base_url: String,
    /// How long it took to make its data.
    pub(crate) start_seconds: f64,
}

impl Simulator {
    /// Starts it and waits until its data are there.
    ///
    /// # Errors
    /// It ended.
    pub(crate) async fn start(place: &Place, world: &World<'_>) -> Result<Simulator, Failure> {
        let latency = format!("{}ms", world.latency.as_millis());
        let (calls, from, to) =
            (world.calls.to_string(), world.days.from.to_string(), world.days.to.to_string());
        let (chats, groups) = (world.others.0.to_string(), world.others.1.to_string());
        let mut arguments =
            vec!["simulator", "--listen", "127.0.0.1:0", "--chats", &chats, "--groups", &groups];
        arguments.extend(["--calls", &calls, "--from", &from, "--to", &to, "--latency", &latency]);
        let accounts: Vec<String> = (0..world.accounts).map(account).collect();
        arguments.extend(accounts.iter().flat_map(|name| ["--app-id", name, "--app-key", "demo-key"]));
        arguments.extend(world.switches.iter().flat_map(|switch| ["--switch", switch]));
        arguments.extend(world.options.iter().map(String::as_str));
        let began = Instant::now();
        let mut child = spawn(place.ccsync(None, &arguments))?;
        let mut address = String::new();
        if let Some(out) = child.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut address).await;
        }
        let err = listen(child.stderr.take());
        if address.trim().is_empty() {
            let said = err.await.unwrap_or_default();
            return Err(Failure::failed(format!("the simulator ended{}", last_lines(&said))));
        }
        let base_url = address.trim().to_owned();
        Ok(Simulator { child, base_url, start_seconds: began.elapsed().as_secs_f64() })
    }

    /// The processor time that it has used.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        stat::cpu_seconds(pid(&self.child))
    }

    /// The memory that it has taken at most, in KiB.
    pub(crate) fn resident_max_kib(&self) -> Option<u64> {
        stat::resident_max_kib(pid(&self.child))
    }

    /// What it answers behind the scenes; with a body, that is posted.
    ///
    /// # Errors
    /// It does not answer, or otherwise.
    pub(crate) async fn control<Answer: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&str>,
    ) -> Result<Answer, Failure> {
        let failed = |error: String| Failure::failed(format!("the simulator's {path}: {error}"));
        let mut connection = Connection::open(&self.base_url).await.map_err(failed)?;
        let answer = match body {
            Some(body) => connection.post(path, body).await,
            None => connection.get(path, "").await,
        };
        let (status, body) = answer.map_err(failed)?;
        if status != 200 {
            return Err(failed(format!("{status} {}", String::from_utf8_lossy(&body))));
        }
        serde_json::from_slice(&body).map_err(|error| failed(error.to_string()))
    }

    /// Calls that it has answered with so far.
    ///
    /// # Errors
    /// As [`Simulator::control`].
    pub(crate) async fn rows_served(&self) -> Result<u64, Failure> {
        let counts: serde_json::Value = self.control("/_sim/journal/counts", None).await?;
        Ok(counts["sobot.call_result"]["rows"].as_u64().unwrap_or_default())
    }

    /// Requests for calls that it has received so far.
    ///
    /// # Errors
    /// As [`Simulator::control`].
    pub(crate) async fn requests(&self) -> Result<u64, Failure> {
        let counts: serde_json::Value = self.control("/_sim/journal/counts", None).await?;
        Ok(counts["sobot.call_result"]["requests"].as_u64().unwrap_or_default())
    }
}
