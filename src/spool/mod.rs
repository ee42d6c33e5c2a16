//! The queue on disk in which a feed's events wait while the database is away.

mod disk;
mod line;
mod room;
mod segment;
mod waiting;

pub use self::disk::DiskSpool;
pub use self::room::room;
pub use self::waiting::waiting;
