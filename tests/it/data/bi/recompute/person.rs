//! Whose account it is, by the rules of docs/agents.md.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::cell::{Table, at, text, texts};
use super::world::{RETIRED, World};

/// An account at a vendor, and what is found of it.
#[derive(Debug, Clone)]
pub struct Account {
    pub vendor: &'static str,
    pub source: String,
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub first_seen_at: Option<DateTime<Utc>>,
    /// What an operator said.
    stated: Option<String>,
    pub person: String,
    state: &'static str,
    rule: Option<&'static str>,
    reason: Option<&'static str>,
    candidates: Vec<String>,
}

/// Rules that prove something, in the order of their names.
const RULES: [&str; 3] = ["email", "email_number", "name"];

impl Account {
    fn new(vendor: &'static str, source: &str, id: &str) -> Account {
        Account {
            vendor,
            source: source.to_owned(),
            id: id.to_owned(),
            name: None,
            email: None,
            first_seen_at: None,
            stated: None,
            person: String::new(),
            state: "",
            rule: None,
            reason: None,
            candidates: Vec::new(),
        }
    }

    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.vendor, self.source, self.id)
    }

    fn scope(&self) -> (&str, &str) {
        (self.vendor, &self.source)
    }

    /// What belongs together whatever the rules say.
    fn given(&self) -> String {
        self.stated.clone().unwrap_or_else(|| self.key())
    }

    /// Whom an overrule names comes first. Then the oldest at Sobot, then at 7moor, then at the workbench.
    fn rank(&self) -> (bool, u8, bool, Option<DateTime<Utc>>, String) {
        let vendor = ["sobot", "moor", "workbench"].iter().position(|vendor| *vendor == self.vendor);
        (
            self.stated.is_none(),
            vendor.unwrap() as u8,
            self.first_seen_at.is_none(),
            self.first_seen_at,
            self.key(),
        )
    }

    /// A name without what makes no difference; `None` where it is no basis.
    fn readable_name(&self) -> Option<String> {
        let name = self.name.as_deref()?;
        if name.trim().starts_with("hmac1:") {
            return Some(name.trim().to_owned());
        }
        let plain = |letter: char| match u32::from(letter) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap(),
            _ => letter,
        };
        let name: String = name.chars().map(plain).filter(|letter| !letter.is_whitespace()).collect();
        let has_letter =
            name.chars().any(|letter| !letter.is_ascii_digit() && !letter.is_ascii_punctuation());
        (has_letter && !name.contains('*')).then(|| name.to_lowercase())
    }

    fn readable_email(&self) -> Option<String> {
        let email = self.email.as_deref()?.trim();
        if email.starts_with("hmac1:") {
            return Some(email.to_owned());
        }
        let (before, after) = email.split_once('@')?;
        let whole = !before.is_empty() && !after.is_empty() && !email.contains('*');
        whole.then(|| email.to_lowercase())
    }

    /// What a rule reads on this account: with a mark where the two sides of the rule read something else.
    fn token(&self, rule: &str) -> Option<(char, String)> {
        match rule {
            "email" => Some(('=', self.readable_email()?)),
            "name" => Some(('=', self.readable_name()?)),
            "email_number" if self.vendor == "sobot" => {
                let email = self.readable_email().filter(|email| !email.starts_with("hmac1:"))?;
                Some(('<', email.split_once('@')?.0.to_owned()))
            }
            "email_number" => Some(('>', self.id.to_lowercase())),
            _ => match self.vendor {
                "sobot" => None,
                "moor" => Some(('<', self.id.to_lowercase())),
                _ => Some(('>', self.id.to_lowercase())),
            },
        }
    }
}

