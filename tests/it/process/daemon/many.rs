//! A daemon of many accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::{TIMEOUT, count};
use crate::support::harness::eventually;
use crate::support::process::{Setup, recent_world};

/// A vendor that takes connections and never answers; how many have asked so far.
async fn silent_vendor() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut bytes = [0; 4_096];
                if 0 < connection.read(&mut bytes).await.unwrap_or_default() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
                // Until the client gives up.
                while 0 < connection.read(&mut bytes).await.unwrap_or_default() {}
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_holds_up_its_own_accounts_alone_and_eight_of_them_for_each_connection()
{
    let (silent, asked) = silent_vendor().await;
    let accounts: String = (0..30)
        .map(|number| {
            format!(
                "[sources.silent{number}]\nkind = \"sobot\"\nbase_url = \"{silent}\"\napp_id = \"app-{number}\"\n\
                 app_key = \"demo-key\"\n[sources.silent{number}.chat_result]\nenabled = false\n"
            )
        })
        .collect();
    let world = ccsync_simulator::SimulatorConfig { chats: 0, groups: 0, ..recent_world() };
    let setup = Setup::new(world, &accounts).await.with("CCSYNC__DATABASE__POOL_SIZE", "1");
    let daemon = setup.workspace.start(&["run"]);
    let pool = setup.db.pool().await;
    eventually(TIMEOUT, async || {
        let rows = count(pool, "select count(*) from sobot.call_result where source = 'sobot'").await;
        if rows == 150 { Ok(()) } else { Err(format!("{rows} rows")) }
    })
    .await;
    // Each pass sends one request, for its token, and waits; the others of that vendor have not begun.
    eventually(TIMEOUT, async || match asked.load(Ordering::SeqCst) {
        8 => Ok(()),
        asked => Err(format!("{asked} ask")),
    })
    .await;
    let begun = "select count(*) from sync.run where source like 'silent%'";
    assert_eq!(count(pool, begun).await, 8);
    let ended = daemon.stop(Signal::TERM).await;
    println!("{:?}", ended.took);
    ended.expect(0);
}
