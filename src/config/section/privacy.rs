//! `[privacy]`, and what a source says otherwise.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::config::parse::reader::{Section, Words};
use crate::config::parse::secret;
use crate::config::settings::PrivacySettings;
use crate::domain::person::privacy::{CustomFieldPolicy, Policy, Privacy, TokenKeys};

/// `[privacy]`
pub(in crate::config) fn settings(section: &Section<'_>) -> Option<PrivacySettings> {
    let policy = |key| section.choice(key, &Policy::WORDS);
    let (phone, email, name) = (policy("phone"), policy("email"), policy("name"));
    let keys = keys(section);
    let custom_fields = custom_fields(section, "custom_fields");
    let personal = Privacy { phone: phone?, email: email?, name: name?, keys: keys?, forgotten: None };
    refuse_without_key(section, &personal, |key| section.has(key))?;
    Some(PrivacySettings { personal, custom_fields: custom_fields? })
}

/// What `[sources.NAME.privacy]` says; the rest is as everywhere.
pub(in crate::config) fn of_source(section: &Section<'_>, everywhere: &Privacy) -> Option<Privacy> {
    let policy = |key| section.maybe(key, |section, key| section.choice(key, &Policy::WORDS));
    let (phone, email, name) = (policy("phone"), policy("email"), policy("name"));
    let privacy = Privacy {
        phone: phone?.unwrap_or(everywhere.phone),
        email: email?.unwrap_or(everywhere.email),
        name: name?.unwrap_or(everywhere.name),
        keys: everywhere.keys.clone(),
        forgotten: None,
    };
    if !section.is_template() {
        refuse_without_key(section, &privacy, |key| section.has(key))?;
        for (key, policy) in [("phone", privacy.phone), ("email", privacy.email), ("name", privacy.name)] {
            section.note(key, policy.as_str());
        }
    }
    Some(privacy)
}

fn keys(section: &Section<'_>) -> Option<Option<Arc<TokenKeys>>> {
    let Some(secret) = secret::optional(section, "hmac_key")? else { return Some(None) };
    let keys = TokenKeys::parse(secret.value.expose_secret());
    keys.map(|keys| Some(Arc::new(keys))).map_err(|why| section.refuse(&secret.key, why)).ok()
}

fn refuse_without_key(section: &Section<'_>, privacy: &Privacy, is_set: impl Fn(&str) -> bool) -> Option<()> {
    if privacy.keys.is_some() {
        return Some(());
    }
    let policies = [("phone", privacy.phone), ("email", privacy.email), ("name", privacy.name)];
    let mut complete = Some(());
    for (key, _) in policies.into_iter().filter(|(key, policy)| *policy == Policy::Hmac && is_set(key)) {
        section.refuse(key, "\"hmac\" needs a key: name a file in `privacy.hmac_key_file`");
        complete = None;
    }
    complete
}

/// Which custom fields are kept.
pub(in crate::config) fn custom_fields(section: &Section<'_>, key: &str) -> Option<CustomFieldPolicy> {
    match section.words(key)? {
        Words::One(word) if word == "drop" => Some(CustomFieldPolicy::Drop),
        Words::One(word) if word == "keep" => Some(CustomFieldPolicy::Keep),
        Words::One(word) => {
            section.refuse(key, format!("expects \"drop\", \"keep\" or a list of names, not {word:?}"));
            None
        }
        Words::List(names) => Some(CustomFieldPolicy::Only(names)),
    }
}