/// Every account that a vendor named.
fn known(world: &World) -> Vec<Account> {
    let mut accounts = Vec::new();
    for agent in world.agents.iter().filter(|agent| agent.source != RETIRED) {
        accounts.push(Account {
            name: agent.name.clone(),
            email: agent.email.clone(),
            first_seen_at: Some(agent.first_seen_at),
            ..Account::new("sobot", &agent.source, &agent.id)
        });
    }
    // Each place that names an agent of 7moor: who is still there before who is not, the roster before the claim state,
    // what changed last before what changed first.
    let mut named: BTreeMap<(&str, &str), Vec<_>> = BTreeMap::new();
    for member in &world.rosters.members {
        let now = &member.versions[member.versions.len() - 1];
        let order = (now.deleted, now.name.is_none(), 0, std::cmp::Reverse(now.from), &member.exten);
        let place = named.entry((&member.source, &member.agent_number)).or_default();
        place.push((order, &now.name, member.first_seen_at));
    }
    for claim in &world.rosters.claims {
        let order = (claim.deleted, claim.name.is_none(), 1, std::cmp::Reverse(claim.at), &claim.exten);
        named.entry((&claim.source, &claim.agent_number)).or_default().push((order, &claim.name, claim.at));
    }
    for ((source, number), mut places) in named.into_iter().filter(|((source, _), _)| *source != RETIRED) {
        places.sort();
        accounts.push(Account {
            name: places[0].1.clone(),
            first_seen_at: places.iter().map(|(.., seen)| *seen).min(),
            ..Account::new("moor", source, number)
        });
    }
    for session in world.feeds.sessions.iter().filter(|session| session.source != RETIRED) {
        accounts.push(Account::new("workbench", &session.source, &session.extno));
    }
    for account in &mut accounts {
        let said = world.links.iter().find(|(vendor, source, id, _)| {
            (*vendor, source, id) == (account.vendor, &account.source, &account.id)
        });
        account.stated = said.map(|(.., person)| person.clone());
    }
    accounts
}

/// Which accounts are alike by which rules.
struct Alike {
    /// Of two accounts by their places: the rules, and of each whether it finds exactly one on both sides.
    pairs: BTreeMap<(usize, usize), BTreeMap<&'static str, bool>>,
    /// Whose name or address more than twenty of one source bear.
    common: BTreeSet<usize>,
    /// Who bears something by which they could be found.
    readable: BTreeSet<usize>,
}

fn alike(accounts: &[Account]) -> Alike {
    let mut found = Alike { pairs: BTreeMap::new(), common: BTreeSet::new(), readable: BTreeSet::new() };
    for rule in RULES.into_iter().chain(["number"]) {
        let tokens: Vec<_> = accounts
            .iter()
            .map(|account| account.token(rule).filter(|(_, token)| !token.is_empty()))
            .collect();
        let bearers = |of: usize| {
            let same = |other: &usize| {
                tokens[*other] == tokens[of] && accounts[*other].scope() == accounts[of].scope()
            };
            (0..accounts.len()).filter(same).count()
        };
        let telling: Vec<bool> =
            (0..accounts.len()).map(|of| tokens[of].is_some() && bearers(of) <= 20).collect();
        let meets = |one: usize, other: usize| match (&tokens[one], &tokens[other]) {
            (Some((side, token)), Some((facing, same))) => token == same && (*side == '=' || side != facing),
            _ => false,
        };
        let is_pair = |one: usize, other: usize| {
            telling[one]
                && telling[other]
                && accounts[one].scope() != accounts[other].scope()
                && meets(one, other)
        };
        let meant = |one: usize, scope| {
            (0..accounts.len())
                .filter(|other| accounts[*other].scope() == scope && is_pair(one, *other))
                .count()
        };
        for one in 0..accounts.len() {
            if rule != "number" && tokens[one].is_some() {
                let crowd = |other: usize| !telling[other] && tokens[other].is_some() && meets(one, other);
                if !telling[one] || (0..accounts.len()).any(crowd) {
                    found.common.insert(one);
                }
            }
            if telling[one] && ["email", "name"].contains(&rule) {
                found.readable.insert(one);
            }
            for other in (0..accounts.len()).filter(|other| is_pair(one, *other)) {
                let only =
                    meant(one, accounts[other].scope()) == 1 && meant(other, accounts[one].scope()) == 1;
                found.pairs.entry((one, other)).or_default().insert(rule, only);
            }
        }
    }
    found
}

impl Alike {
    fn proofs(&self, pair: (usize, usize)) -> usize {
        self.pairs[&pair].keys().filter(|rule| **rule != "number").count()
    }

    /// Rules that find anybody in a scope.
    fn speaking(&self, accounts: &[Account], one: usize, scope: (&str, &str)) -> usize {
        let found =
            self.pairs.iter().filter(|((from, to), _)| *from == one && accounts[*to].scope() == scope);
        let rules: BTreeSet<_> =
            found.flat_map(|(_, rules)| rules.keys()).filter(|rule| **rule != "number").collect();
        rules.len()
    }

