//! What is said where an account does not fit, with the command that was probably meant.

use super::{ConfiguredSource, KnownSource, VendorAccount, View};

const NOTHING: &str = "Nothing was read or written";

impl View<'_> {
    /// Why the source may not be read; `None` where it may.
    pub(super) fn refusal(&self) -> Option<String> {
        let why = self
            .unfinished()
            .or_else(|| self.doubled())
            .or_else(|| self.retired())
            .or_else(|| self.renamed())
            .or_else(|| self.another_account())
            .or_else(|| self.moved())
            .or_else(|| self.renamed_before_memory())?;
        Some(format!("{why}. {NOTHING}"))
    }

    /// A change of the name was begun and not ended.
    fn unfinished(&self) -> Option<String> {
        let name = Some(&self.source.name);
        let concerned = |known: &&KnownSource| {
            let pending = known.pending.as_ref();
            Some(&known.name) == name && pending.is_some()
                || pending.is_some_and(|pending| pending.new_name.as_ref() == name)
                || known.is(&self.source.account) && pending.is_some()
        };
        let pending = self.known.iter().find(concerned)?.pending.as_ref()?;
        Some(format!(
            "`{}` was begun on {} and is not finished. Run it again; it goes on where it stopped",
            pending.command,
            pending.since.format("%F %T UTC")
        ))
    }

    /// Two configured names are one account: the one to take out is the one that holds no rows, else the later one.
    fn doubled(&self) -> Option<String> {
        let (name, account) = (&self.source.name, &self.source.account);
        let same: Vec<&ConfiguredSource> =
            self.configured.iter().filter(|other| other.account.is_same(account)).collect();
        let holds = |source: &&&ConfiguredSource| {
            let is_own = |known: &&KnownSource| known.name == source.name && known.has_rows;
            self.known.iter().filter(is_own).any(|known| known.account.is_none() || known.is(account))
        };
        let kept = same.iter().find(holds).or(same.first())?;
        if kept.name == *name {
            return None;
        }
        let also = match self.own().filter(|own| own.has_rows) {
            Some(_) => format!(", then remove what it stored with `ccsync source purge {name} --yes`"),
            None => String::new(),
        };
        Some(format!(
            "{account} is configured as [sources.{}] too, and two names would count each of its rows twice. Take \
             [sources.{name}] out of the configuration{also}",
            kept.name
        ))
    }

    fn retired(&self) -> Option<String> {
        let own = self.own().filter(|own| own.has_rows);
        let elsewhere = self.elsewhere().filter(|other| other.has_rows);
        let known = own.or(elsewhere).filter(|known| known.retired.is_some())?;
        let (at, by) = known.retired.as_ref()?;
        let (name, old) = (&self.source.name, &known.name);
        let rename = if name == old {
            String::new()
        } else {
            format!(", then `ccsync source rename {old} {name} --yes`")
        };
        Some(format!(
            "{} was retired on {} by {}: its rows are no part of schema bi. To read it again: \
             `ccsync source retire {old} --undo --yes`{rename}",
            if name == old { "it".to_owned() } else { format!("{}, stored as {old},", self.source.account) },
            at.format("%F %T UTC"),
            by.escape_debug()
        ))
    }

    /// The account's rows lie under another name.
    fn renamed(&self) -> Option<String> {
        let old = self.elsewhere().filter(|other| other.has_rows)?;
        let (name, account) = (&self.source.name, &self.source.account);
        let stored = format!("{account} is stored under the name {}", old.name);
        if self.is_configured(&old.name) {
            return Some(format!(
                "{stored}, which the configuration gives to another account now. Name it [sources.{}] again",
                old.name
            ));
        }
        if self.own().is_some_and(|own| own.has_rows) {
            return Some(format!(
                "{stored}, and {name} holds rows already. Name it [sources.{}] again, or remove the rows of one of \
                 them with `ccsync source purge NAME --yes`",
                old.name
            ));
        }
        Some(format!(
            "{stored}, and a second name would count each of its rows twice. If it was renamed: \
             `ccsync source rename {} {name} --yes`; else name it [sources.{}] again",
            old.name, old.name
        ))
    }

    /// The name's rows are another account's.
    fn another_account(&self) -> Option<String> {
        let own = self.own().filter(|own| own.has_rows)?;
        let account = &self.source.account;
        let stored = match &own.account {
            Some(known) if known.is_same(account) => return None,
            Some(known) => read_from(known),
            None if own.kind == account.kind => return None,
            None => format!("a {} account", own.kind),
        };
        Some(format!(
            "its rows in the database are those of {stored}, and the configuration names {}: under one name both would \
             be mixed. {}",
            read_from(account),
            either(own, &self.keep_both(own))
        ))
    }

    /// How rows and the configured account go on beside each other. Where the host is all that is known of an account, it
    /// may have another address only.
    fn keep_both(&self, own: &KnownSource) -> String {
        let (name, account) = (&self.source.name, &self.source.account);
        if account.id.is_empty() && own.kind == account.kind {
            return format!(
                "if {} is the same system at another address: `ccsync source move {name} --yes`",
                account.host
            );
        }
        format!("give the new account a name of its own, [sources.NAME] in place of [sources.{name}]")
    }

    /// The same account on another host.
    fn moved(&self) -> Option<String> {
        let own = self.own().filter(|own| own.has_rows)?;
        let known = own.account.as_ref().filter(|known| known.host != self.source.account.host)?;
        let (name, account) = (&self.source.name, &self.source.account);
        let same = format!("if {} is the same account: `ccsync source move {name} --yes`", account.host);
        let what_then = if known.is_local() {
            either(own, &same)
        } else {
            format!("{}{}", "I", same.trim_start_matches('i'))
        };
        Some(format!(
            "{account} was read from {} so far, and the configuration says {}. {what_then}",
            known.host, account.host
        ))
    }

    /// Rows older than the memory of accounts lie under a name that is not configured any more, and the account was
    /// asked before although nothing is stored under its name.
    fn renamed_before_memory(&self) -> Option<String> {
        let source = self.source;
        if !source.is_used || self.own().is_some_and(|own| own.has_rows) {
            return None;
        }
        let orphan = |known: &&KnownSource| {
            known.account.is_none()
                && known.has_rows
                && known.kind == source.account.kind
                && known.retired.is_none()
                && !self.is_configured(&known.name)
        };
        let old = &self.known.iter().find(orphan)?.name;
        Some(format!(
            "nothing is stored under this name, {} was read before, and rows of {old} stand in the database whose account \
             is not known. If it was renamed: `ccsync source rename {old} {} --yes`; if {old} was another account: \
             `ccsync source retire {old} --yes`",
            source.account, source.name
        ))
    }
}

fn read_from(account: &VendorAccount) -> String {
    match account.id.is_empty() {
        true => account.to_string(),
        false => format!("{account} on {}", account.host),
    }
}

/// What to do about rows that are there: the likelier thing first.
fn either(own: &KnownSource, keep: &str) -> String {
    let purge = format!("`ccsync source purge {} --yes`", own.name);
    match own.account.as_ref().is_some_and(VendorAccount::is_local) {
        true => format!(
            "If the rows came from a simulator, remove them and begin anew: {purge}; {}{keep}",
            if keep.starts_with("if") { "" } else { "else " }
        ),
        false => {
            let mut letters = keep.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase()).unwrap_or_default();
            format!("{first}{}; or, where its rows are not wanted any more: {purge}", letters.as_str())
        }
    }
}
