//! Departures from the documents, which a client must notice.

use serde::{Deserialize, Serialize};

switch!(
    /// Whether Sobot's items are as its document says.
    SobotSchema {
        /// They are.
        AsDocumented,
        /// Each has an object that no document names, with personal data inside, and each answer a number.
        NewField,
        /// About one in twenty has an object where the agent's e-mail address was a text.
        ChangedType,
        /// None has the agent's e-mail address.
        MissingField,
    }
);
switch!(
    /// Whether 7moor's groups and members are as its document says.
    MoorSchema {
        /// They are.
        AsDocumented,
        /// Each member has a text that no document names, with personal data inside.
        NewField,
        /// Truth values are 0 and 1.
        ChangedType,
        /// Every group is assigned by a rule that the document's list lacks.
        UnknownCode,
        /// No group has a name.
        MissingField,
    }
);
