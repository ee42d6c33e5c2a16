//! The queue on disk in which a feed's events wait while the database is away.

mod disk;
mod free_space;
mod line;
mod segment;
mod waiting;

pub use self::disk::DiskSpool;
pub use self::free_space::free_space;
#[cfg(fuzzing)]
pub use self::line::{event, line};
pub use self::waiting::waiting;
