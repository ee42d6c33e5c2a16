//! Writes to a vendor, each ordered by a person, and what became of them.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value as Json;

use crate::domain::person::privacy::Privacy;
use crate::domain::vendor::sms;

/// Every write there is. The text form is part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionCommand {
    /// A new skill group.
    MoorQueueAdd,
    /// Other members for a skill group, in place of those it has.
    MoorQueueAssign,
    /// An agent signs in.
    WorkbenchLogon,
    /// An agent signs out.
    WorkbenchLogout,
    /// The next call of an agent's task.
    WorkbenchNextCall,
    /// The agent's call is put on hold.
    WorkbenchHold,
    /// One more party joins the agent's call.
    WorkbenchMeeting,
    /// A customer is blacklisted.
    WorkbenchAddBlack,
    /// The text of the agent's short message.
    WorkbenchGetMessage,
    /// A short message to a customer.
    WorkbenchSendSms,
}

impl ActionCommand {
    /// The name, `<vendor>.<what>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ActionCommand::MoorQueueAdd => "moor.queue_add",
            ActionCommand::MoorQueueAssign => "moor.queue_assign",
            ActionCommand::WorkbenchLogon => "workbench.logon",
            ActionCommand::WorkbenchLogout => "workbench.logout",
            ActionCommand::WorkbenchNextCall => "workbench.next_call",
            ActionCommand::WorkbenchHold => "workbench.hold",
            ActionCommand::WorkbenchMeeting => "workbench.meeting",
            ActionCommand::WorkbenchAddBlack => "workbench.add_black",
            ActionCommand::WorkbenchGetMessage => "workbench.get_message",
            ActionCommand::WorkbenchSendSms => "workbench.send_sms",
        }
    }
}

impl fmt::Display for ActionCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ActionCommand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What can be ordered at the workbench (`docs/vendors.md#call-system`), each on the calls of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkbenchAction {
    /// 签入.
    Logon,
    /// 签出.
    Logout,
    /// 下一个.
    NextCall,
    /// 通话保持.
    Hold,
    /// 多方通话.
    Meeting {
        /// Whom. The document's name for it is a telephone's and its description an agent's number.
        tel: String,
    },
    /// 加入黑名单.
    AddBlack {
        /// Number of the customer's record.
        info_uuid: String,
    },
    /// 获取短信内容.
    GetMessage,
    /// 发送短信.
    SendSms {
        /// To whom.
        telephone: String,
        /// The text.
        msg: String,
    },
}

impl WorkbenchAction {
    /// Its name.
    pub const fn command(&self) -> ActionCommand {
        match self {
            WorkbenchAction::Logon => ActionCommand::WorkbenchLogon,
            WorkbenchAction::Logout => ActionCommand::WorkbenchLogout,
            WorkbenchAction::NextCall => ActionCommand::WorkbenchNextCall,
            WorkbenchAction::Hold => ActionCommand::WorkbenchHold,
            WorkbenchAction::Meeting { .. } => ActionCommand::WorkbenchMeeting,
            WorkbenchAction::AddBlack { .. } => ActionCommand::WorkbenchAddBlack,
            WorkbenchAction::GetMessage => ActionCommand::WorkbenchGetMessage,
            WorkbenchAction::SendSms { .. } => ActionCommand::WorkbenchSendSms,
        }
    }

