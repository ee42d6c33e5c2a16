//! Agents' accounts at the vendors, and whose they are: by rules in the database, or because a person said so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

/// The vendors whose accounts are told apart.
const VENDORS: [&str; 3] = ["sobot", "moor", "workbench"];

/// One agent's account at one vendor. Written `vendor/source/id`; the id may hold slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// `sobot`, `moor` or `workbench`.
    pub vendor: String,
    /// The operator's name for the vendor account.
    pub source: String,
    /// The agent's id there.
    pub account_id: String,
}

impl AccountKey {
    /// From its parts.
    ///
    /// # Errors
    /// Which part is missing or wrong.
    pub fn new(vendor: &str, source: &str, account_id: &str) -> Result<AccountKey, String> {
        if !VENDORS.contains(&vendor) {
            return Err(format!("the vendor is {vendor:?}, none of {}", VENDORS.join(", ")));
        }
        if source.is_empty() || source.contains('/') {
            return Err(format!("{source:?} is no name of a source"));
        }
        if account_id.is_empty() || account_id.contains('\0') {
            return Err("the account's id is missing".to_owned());
        }
        Ok(AccountKey {
            vendor: vendor.to_owned(),
            source: source.to_owned(),
            account_id: account_id.to_owned(),
        })
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.vendor, self.source, self.account_id)
    }
}

impl std::str::FromStr for AccountKey {
    type Err = String;

    fn from_str(text: &str) -> Result<AccountKey, String> {
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let (vendor, source, account_id) = (part(), part(), part());
        AccountKey::new(vendor, source, account_id)
            .map_err(|why| format!("{text:?} is no key vendor/source/id: {why}"))
    }
}

impl Serialize for AccountKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An account as `bi.agent_account` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentAccount {
    /// The person: the key of one of their accounts.
    pub person_id: String,
    /// `sobot`, `moor` or `workbench`.
    pub vendor: String,
    /// The operator's name for the vendor account.
    pub source: String,
    /// The agent's id there.
    pub account_id: String,
    /// Name there, as last known.
    pub name: Option<String>,
    /// E-mail there, as last known.
    pub email: Option<String>,
    /// What it was matched by.
    pub rule: Option<String>,
    /// `matched`, `separate`, `ambiguous` or `unmatched`.
    pub state: String,
    /// Why a match is lacking.
    pub reason: Option<String>,
    /// Keys of the accounts that could be meant.
    pub candidates: Vec<String>,
}

impl AgentAccount {
    /// Its key.
    pub fn key(&self) -> AccountKey {
        let (vendor, source, account_id) =
            (self.vendor.clone(), self.source.clone(), self.account_id.clone());
        AccountKey { vendor, source, account_id }
    }
}

/// Whose accounts are, where a person said so: account to person.
pub type AgentLinks = BTreeMap<AccountKey, AccountKey>;

/// What one line of a file says of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOrder {
    /// Its line, for messages.
    pub line: u64,
    /// The account.
    pub account: AccountKey,
    /// Whose it is; `None`: as the rules say.
    pub person: Option<AccountKey>,
    /// To be kept as said, even where the rules say the same.
    pub is_pinned: bool,
}

/// A whole file, and how it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFile {
    /// Its lines.
    pub orders: Vec<LinkOrder>,
    /// It is the whole list: what was said of other accounts is taken back.
    pub replaces: bool,
    /// Accounts that no vendor has named yet are no mistakes.
    pub allows_unknown: bool,
}

/// What an import changes of what is said of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkChange {
    /// The account.
    pub account: AccountKey,
    /// Whose it was said to be; `None`: nothing was said.
    pub from: Option<AccountKey>,
    /// Whose it is said to be now; `None`: as the rules say.
    pub to: Option<AccountKey>,
    /// Whose it counted as before.
    pub was: Option<String>,
}

