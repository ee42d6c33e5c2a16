//! The closed list of vendor endpoints that the simulator plays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One endpoint of one vendor. The name is stable: scripts, journals and the
/// command line use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Endpoint {
    /// Sobot `GET /api/get_token`.
    SobotToken,
    /// Sobot `GET /api/interceptor/5/quality/call_result`.
    SobotCallResult,
    /// Sobot `GET /api/interceptor/5/quality/chat_result`.
    SobotChatResult,
    /// 7moor `POST …/queueQueue/…`.
    MoorQueue,
    /// 7moor `POST …/queueQueueAgentClaimStatus/…`.
    MoorAgentClaimStatus,
    /// 7moor `POST …/addQueue/…`: a write.
    MoorAddQueue,
    /// 7moor `POST …/updateQueueAssignMembers/…`: a write.
    MoorAssignMembers,
    /// Call system `POST /admin/agent/logon`: a write, as all that follow.
    WorkbenchLogon,
    /// `POST /admin/agent/logout`.
    WorkbenchLogout,
    /// `POST /admin/agent/nextCall`.
    WorkbenchNextCall,
    /// `POST /admin/agent/hold`.
    WorkbenchHold,
    /// `POST /admin/agent/meeting`.
    WorkbenchMeeting,
    /// `POST /admin/agent/addBlack`.
    WorkbenchAddBlack,
    /// `POST /admin/agent/getMsg`.
    WorkbenchGetMessage,
    /// `POST /admin/sms_api/send`.
    WorkbenchSendSms,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::SobotToken,
        Self::SobotCallResult,
        Self::SobotChatResult,
        Self::MoorQueue,
        Self::MoorAgentClaimStatus,
        Self::MoorAddQueue,
        Self::MoorAssignMembers,
        Self::WorkbenchLogon,
        Self::WorkbenchLogout,
        Self::WorkbenchNextCall,
        Self::WorkbenchHold,
        Self::WorkbenchMeeting,
        Self::WorkbenchAddBlack,
        Self::WorkbenchGetMessage,
        Self::WorkbenchSendSms,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SobotToken => "sobot.get_token",
            Self::SobotCallResult => "sobot.call_result",
            Self::SobotChatResult => "sobot.chat_result",
            Self::MoorQueue => "moor.queue",
            Self::MoorAgentClaimStatus => "moor.agent_claim_status",
            Self::MoorAddQueue => "moor.add_queue",
            Self::MoorAssignMembers => "moor.update_queue_assign_members",
            Self::WorkbenchLogon => "workbench.logon",
            Self::WorkbenchLogout => "workbench.logout",
            Self::WorkbenchNextCall => "workbench.next_call",
            Self::WorkbenchHold => "workbench.hold",
            Self::WorkbenchMeeting => "workbench.meeting",
            Self::WorkbenchAddBlack => "workbench.add_black",
            Self::WorkbenchGetMessage => "workbench.get_message",
            Self::WorkbenchSendSms => "workbench.send_sms",
        }
    }

    /// Whether the vendor is Sobot.
    #[must_use]
    pub const fn is_sobot(self) -> bool {
        matches!(self, Self::SobotToken | Self::SobotCallResult | Self::SobotChatResult)
    }

    /// Whether it answers with pages of rows.
    #[must_use]
    pub const fn is_paged(self) -> bool {
        matches!(
            self,
            Self::SobotCallResult | Self::SobotChatResult | Self::MoorQueue | Self::MoorAgentClaimStatus
        )
    }

    /// Whether the vendor is the call system.
    #[must_use]
    pub const fn is_workbench(self) -> bool {
        matches!(
            self,
            Self::WorkbenchLogon
                | Self::WorkbenchLogout
                | Self::WorkbenchNextCall
                | Self::WorkbenchHold
                | Self::WorkbenchMeeting
                | Self::WorkbenchAddBlack
                | Self::WorkbenchGetMessage
                | Self::WorkbenchSendSms
        )
    }

    /// Whether a request changes something at the vendor, or only a person may make it.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::MoorAddQueue | Self::MoorAssignMembers) || self.is_workbench()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|e| e.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|e| e.name()).collect();
            format!("unknown endpoint `{text}`; the endpoints are {}", names.join(", "))
        })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.name().to_owned()
    }
}