    /// The accounts that the rules join, and by which of them.
    fn links(&self, accounts: &[Account]) -> BTreeMap<(usize, usize), &'static str> {
        // An account that was given to somebody stands for them in its scope.
        let is_given = |to: &Account, scope| {
            accounts.iter().any(|one| one.scope() == scope && one.stated == Some(to.key()))
        };
        let mut links = BTreeMap::new();
        for (&(one, other), rules) in &self.pairs {
            let (here, there) = (&accounts[one], &accounts[other]);
            let rule = rules.iter().find(|(rule, only)| **rule != "number" && **only);
            let Some((rule, _)) = rule else { continue };
            let proofs = self.proofs((one, other));
            let all_agree = self.speaking(accounts, one, there.scope()) <= proofs
                && self.speaking(accounts, other, here.scope()) <= proofs;
            let is_free = here.stated.is_none() && there.stated.is_none();
            if all_agree && is_free && !is_given(here, there.scope()) && !is_given(there, here.scope()) {
                links.insert((one, other), *rule);
            }
        }
        links
    }
}

/// Who belongs together, and whether that would make two accounts of one source one person.
fn groups(
    accounts: &[Account],
    links: &BTreeMap<(usize, usize), &'static str>,
) -> BTreeMap<String, (BTreeSet<String>, bool)> {
    let mut groups = BTreeMap::new();
    for account in accounts {
        let mut reached = BTreeSet::from([account.given()]);
        loop {
            let more: Vec<String> = links
                .keys()
                .filter(|(one, _)| reached.contains(&accounts[*one].key()))
                .map(|(_, other)| accounts[*other].key())
                .filter(|key| !reached.contains(key))
                .collect();
            if more.is_empty() {
                break;
            }
            reached.extend(more);
        }
        let mut of_scope: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for one in accounts.iter().filter(|one| reached.contains(&one.given())) {
            of_scope.entry(one.scope()).or_default().insert(one.given());
        }
        let clashes = of_scope.values().any(|given| 1 < given.len());
        groups.insert(account.given(), (reached, clashes));
    }
    groups
}

/// All accounts with what the rules say of them.
pub fn accounts(world: &World) -> Vec<Account> {
    let mut accounts = known(world);
    let alike = alike(&accounts);
    let links = alike.links(&accounts);
    let groups = groups(&accounts, &links);
    let persons: Vec<String> = accounts
        .iter()
        .map(|account| {
            let (reached, clashes) = &groups[&account.given()];
            let belongs = |one: &&Account| match clashes {
                true => one.given() == account.given(),
                false => reached.contains(&one.given()),
            };
            accounts.iter().filter(belongs).min_by_key(|one| one.rank()).unwrap().given()
        })
        .collect();
    for (account, person) in accounts.iter_mut().zip(persons) {
        account.person = person;
    }
    let judged: Vec<Account> =
        (0..accounts.len()).map(|one| judge(&accounts, one, &alike, &links, &groups)).collect();
    judged
}

fn judge(
    accounts: &[Account],
    one: usize,
    alike: &Alike,
    links: &BTreeMap<(usize, usize), &'static str>,
    groups: &BTreeMap<String, (BTreeSet<String>, bool)>,
) -> Account {
    let account = &accounts[one];
    let has =
        |person: &str, scope| accounts.iter().any(|other| other.person == person && other.scope() == scope);
    let free = account.stated.is_none();
    let others: Vec<(usize, bool)> = alike
        .pairs
        .iter()
        .filter(|((from, to), _)| *from == one && free && accounts[*to].person != account.person)
        .map(|((_, to), rules)| (*to, rules.keys().any(|rule| *rule != "number")))
        .collect();
    let open: Vec<(usize, bool)> = others
        .iter()
        .copied()
        .filter(|(to, _)| {
            !has(&account.person, accounts[*to].scope()) && !has(&accounts[*to].person, account.scope())
        })
        .collect();
    let keys = |of: &[(usize, bool)], proof: bool| -> Vec<String> {
        let keys: BTreeSet<_> = of
            .iter()
            .filter(|(_, is_proof)| !proof || *is_proof)
            .map(|(to, _)| accounts[*to].key())
            .collect();
        keys.into_iter().collect()
    };
    let own: Vec<_> = links.iter().filter(|((from, _), _)| *from == one).collect();
    let of_person = accounts.iter().filter(|other| other.person == account.person);
    let (mates, stated) = of_person
        .fold((0, 0), |(all, stated), other| (all + 1, stated + usize::from(other.stated.is_some())));
    let clashes = groups[&account.given()].1;
    let has_basis = open.iter().any(|(_, is_proof)| *is_proof);
    let taken = keys(&others, true);
    Account {
        state: match () {
            () if 1 < mates => "matched",
            () if !free => "separate",
            () if clashes || has_basis => "ambiguous",
            () => "unmatched",
        },
        rule: match own.iter().map(|(_, rule)| **rule).min() {
            _ if !free => Some("overruled"),
            _ if clashes => None,
            Some(rule) => Some(rule),
            None => (0 < stated).then_some("named"),
        },
        reason: match () {
            () if !free => None,
            () if clashes => Some("clash"),
            () if has_basis => Some("ambiguous"),
            () if 1 < mates => None,
            () if !open.is_empty() => Some("number_only"),
            () if !taken.is_empty() => Some("taken"),
            () if alike.common.contains(&one) => Some("common"),
            () if !alike.readable.contains(&one) => Some("no_basis"),
            () => Some("no_match"),
        },
        candidates: match () {
            () if clashes => {
                let linked: BTreeSet<_> = own.iter().map(|((_, to), _)| accounts[*to].key()).collect();
                linked.into_iter().collect()
            }
            () if has_basis => keys(&open, true),
            () if mates == 1 && !open.is_empty() => keys(&open, false),
            () if mates == 1 => taken,
            () => Vec::new(),
        },
        ..account.clone()
    }
}

