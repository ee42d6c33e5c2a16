//! Following a live feed of a vendor.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::{FeedMessage, GapReason};

/// One feed of one vendor account: a connection for each agent.
///
/// Inside: addresses, tokens, field names, time zones, privacy. Outside: reconnecting, waiting, pinging,
/// received times. May be used by several tasks at once.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Which feed this is.
    fn key(&self) -> &StreamKey;

    /// The agents that are configured, each by its number.
    fn agents(&self) -> Vec<String>;

    /// Opens the connection of one agent.
    ///
    /// # Errors
    /// A [`Fault`] that names the agent, and never the token.
    async fn connect(&self, extno: &str) -> Result<Box<dyn FeedSession>, Fault>;
}

/// What a connection gave.
#[derive(Debug)]
pub enum Heard {
    /// A message, with the privacy rules applied.
    Message(FeedMessage),
    /// A sign of life without content.
    Heartbeat,
    /// The end; nothing comes after it.
    End {
        /// Closed by the vendor, or broken.
        reason: GapReason,
        /// What was said, without secrets.
        message: String,
    },
}

/// An open connection. Dropping it closes it without a word.
#[async_trait]
pub trait FeedSession: Send {
    /// Waits for what comes next. Nothing is lost when the caller stops waiting and asks again.
    async fn next(&mut self) -> Heard;

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// The connection is gone.
    async fn ping(&mut self) -> Result<(), Fault>;

    /// Takes leave, as far as that is possible at once.
    async fn close(&mut self);
}
