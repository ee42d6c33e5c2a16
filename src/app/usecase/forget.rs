//! Persons who ask to be forgotten.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::{
    ForgetOrder, Forgot, ForgottenEntry, Identifier, national, normal_email,
};
use crate::domain::person::privacy::{Personal, Privacy};
use crate::spool;

/// How long a running daemon may take to store what waits on disk.
const DRAIN: u32 = 20;
const DRAIN_LOOK: Duration = Duration::from_millis(500);

/// Who is to be forgotten, as a person says it. `Debug` hides it.
#[derive(Clone)]
pub enum ErasureSubject {
    /// An agent by id or number, of one source or of all.
    Agent {
        /// Sobot's agentid, 7moor's agentNumber, the workbench's extno.
        key: String,
        /// The operator's name for the account.
        source: Option<String>,
    },
    /// Whoever has this number.
    Phone(String),
}

impl std::fmt::Debug for ErasureSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ErasureSubject::Agent { .. } => "an agent",
            ErasureSubject::Phone(_) => "a phone number",
        })
    }
}

impl App {
    /// Takes a person out of all tables and keeps later reads from bringing them back. With `apply` unset nothing is
    /// changed, and only told how many rows name them.
    ///
    /// # Errors
    /// `RequestRefused` where what was said is nobody, where the agent's feed is followed, or where a spool is not
    /// empty; database faults. Nothing was changed then.
    pub async fn forget(&self, who: &ErasureSubject, operator: &str, apply: bool) -> Result<Forgot, Fault> {
        let (kind, source, known_by) = match who {
            ErasureSubject::Agent { key, source } => {
                let known_by = self.known_by_agent(key.trim(), source.as_deref()).await?;
                ("agent", source.clone(), known_by)
            }
            ErasureSubject::Phone(number) => {
                let number = national(number).ok_or_else(|| {
                    refused("a phone number has 7 to 15 digits, with or without its country")
                })?;
                let mut known_by = self.forms(Personal::Phone, &number);
                known_by.push((Identifier::Phone, String::new(), number));
                ("phone", None, known_by)
            }
        };
        if apply {
            self.await_spools().await?;
        }
        let (operator, now) = (operator.to_owned(), self.overrides.clock.now());
        let order = ForgetOrder { known_by, kind, source, operator, now };
        let forgot = self.database.store.forget(&order, apply).await?;
        if apply {
            self.refresh_sums(&CancellationToken::new()).await;
        }
        Ok(forgot)
    }

    /// Everybody who was forgotten, without a word of who it was.
    ///
    /// # Errors
    /// Database faults.
    pub async fn forgotten(&self) -> Result<Vec<ForgottenEntry>, Fault> {
        self.database.store.forgotten_entries().await
    }

    /// Undoes an entry: what was removed stays removed, and later reads store again what the vendor has.
    ///
    /// # Errors
    /// `RequestRefused` where there is no such entry; database faults.
    pub async fn unforget(&self, id: i64, operator: &str) -> Result<(), Fault> {
        self.database.store.remember(id, operator, self.overrides.clock.now()).await
    }

    async fn known_by_agent(
        &self,
        key: &str,
        source: Option<&str>,
    ) -> Result<Vec<(Identifier, String, String)>, Fault> {
        if key.is_empty() {
            return Err(refused("name an agent by id or number"));
        }
        if let Some(name) = source.filter(|name| self.settings.source(name).is_none()) {
            return Err(refused(format!("there is no source `{name}` in the configuration")));
        }
        let sources: Vec<String> = match source {
            Some(name) => vec![name.to_owned()],
            None => self.settings.sources.iter().map(|source| source.name.clone()).collect(),
        };
        let followed = |follower: &&std::sync::Arc<crate::engine::feed::follower::FeedFollower>| {
            sources.contains(&follower.feed.key().source)
                && follower.feed.agents().iter().any(|extno| extno == key)
        };
        if let Some(follower) = self.feeds.iter().find(followed) {
            return Err(refused(format!(
                "the agent's feed {} is followed: take the agent out of [[sources.{}.agents]], restart the \
                 service, then forget",
                follower.feed.key(),
                follower.feed.key().source
            )));
        }
        let agents: Vec<_> = sources.into_iter().map(|source| (source, key.to_owned())).collect();
        let contacts = self.database.store.known_of_agents(&agents).await?;
        let mut known_by: Vec<_> =
            agents.into_iter().map(|(source, id)| (Identifier::Agent, source, id)).collect();
        for contact in contacts.iter().map(String::as_str).chain([key]) {
            // A mask is many people's, a token one's.
            if contact.contains(':') && !contact.contains('*') && !contact.contains('@') {
                known_by.push((Identifier::Form, String::new(), contact.to_owned()));
            } else if let Some(address) = normal_email(contact) {
                known_by.extend(self.forms(Personal::Email, &address));
                known_by.push((Identifier::Email, String::new(), address));
            } else if let Some(number) =
                national(contact).filter(|number| number.len() >= 10 && contact != key)
            {
                known_by.extend(self.forms(Personal::Phone, &number));
                known_by.push((Identifier::Phone, String::new(), number));
            }
        }
        Ok(known_by)
    }

    /// What the policies make of it: of a number, masks and tokens of all ways to write it; of an address, tokens
    /// alone, for its mask is that of many.
    fn forms(&self, kind: Personal, text: &str) -> Vec<(Identifier, String, String)> {
        let policies = self.settings.sources.iter().map(|source| &source.privacy);
        let mut forms: Vec<String> = policies
            .chain([&Privacy::MESSAGE])
            .flat_map(|privacy| {
                let written = match kind {
                    Personal::Phone => {
                        ["", "0", "86", "+86", "0086", "+86 "].map(|prefix| format!("{prefix}{text}"))
                    }
                    _ => std::array::from_fn(|_| text.to_owned()),
                };
                written.into_iter().flat_map(|written| {
                    let whole = privacy.apply(kind, &written);
                    let within = privacy.scrub_text(&written);
                    [whole, within].into_iter().flatten().filter(move |form| *form != written)
                })
            })
            .filter(|form| form.contains(':') || (kind == Personal::Phone && form.contains('*')))
            .filter(|form| form.len() >= 6)
            .collect();
        forms.sort_unstable();
        forms.dedup();
        forms.into_iter().map(|form| (Identifier::Form, String::new(), form)).collect()
    }

    /// What waits on disk is stored, and cleaned, by whoever runs; where nobody does it has to be stored first.
    async fn await_spools(&self) -> Result<(), Fault> {
        let directory = self.settings.database.data_dir.join("feed");
        for _ in 0..DRAIN {
            if spool::waiting(&directory)? == 0 {
                return Ok(());
            }
            self.overrides.clock.sleep(DRAIN_LOOK).await;
        }
        Err(refused(format!(
            "events of a live feed wait in {} and may name the person: `ccsync run` stores them as soon as the \
             database answers; forget when they are stored. Nothing was changed",
            directory.display()
        )))
    }
}

fn refused(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::RequestRefused, message).advising()
}
