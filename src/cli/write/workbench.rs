//! `ccsync workbench logon|logout|next-call|hold|meeting|add-black|get-message|send-sms`.

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::Failure;
use crate::cli::with_accounts;
use crate::cli::write::action::{WriteArgs, rendered, service, show};
use ccsync::config::Settings;
use ccsync::domain::vendor::action::WorkbenchAction;

#[derive(Debug, Args)]
pub(in crate::cli) struct WorkbenchArgs {
    /// Number of the agent for whom and under whose token it is done; may be left out where only one is
    /// configured.
    #[arg(long, global = true, value_name = "EXTNO")]
    pub agent: Option<String>,
    #[command(subcommand)]
    pub verb: WorkbenchVerb,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum WorkbenchVerb {
    /// Sign the agent in (签入).
    Logon(WriteArgs),
    /// Sign the agent out (签出).
    Logout(WriteArgs),
    /// Go on to the next call (下一个).
    NextCall(WriteArgs),
    /// Put the call on hold (通话保持).
    Hold(WriteArgs),
    /// Bring one more party into the call (多方通话).
    Meeting {
        /// Whom. The document calls the field `tel` and describes it as an agent's number (坐席工号): an
        /// agent's number is the safe reading, a telephone number may or may not be taken.
        #[arg(long, value_name = "NUMBER")]
        tel: String,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Put a customer on the blacklist (加入黑名单).
    AddBlack {
        /// Number of the customer's record: `info.uuid` of the call's pop-up, not a telephone number.
        #[arg(long, value_name = "UUID")]
        info_uuid: String,
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Get the text of the agent's short message (获取短信内容). It is printed and not recorded.
    GetMessage(WriteArgs),
    /// Send a short message (发送短信). Its text is not recorded, and the number only masked.
    SendSms {
        /// To which number.
        #[arg(long, value_name = "NUMBER")]
        telephone: String,
        /// The text.
        #[arg(long, value_name = "TEXT")]
        msg: String,
        #[command(flatten)]
        write: WriteArgs,
    },
}

impl WorkbenchVerb {
    fn into_action(self) -> (WorkbenchAction, WriteArgs) {
        match self {
            WorkbenchVerb::Logon(write) => (WorkbenchAction::Logon, write),
            WorkbenchVerb::Logout(write) => (WorkbenchAction::Logout, write),
            WorkbenchVerb::NextCall(write) => (WorkbenchAction::NextCall, write),
            WorkbenchVerb::Hold(write) => (WorkbenchAction::Hold, write),
            WorkbenchVerb::Meeting { tel, write } => (WorkbenchAction::Meeting { tel }, write),
            WorkbenchVerb::AddBlack { info_uuid, write } => (WorkbenchAction::AddBlack { info_uuid }, write),
            WorkbenchVerb::GetMessage(write) => (WorkbenchAction::GetMessage, write),
            WorkbenchVerb::SendSms { telephone, msg, write } => {
                (WorkbenchAction::SendSms { telephone, msg }, write)
            }
        }
    }
}

pub(in crate::cli) async fn workbench(settings: Settings, args: WorkbenchArgs) -> Result<Exit, Failure> {
    let (action, write) = args.verb.into_action();
    with_accounts(settings, async |app| {
        let service = service(app)?;
        let actor = service.workbench(write.source.as_deref(), args.agent.as_deref(), &action)?;
        show(actor.draft(), &write)?;
        if write.yes { rendered(&service.perform(actor).await?, None, write.json) } else { Ok(Exit::Done) }
    })
    .await
}
