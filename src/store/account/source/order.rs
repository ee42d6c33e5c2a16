//! What a person ordered to become of a source.

/// What becomes of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceChange {
    /// It gets this name, with everything that is stored.
    Rename(String),
    /// Everything that is stored of it goes.
    Purge,
}

/// A change that a person ordered.
#[derive(Debug, Clone)]
pub struct SourceOrder {
    /// The source's name.
    pub name: String,
    /// What becomes of it.
    pub change: SourceChange,
    /// The operating system's user.
    pub operator: String,
}

impl SourceOrder {
    /// As the log of actions has it.
    pub(super) fn command(&self) -> &'static str {
        match self.change {
            SourceChange::Rename(_) => "source.rename",
            SourceChange::Purge => "source.purge",
        }
    }

    /// As it is typed.
    pub(super) fn typed(&self) -> String {
        match &self.change {
            SourceChange::Rename(to) => format!("ccsync source rename {} {to} --yes", self.name),
            SourceChange::Purge => format!("ccsync source purge {} --yes", self.name),
        }
    }

    pub(super) fn new_name(&self) -> Option<&str> {
        match &self.change {
            SourceChange::Rename(to) => Some(to),
            SourceChange::Purge => None,
        }
    }
}
