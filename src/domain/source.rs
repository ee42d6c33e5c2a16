//! Which vendor account a source is, and whether the configuration's accounts fit the names under which the database
//! holds their rows. Pure.

mod refusal;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// One vendor account. Two are the same where kind and id are; where the vendor knows no ids, where the hosts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VendorAccount {
    /// `sobot`, `moor` or `workbench`.
    pub kind: String,
    /// Account id; empty where the vendor knows none.
    pub id: String,
    /// Host, and port where it is not the usual one. Of this machine without the port where there is an id: simulators
    /// take any.
    pub host: String,
}

impl VendorAccount {
    /// The account of this id at an address.
    pub fn new(kind: &str, id: &str, host: &str, port: Option<u16>) -> VendorAccount {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let port = port.filter(|_| id.is_empty() || !is_local(&host));
        let host = port.map_or(host.clone(), |port| format!("{host}:{port}"));
        VendorAccount { kind: kind.to_owned(), id: id.to_owned(), host }
    }

    /// Whether both are one account, wherever it is read from.
    pub fn is_same(&self, other: &VendorAccount) -> bool {
        self.kind == other.kind && self.id == other.id && (!self.id.is_empty() || self.host == other.host)
    }

    /// Whether it was read from this machine, where a simulator listens and a vendor hardly ever.
    pub fn is_local(&self) -> bool {
        is_local(&self.host)
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.starts_with("localhost:")
        || host.starts_with("127.")
        || host.starts_with("[::1]")
}

/// Without the host where there is an id.
impl fmt::Display for VendorAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.escape_debug();
        match self.kind.as_str() {
            "sobot" => write!(f, "the Sobot account with app_id {id}"),
            "moor" => write!(f, "the 7moor account {id}"),
            kind if self.id.is_empty() => write!(f, "the {kind} at {}", self.host),
            kind => write!(f, "the {kind} account {id}"),
        }
    }
}

/// A source of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredSource {
    /// The operator's name for it.
    pub name: String,
    /// The account that it names.
    pub account: VendorAccount,
    /// Whether requests were sent in the account's name before, by whatever source.
    pub is_used: bool,
}

/// A change of a source's name or rows that is under way, or was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingChange {
    /// The command that ends it, as it is typed.
    pub command: String,
    /// When it was begun.
    pub since: DateTime<Utc>,
    /// The new name, of a rename.
    pub new_name: Option<String>,
}

/// A source that the database knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownSource {
    /// The name that its rows carry.
    pub name: String,
    /// `sobot`, `moor` or `workbench`.
    pub kind: String,
    /// The account; `None` until a configured source of this name is met: the rows are older than its memory.
    pub account: Option<VendorAccount>,
    /// Changes whenever the name gets another meaning.
    pub generation: i64,
    /// When and by whom it was retired.
    pub retired: Option<(DateTime<Utc>, String)>,
    /// What is under way.
    pub pending: Option<PendingChange>,
    /// Whether anything that the vendor sent is stored under the name.
    pub has_rows: bool,
}

impl KnownSource {
    fn is(&self, account: &VendorAccount) -> bool {
        self.account.as_ref().is_some_and(|known| known.is_same(account))
    }
}

/// A source with rows in schema `bi` that the configuration does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnconfiguredSource {
    /// The operator's name for it.
    pub source: String,
    /// `sobot`, `moor` or `workbench`.
    pub kind: String,
    /// When it was read last, by whomever.
    pub read_at: DateTime<Utc>,
}

/// Why a source may not be read, and the command that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRefusal {
    /// The source's name in the configuration.
    pub source: String,
    /// In full sentences.
    pub message: String,
}

/// What is written to the database where nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceEntry {
    /// The name stands for nothing that is stored.
    Drop(String),
    /// The name stands for this account from here on.
    Put(String, VendorAccount),
}

/// What follows from a configuration and what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// What does not fit.
    pub refusals: Vec<AccountRefusal>,
    /// What is to be remembered, in this order.
    pub entries: Vec<SourceEntry>,
}

/// Holds each configured source against what is known. Names under which nothing is stored bind nobody.
pub fn judge(configured: &[ConfiguredSource], known: &[KnownSource]) -> Judgement {
    let mut judgement = Judgement::default();
    let mut drops = Vec::new();
    for source in configured {
        let view = View { source, configured, known };
        match view.refusal() {
            Some(message) => {
                judgement.refusals.push(AccountRefusal { source: source.name.clone(), message });
            }
            None => view.entries(&mut drops, &mut judgement.entries),
        }
    }
    drops.sort_unstable();
    drops.dedup();
    judgement.entries.splice(0..0, drops.into_iter().map(SourceEntry::Drop));
    judgement
}

/// One configured source among the others.
struct View<'a> {
    source: &'a ConfiguredSource,
    configured: &'a [ConfiguredSource],
    known: &'a [KnownSource],
}

impl<'a> View<'a> {
    /// What is stored under the source's name.
    fn own(&self) -> Option<&'a KnownSource> {
        self.known.iter().find(|known| known.name == self.source.name)
    }

    /// The other name under which the account is stored.
    fn elsewhere(&self) -> Option<&'a KnownSource> {
        self.known.iter().find(|known| known.name != self.source.name && known.is(&self.source.account))
    }

    fn is_configured(&self, name: &str) -> bool {
        self.configured.iter().any(|source| source.name == name)
    }

    fn entries(&self, drops: &mut Vec<String>, puts: &mut Vec<SourceEntry>) {
        let SourceEntry::Put(name, account) = self.put() else { return };
        if let Some(other) = self.elsewhere() {
            drops.push(other.name.clone());
        }
        match self.own() {
            Some(own) if own.account.as_ref() == Some(&account) => return,
            // Another account's name, and nothing is stored under it.
            Some(own)
                if own.kind != account.kind
                    || own.retired.is_some()
                    || own.account.is_some() && !own.is(&account) =>
            {
                drops.push(name.clone());
            }
            _ => {}
        }
        puts.push(SourceEntry::Put(name, account));
    }

    fn put(&self) -> SourceEntry {
        SourceEntry::Put(self.source.name.clone(), self.source.account.clone())
    }
}