/// What the file changes, by account; nothing where all is as it says.
///
/// # Errors
/// Every mistake of the file, each with its line.
pub fn link_changes(
    accounts: &[AgentAccount],
    links: &AgentLinks,
    file: &LinkFile,
) -> Result<Vec<LinkChange>, Vec<String>> {
    let known: BTreeMap<AccountKey, &AgentAccount> =
        accounts.iter().map(|account| (account.key(), account)).collect();
    let mut mistakes = doubled(&file.orders);
    if !file.allows_unknown {
        mistakes.extend(unknown(&known, links, &file.orders));
    }
    let wanted = resolved(merged(&known, links, file), &known, &file.orders).unwrap_or_else(|mut loops| {
        mistakes.append(&mut loops);
        AgentLinks::new()
    });
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let touched: BTreeSet<&AccountKey> = links.keys().chain(wanted.keys()).collect();
    let changes = touched.into_iter().filter_map(|account| {
        let (from, to) = (links.get(account).cloned(), wanted.get(account).cloned());
        let was = known.get(account).map(|known| known.person_id.clone());
        (from != to).then(|| LinkChange { account: account.clone(), from, to, was })
    });
    Ok(changes.collect())
}

/// Accounts of which the file says two things.
fn doubled(orders: &[LinkOrder]) -> Vec<String> {
    let mut first: BTreeMap<&AccountKey, &LinkOrder> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for order in orders {
        let earlier = *first.entry(&order.account).or_insert(order);
        if (&earlier.person, earlier.is_pinned) != (&order.person, order.is_pinned) {
            let LinkOrder { line, account, .. } = order;
            mistakes.push(format!("line {line}: {account} is given otherwise in line {}", earlier.line));
        }
    }
    mistakes
}

/// Accounts and persons that nothing tells of.
fn unknown(
    known: &BTreeMap<AccountKey, &AgentAccount>,
    links: &AgentLinks,
    orders: &[LinkOrder],
) -> Vec<String> {
    let is_known = |key: &AccountKey| {
        known.contains_key(key) || links.contains_key(key) || links.values().any(|person| person == key)
    };
    let mut mistakes = Vec::new();
    for LinkOrder { line, account, person, .. } in orders {
        if !is_known(account) {
            mistakes.push(format!("line {line}: no vendor has named the account {account} so far"));
        }
        if let Some(person) = person.as_ref().filter(|person| *person != account && !is_known(person)) {
            mistakes.push(format!("line {line}: no vendor has named the account {person} so far"));
        }
    }
    mistakes
}

/// What is said after the file, persons as the file writes them.
fn merged(known: &BTreeMap<AccountKey, &AgentAccount>, links: &AgentLinks, file: &LinkFile) -> AgentLinks {
    let mut wanted = links.clone();
    if file.replaces {
        let listed: BTreeSet<&AccountKey> = file.orders.iter().map(|order| &order.account).collect();
        wanted.retain(|account, _| listed.contains(account));
    }
    for order in &file.orders {
        let Some(person) = &order.person else {
            wanted.remove(&order.account);
            continue;
        };
        // As it counts already, an exported line says nothing new.
        let counts = known.get(&order.account).is_some_and(|known| known.person_id == person.to_string());
        if !counts || (order.is_pinned && !links.contains_key(&order.account)) {
            wanted.insert(order.account.clone(), person.clone());
        }
    }
    wanted
}

/// The same with each person under one key: who is named by an account that is somebody's is that somebody.
fn resolved(
    wanted: AgentLinks,
    known: &BTreeMap<AccountKey, &AgentAccount>,
    orders: &[LinkOrder],
) -> Result<AgentLinks, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut found = AgentLinks::new();
    for (account, person) in &wanted {
        let mut last = person;
        let mut passed = BTreeSet::from([account]);
        while let Some(next) = wanted.get(last).filter(|next| *next != last && last != account) {
            if !passed.insert(last) {
                break;
            }
            last = next;
        }
        if last == account && person != account || wanted.get(last).is_some_and(|next| next != last) {
            let line = orders.iter().find(|order| order.account == *account).map(|order| order.line);
            let place = line.map_or_else(|| "said before".to_owned(), |line| format!("line {line}"));
            mistakes
                .push(format!("{place}: {account} is given to {person}, who is given to others in a circle"));
            continue;
        }
        let counted = known.get(last).filter(|_| !wanted.contains_key(last));
        let counted = counted.and_then(|known| known.person_id.parse::<AccountKey>().ok());
        let last = counted.filter(|person| person != account).unwrap_or_else(|| last.clone());
        found.insert(account.clone(), last);
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests;
