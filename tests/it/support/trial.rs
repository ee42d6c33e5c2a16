//! The same trial with many things.

use std::collections::VecDeque;
use std::sync::Mutex;

/// Tries `one` with each item, several at once, each on a thread and runtime of its own: a database is
/// dropped by waiting on the thread, and the server waits for COPYs whose client might be on the same one.
/// Tells every item that failed.
pub fn with_each<Item, One, Trial>(items: impl IntoIterator<Item = Item>, one: One)
where
    Item: Send + std::fmt::Debug,
    One: Fn(Item) -> Trial + Sync,
    Trial: Future<Output = ()>,
{
    let items: Mutex<VecDeque<Item>> = Mutex::new(items.into_iter().collect());
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(item) = items.lock().unwrap().pop_front() else { return };
            let name = format!("{item:?}");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let trial = std::panic::AssertUnwindSafe(|| runtime.block_on(one(item)));
            if std::panic::catch_unwind(trial).is_err() {
                failed.lock().unwrap().push(name);
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed with: {}", failed.join("; "));
}

/// Trials at once: most of the time each waits for the others' answers.
const AT_ONCE: usize = 6;
