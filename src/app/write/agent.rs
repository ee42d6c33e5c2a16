//! Whose accounts are, and what a person says of that.

use crate::app::App;
use crate::domain::fault::Fault;
use crate::domain::vendor::agent::{AgentAccount, LinkChange, LinkFile, link_changes};

impl App {
    /// Every agent's account with its person, by person.
    ///
    /// # Errors
    /// Database faults.
    pub async fn agent_accounts(&self) -> Result<Vec<AgentAccount>, Fault> {
        self.database.store.agent_accounts().await
    }

    /// What the file changes of what was said of accounts, or its mistakes. With an operator it is stored;
    /// without, nothing is.
    ///
    /// # Errors
    /// Database faults.
    pub async fn import_agents(
        &self,
        file: &LinkFile,
        operator: Option<&str>,
    ) -> Result<Result<Vec<LinkChange>, Vec<String>>, Fault> {
        let store = &self.database.store;
        let Some(operator) = operator else {
            return Ok(link_changes(&store.agent_accounts().await?, &store.agent_links().await?, file));
        };
        let plan = |accounts: &[AgentAccount], links: &_| link_changes(accounts, links, file);
        store.agent_links_update(plan, self.overrides.clock.now(), operator).await
    }
}
