//! The answers as flags.

use std::path::PathBuf;

use clap::Args;

use super::draft::{Draft, Kind, SourceDraft, is_secret};

const EXAMPLES: &str = "\
Examples:
  At a terminal, asking:
    ccsync init
  One account, by flags; the secrets stay in their files:
    ccsync init --source sobot=sobot --base-url https://www.sobot.com --app-id ID \\
      --app-key-file /run/secrets/app_key --database-url-file /run/secrets/database_url
  Several accounts:
    ccsync init --source sobot=sobot --source moor=moor \\
      --set sobot.base_url=https://www.sobot.com --set sobot.app_id=ID \\
      --set sobot.app_key_file=/run/secrets/app_key \\
      --set moor.base_url=https://openapis.7moor.com --set moor.account_id=N00000000000 \\
      --set moor.api_secret_file=/run/secrets/api_secret
Then: ccsync check, ccsync probe --source NAME, ccsync run";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct InitArgs {
    /// Where to write it. Without it: the file of --config, or else ccsync.toml.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if there is one.
    #[arg(long)]
    pub force: bool,
    /// The zone of business days. IANA name.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// In which people are spoken to: en or zh-CN.
    #[arg(long)]
    pub language: Option<String>,
    /// A file that holds the address of an existing PostgreSQL.
    #[arg(long, value_name = "FILE")]
    pub database_url_file: Option<String>,
    /// The address itself, without a password. Without either, ccsync runs a PostgreSQL of its own.
    #[arg(long, value_name = "URL", conflicts_with = "database_url_file")]
    pub database_url: Option<String>,
    /// Where ccsync keeps its files.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// A vendor account: your name for it, and sobot, moor or workbench. May be given several times.
    #[arg(long = "source", value_name = "NAME=KIND", value_parser = named_kind)]
    pub sources: Vec<(String, String)>,
    /// A setting of a source; secrets by their files alone. May be given several times.
    #[arg(long = "set", value_name = "NAME.KEY=VALUE", value_parser = setting)]
    pub settings: Vec<Setting>,
    /// Of the one source: the address of its data centre.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Of the one source (sobot).
    #[arg(long, value_name = "ID")]
    pub app_id: Option<String>,
    /// Of the one source (sobot).
    #[arg(long, value_name = "FILE")]
    pub app_key_file: Option<String>,
    /// Of the one source (moor).
    #[arg(long, value_name = "ID")]
    pub account_id: Option<String>,
    /// Of the one source (moor).
    #[arg(long, value_name = "FILE")]
    pub api_secret_file: Option<String>,
    /// An agent of the one source (workbench) and the file of its token. May be given several times.
    #[arg(long = "agent", value_name = "EXTNO=FILE", value_parser = agent)]
    pub agents: Vec<(String, String)>,
    /// The first day wanted, for every source that has a past.
    #[arg(long, value_name = "DATE")]
    pub start: Option<String>,
}

/// `NAME.KEY=VALUE`.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Setting {
    source: String,
    key: String,
    value: String,
}

impl InitArgs {
    /// What was said of everything but the sources.
    ///
    /// # Errors
    /// A password in the address.
    pub(super) fn frame(&self) -> Result<Draft, String> {
        let address = self.database_url.as_deref().and_then(|url| url::Url::parse(url).ok());
        if address.is_some_and(|url| url.password().is_some()) {
            return Err(
                "a password in --database-url would show in the list of processes: use --database-url-file"
                    .to_owned(),
            );
        }
        let mut draft = Draft::default();
        let given = |to: &mut String, from: &Option<String>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        given(&mut draft.timezone, &self.timezone);
        given(&mut draft.language, &self.language);
        given(&mut draft.data_dir, &self.data_dir);
        let url = self.database_url.clone().map(|url| ("url", url));
        draft.database = url.or_else(|| self.database_url_file.clone().map(|file| ("url_file", file)));
        Ok(draft)
    }

    /// All of it.
    pub(super) fn draft(&self) -> Result<Draft, String> {
        let mut draft = self.frame()?;
        for (name, kind) in &self.sources {
            let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
            let kind =
                kind.ok_or_else(|| format!("--source {name}=…: the kinds are sobot, moor and workbench"))?;
            let start = self.start.clone();
            draft.sources.push(SourceDraft {
                name: name.clone(),
                kind,
                values: Vec::new(),
                start,
                agents: Vec::new(),
            });
        }
        self.give_the_one(&mut draft)?;
        for Setting { source, key, value } in &self.settings {
            let named = draft.sources.iter_mut().find(|draft| draft.name == *source);
            let named =
                named.ok_or_else(|| format!("--set {source}.{key}: there is no --source {source}=…"))?;
            named.values.push((key.clone(), value.clone()));
        }
        Ok(draft)
    }

    /// The flags that speak of a source without naming it.
    fn give_the_one(&self, draft: &mut Draft) -> Result<(), String> {
        let values = [
            ("base_url", &self.base_url),
            ("app_id", &self.app_id),
            ("app_key_file", &self.app_key_file),
            ("account_id", &self.account_id),
            ("api_secret_file", &self.api_secret_file),
        ];
        let values = values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        let values: Vec<_> = values.collect();
        match draft.sources.as_mut_slice() {
            _ if values.is_empty() && self.agents.is_empty() => Ok(()),
            [one] => {
                one.values.extend(values);
                let agents = self.agents.iter().cloned();
                one.agents.extend(agents.map(|(extno, file)| [extno, "access_token_file".to_owned(), file]));
                Ok(())
            }
            _ => Err("--base-url and the like speak of one --source; with several use --set NAME.KEY=VALUE"
                .to_owned()),
        }
    }
}

fn pair(text: &str, form: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err(format!("write {form}")),
    }
}

fn named_kind(text: &str) -> Result<(String, String), String> {
    pair(text, "NAME=KIND, for example sobot=sobot")
}

fn agent(text: &str) -> Result<(String, String), String> {
    pair(text, "EXTNO=FILE, for example 1001=/run/secrets/agent_1001")
}

fn setting(text: &str) -> Result<Setting, String> {
    let (path, value) = pair(text, "NAME.KEY=VALUE, for example sobot.app_id=1")?;
    let (source, key) = path.split_once('.').ok_or("write NAME.KEY=VALUE, for example sobot.app_id=1")?;
    if is_secret(key) {
        return Err(format!("a secret here would show in the list of processes: use {key}_file"));
    }
    Ok(Setting { source: source.to_owned(), key: key.to_owned(), value })
}