    /// Refuses what the vendor would not take as it is meant, and texts of more than `sms_characters_max`.
    ///
    /// # Errors
    /// Which field, and why; without its content.
    pub fn check(&self, sms_characters_max: usize) -> Result<(), String> {
        match self {
            WorkbenchAction::Meeting { tel } => {
                let odd = |letter: char| !letter.is_ascii_digit() && !"+-*#".contains(letter);
                if tel.contains(odd)
                    || !tel.contains(|letter: char| letter.is_ascii_digit())
                    || 32 < tel.len()
                {
                    return Err(
                        "the number must be digits, 32 at most; + - * # are allowed beside them".to_owned()
                    );
                }
                Ok(())
            }
            WorkbenchAction::SendSms { telephone, msg } => {
                check_telephone(telephone)?;
                let count = msg.chars().count();
                if !msg.contains(is_visible) {
                    Err("the text of the message is empty".to_owned())
                } else if msg.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\r')) {
                    Err("the text of the message holds a control character".to_owned())
                } else if sms_characters_max < count {
                    Err(format!(
                        "the text has {count} characters, {} short messages to the networks, and at most \
                         {sms_characters_max} characters are sent (action.sms_characters_max)",
                        sms::parts(msg)
                    ))
                } else {
                    Ok(())
                }
            }
            WorkbenchAction::AddBlack { info_uuid } => {
                let is_uuid =
                    uuid::Uuid::try_parse(info_uuid).is_ok_and(|uuid| !uuid.is_nil() && !uuid.is_max());
                if !is_uuid || info_uuid.len() != UUID_CHARS {
                    return Err("info_uuid is the number of the customer's record, such as \
                                beeb8dda-87fb-4f7d-aa60-a4dee98e2e08; not a telephone number"
                        .to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a letter shows anything: blanks, controls, marks of no width and of direction do not.
fn is_visible(letter: char) -> bool {
    let is_mark = matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !letter.is_whitespace() && !letter.is_control() && !is_mark
}

/// Characters of a record's number: hyphens and thirty-two digits.
const UUID_CHARS: usize = 36;

/// Digits of a telephone number, the shortest of which is that in the vendor's document, the longest international.
const TELEPHONE_DIGITS: RangeInclusive<usize> = 6..=17;

/// Refuses what no short message can be sent to.
fn check_telephone(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let is_odd = rest.contains(|letter: char| !letter.is_ascii_digit() && letter != '-');
    let is_apart = rest.starts_with('-') || rest.ends_with('-') || rest.contains("--");
    let is_nobodys = !rest.contains(|letter: char| matches!(letter, '1'..='9'));
    match !is_odd && !is_apart && !is_nobodys && TELEPHONE_DIGITS.contains(&digits) {
        true => Ok(()),
        false => Err(
            "the number must be a telephone's: 6 to 17 digits, with + in front and - between them if need be"
                .to_owned(),
        ),
    }
}

/// How a write is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Delivery {
    /// Number of the agent under whose token it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Scheme, host and port.
    pub host: String,
    /// HTTP's word.
    pub method: &'static str,
    /// The body's media type.
    pub encoding: &'static str,
}

impl Delivery {
    /// A body of percent-encoded pairs.
    pub const FORM: &'static str = "application/x-www-form-urlencoded";
    /// A JSON body.
    pub const JSON: &'static str = "application/json";
}

/// A write as people may see it, before it is sent and in the log afterwards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionDraft {
    /// The operator's name for the vendor account.
    pub source: String,
    /// What.
    pub command: ActionCommand,
    /// [`target`]: the skill group's number, the name of the one to be made, or the agent's number.
    pub target: Option<String>,
    /// Path at the vendor, without the query, which carries signatures.
    pub path: String,
    /// How it is sent.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// The fields, phone numbers masked and texts of messages left out.
    pub request: Json,
}

/// What is known of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// Recorded and not sent.
    Intended,
    /// Sent, and no answer says whether it was done.
    Unknown,
    /// The vendor says that it was done.
    Answered,
    /// The vendor says that it was not done.
    Refused,
    /// It never left this machine.
    Failed,
}

impl ActionState {
    const ALL: [ActionState; 5] = [
        ActionState::Intended,
        ActionState::Unknown,
        ActionState::Answered,
        ActionState::Refused,
        ActionState::Failed,
    ];

    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            ActionState::Intended => "intended",
            ActionState::Unknown => "unknown",
            ActionState::Answered => "answered",
            ActionState::Refused => "refused",
            ActionState::Failed => "failed",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<ActionState> {
        ActionState::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for ActionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settlement {
    /// What is known now.
    pub state: ActionState,
    /// The vendor's code, where it gave one.
    pub code: Option<String>,
    /// The vendor's words, or why there is no answer; no secret, no personal data.
    pub message: Option<String>,
    /// What the vendor made of it: the number of the new skill group.
    pub result: Option<String>,
}

/// A write in the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionRecord {
    /// Its number.
    pub id: i64,
    /// The operator's name for the vendor account.
    pub source: String,
    /// What; text, for a later version may know more.
    pub command: String,
    /// What it is about.
    pub target: Option<String>,
    /// The fields, as in [`ActionDraft::request`].
    pub request: Json,
    /// Who.
    pub operator: String,
    /// When it was recorded.
    pub intent_at: DateTime<Utc>,
    /// When it was about to be sent; `None`: never.
    pub sent_at: Option<DateTime<Utc>>,
    /// How it ended.
    #[serde(flatten)]
    pub settlement: Settlement,
    /// When that was recorded.
    pub answered_at: Option<DateTime<Utc>>,
    /// Of an unknown one: whether a later look at the vendor showed it done.
    pub observed_done: Option<bool>,
    /// When that was.
    pub observed_at: Option<DateTime<Utc>>,
}

/// What an action is about, as the log has it: telephone numbers and addresses in it are masked.
pub fn target(text: &str) -> String {
    Privacy::MESSAGE.scrub_text(text).unwrap_or_else(|| text.to_owned())
}

/// An agent whom the tables know as a member of skill groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// The agent's number.
    pub agent_number: String,
    /// A member of a group now; else only once.
    pub member_now: bool,
}
