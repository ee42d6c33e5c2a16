//! The vendor accounts: whose rows a name holds, their tokens, their request limits and their clocks.

pub(super) mod request_budget;
pub(super) mod source;
pub(super) mod token;
pub(super) mod vendor_clock;
mod vendor_fact;