fn candidates(account: &Account) -> Option<String> {
    (!account.candidates.is_empty()).then(|| account.candidates.join(" "))
}

pub fn account_table(accounts: &[Account]) -> Table {
    let mut table = Table::new(
        "person_id vendor source account_id name email state rule reason candidates account first_seen_at",
    );
    for account in accounts {
        table.add([
            text(&account.person),
            text(account.vendor),
            text(&account.source),
            text(&account.id),
            texts(account.name.as_ref()),
            texts(account.email.as_ref()),
            text(account.state),
            account.rule.map(str::to_owned),
            account.reason.map(str::to_owned),
            candidates(account),
            text(account.key()),
            at(account.first_seen_at),
        ]);
    }
    table
}

pub fn unmatched_table(accounts: &[Account]) -> Table {
    let mut table = Table::new("vendor source account_id name email reason candidates person_id state");
    for account in accounts.iter().filter(|account| account.reason.is_some()) {
        table.add([
            text(account.vendor),
            text(&account.source),
            text(&account.id),
            texts(account.name.as_ref()),
            texts(account.email.as_ref()),
            account.reason.map(str::to_owned),
            candidates(account),
            text(&account.person),
            text(account.state),
        ]);
    }
    table
}

pub fn identity_table(accounts: &[Account]) -> Table {
    let mut table = Table::new(
        "person_id name email sobot_source agent_id moor_source agent_number workbench_source extno rule state accounts",
    );
    let persons: BTreeSet<&str> = accounts.iter().map(|account| account.person.as_str()).collect();
    for person in persons {
        let mut own: Vec<&Account> = accounts.iter().filter(|account| account.person == person).collect();
        own.sort_by_key(|account| (account.first_seen_at.is_none(), account.first_seen_at, account.key()));
        let oldest = |vendor: &str| own.iter().find(|account| account.vendor == vendor);
        let named = |is_sobot: bool| own.iter().filter(move |one| (one.vendor == "sobot") == is_sobot);
        let name = named(true).chain(named(false)).find_map(|account| account.name.as_ref());
        let rules: BTreeSet<&str> = own.iter().filter_map(|account| account.rule).collect();
        let any = |state: &str| own.iter().any(|account| account.state == state);
        let mut row =
            vec![text(person), texts(name), texts(own.iter().find_map(|account| account.email.as_ref()))];
        for vendor in ["sobot", "moor", "workbench"] {
            row.push(texts(oldest(vendor).map(|account| &account.source)));
            row.push(texts(oldest(vendor).map(|account| &account.id)));
        }
        let rules: Vec<&str> = rules.into_iter().collect();
        row.push((!rules.is_empty()).then(|| rules.join(", ")));
        row.push(text(match own.len() {
            2.. => "matched",
            _ if any("separate") => "separate",
            _ if any("ambiguous") => "ambiguous",
            _ => "unmatched",
        }));
        row.push(text(own.len()));
        table.add(row);
    }
    table
}
