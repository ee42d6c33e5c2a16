//! The answers of a person at a terminal. Each is held against the reader of configurations before the next question.

use chrono::Days;
use dialoguer::{Confirm, Error, Input, Password, Select};
use url::Url;

use super::draft::{Draft, Kind, Place, SourceDraft};

type Asked<Answer> = Result<Answer, Error>;

/// Asks for all of it.
pub(super) fn ask(mut draft: Draft, place: Place<'_>) -> Asked<Draft> {
    draft.timezone = text("Time zone of business days", &draft.timezone, |answer| {
        mistake(&Draft { timezone: answer.to_owned(), ..Draft::default() }, "timezone", place)
    })?;
    let languages = ["en", "zh-CN"];
    let chosen =
        Select::new().with_prompt("Language of page and notices").items(languages).default(0).interact()?;
    draft.language = languages[chosen].to_owned();
    if draft.database.is_none() {
        database(&mut draft, place)?;
    }
    loop {
        let source = source(&draft, place)?;
        draft.sources.push(source);
        if !Confirm::new().with_prompt("Another vendor account?").default(false).interact()? {
            return Ok(draft);
        }
    }
}

fn database(draft: &mut Draft, place: Place<'_>) -> Asked<()> {
    let kinds = ["A PostgreSQL that is there already", "One of ccsync's own, under data_dir"];
    if Select::new().with_prompt("Database").items(kinds).default(0).interact()? == 1 {
        draft.data_dir = text("Directory for its files", &draft.data_dir, |_| None)?;
        return Ok(());
    }
    let suggested = "postgres://ccsync@localhost:5432/ccsync";
    let address = text("Address", suggested, |answer| {
        let database = Some(("url", answer.to_owned()));
        mistake(&Draft { database, ..Draft::default() }, "database.url", place)
    })?;
    let address = match Url::parse(&address) {
        Ok(mut url) if url.password().is_none() => {
            let password = secret("Password (empty: none)")?;
            if !password.is_empty() {
                // Of an address that has a host, which was checked.
                let _ = url.set_password(Some(&password));
            }
            url.into()
        }
        _ => address,
    };
    draft.database = Some(("url", address));
    Ok(())
}

fn source(draft: &Draft, place: Place<'_>) -> Asked<SourceDraft> {
    let titles = Kind::ALL.map(Kind::title);
    let kind = Kind::ALL[Select::new().with_prompt("Vendor").items(titles).default(0).interact()?];
    let taken = |name: &str| draft.sources.iter().any(|source| source.name == name);
    let suggested = (1..)
        .map(|number| if number == 1 { kind.name().to_owned() } else { format!("{}_{number}", kind.name()) })
        .find(|name| !taken(name))
        .unwrap_or_default();
    let mut source =
        SourceDraft { name: suggested, kind, values: Vec::new(), start: None, agents: Vec::new() };
    source.name = text("A name for this account", &source.name.clone(), |answer| {
        if taken(answer) {
            return Some("there is a source of this name already".to_owned());
        }
        let named = SourceDraft { name: answer.to_owned(), ..source.clone() };
        alone(&named, &format!("sources.{answer}"), place)
    })?;
    let base_url = match kind {
        Kind::Sobot => "https://www.sobot.com",
        Kind::Moor => "https://openapis.7moor.com",
        Kind::Workbench => "http://10.0.0.8",
    };
    value(&mut source, "base_url", "Address of the account's data centre", base_url, place)?;
    match kind {
        Kind::Sobot => {
            value(&mut source, "app_id", "app_id", "", place)?;
            secret_or_file(&mut source, "app_key", place)?;
            let month_ago = (place.now - Days::new(31)).date_naive().to_string();
            source.start = Some(text("First day wanted", &month_ago, |answer| {
                let started = SourceDraft { start: Some(answer.to_owned()), ..source.clone() };
                alone(&started, &format!("sources.{}.call_result.start", source.name), place)
            })?);
        }
        Kind::Moor => {
            value(&mut source, "account_id", "account_id", "", place)?;
            secret_or_file(&mut source, "api_secret", place)?;
        }
        Kind::Workbench => agents(&mut source)?,
    }
    Ok(source)
}

fn value(
    source: &mut SourceDraft,
    key: &'static str,
    prompt: &str,
    suggested: &str,
    place: Place<'_>,
) -> Asked<()> {
    let answer = text(prompt, suggested, |answer| with_value(source, key, answer, place))?;
    source.values.push((key.to_owned(), answer));
    Ok(())
}

fn secret_or_file(source: &mut SourceDraft, key: &'static str, place: Place<'_>) -> Asked<()> {
    let typed = secret(&format!("{key} (empty: it is in a file)"))?;
    if !typed.is_empty() {
        source.values.push((key.to_owned(), typed));
        return Ok(());
    }
    let key = format!("{key}_file");
    let path =
        text(&format!("Path of the file ({key})"), "", |answer| with_value(source, &key, answer, place))?;
    source.values.push((key, path));
    Ok(())
}

fn agents(source: &mut SourceDraft) -> Asked<()> {
    loop {
        let prompt = "Extension of an agent (empty: no more)";
        let extno: String = Input::new().with_prompt(prompt).allow_empty(true).interact_text()?;
        if extno.is_empty() {
            return Ok(());
        }
        let token = secret(&format!("access_token of {extno}"))?;
        source.agents.push([extno, "access_token".to_owned(), token]);
    }
}

fn text(prompt: &str, suggested: &str, mistake: impl Fn(&str) -> Option<String>) -> Asked<String> {
    let input = Input::<String>::new().with_prompt(prompt);
    let input = if suggested.is_empty() { input } else { input.default(suggested.to_owned()) };
    input.validate_with(|answer: &String| mistake(answer.trim()).map_or(Ok(()), Err)).interact_text()
}

fn secret(prompt: &str) -> Asked<String> {
    Password::new().with_prompt(prompt).allow_empty_password(true).interact()
}

fn with_value(source: &SourceDraft, key: &str, answer: &str, place: Place<'_>) -> Option<String> {
    let mut tried = source.clone();
    tried.values.push((key.to_owned(), answer.to_owned()));
    alone(&tried, &format!("sources.{}.{key}", source.name), place)
}

fn alone(source: &SourceDraft, key: &str, place: Place<'_>) -> Option<String> {
    mistake(&Draft { sources: vec![source.clone()], ..Draft::default() }, key, place)
}

/// What is wrong with this one setting; the others may be missing still.
fn mistake(draft: &Draft, key: &str, place: Place<'_>) -> Option<String> {
    let is_of = |answer: &str| answer == key || answer.trim_matches('"') == key;
    draft.mistakes(place).into_iter().find(|error| is_of(&error.key)).map(|error| error.message)
}
