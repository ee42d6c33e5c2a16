//! What vendors send and take: pages, records of people, roster, actions, and how it departs from their documents.

pub mod action;
pub mod agent;
pub mod drift;
pub mod fact;
pub mod feed;
pub mod observation;
pub mod page;
pub mod roster;
pub mod roster_check;
pub mod roster_fingerprint;
pub mod roster_hold;
pub mod roster_plan;
pub mod schema;
pub mod sms;
