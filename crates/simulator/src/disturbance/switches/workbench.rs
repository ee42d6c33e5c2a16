//! What the call system's document leaves open.

use serde::{Deserialize, Serialize};

switch!(
    /// How the call system takes the fields of an action.
    ActionBody {
        /// As a form or as JSON.
        Either,
        /// Only as a form.
        Form,
        /// Only as JSON.
        Json,
    }
);
switch!(
    /// The HTTP status of the call system's refusals.
    WorkbenchStatus {
        /// Always 200.
        #[serde(rename = "http_200")]
        Http200,
        /// 401 for a refused token, 400 for wrong fields.
        Telling,
    }
);
switch!(
    /// The JSON type of the call system's code.
    WorkbenchCode {
        /// `0`, as documented.
        Number,
        /// `"0"`
        String,
    }
);
switch!(
    /// What the time of a notice counts.
    NoticeTime {
        /// How long the state lasts already.
        State,
        /// How long the agent waited before: the length of the state before.
        Wait,
    }
);
switch!(
    /// The body of getMsg.
    MessageBody {
        /// As the document prints it: no JSON.
        AsDocumented,
        /// JSON.
        Json,
    }
);
