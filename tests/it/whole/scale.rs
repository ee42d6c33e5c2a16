//! Beyond one machine and one process: months, machines, workers.

mod citus;
mod month;
mod shard;
mod side_by_side;
mod worker;
