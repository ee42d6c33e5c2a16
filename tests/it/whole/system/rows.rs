//! What becomes of rows: changes, absences, versions, personal data.

mod absence;
mod as_of;
mod change;
mod privacy;
mod quarantine;
mod range;
mod roster;
mod switch;
mod verify;
