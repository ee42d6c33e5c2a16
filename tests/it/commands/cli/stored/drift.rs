//! The command that lists what vendors send beyond their documents.

use serde_json::json;

use crate::support::process::{Setup, recent_world};

#[tokio::test]
async fn departures_are_listed_with_where_they_came_and_what_to_do_and_are_no_failure() {
    let mut world = recent_world();
    world.switches.set("sobot_extra_field", "none").unwrap();
    let setup = Setup::new(world, "").await;
    setup.run(&["sync"]).await.expect(0);
    let none = setup.run(&["drift"]).await.expect(0);
    assert_eq!((none.stdout.as_str(), none.stderr.contains("no departure")), ("", true));
    assert_eq!(setup.run(&["drift", "--json"]).await.expect(0).json(), json!([]));

    let mut switches = setup.simulator.switches();
    switches.set("moor_schema", "unknown_code").unwrap();
    setup.simulator.set_switches(switches);
    let sync = setup.run(&["sync"]).await.expect(0);
    let warned = "moor/moor.queue departs from its document (unknown_code): field `assignRule`";
    assert_eq!(sync.stderr.matches(warned).count(), 1, "{}", sync.stderr);
    assert_eq!(setup.run(&["sync"]).await.expect(0).stderr.matches("departs").count(), 0);

    let list = setup.run(&["drift"]).await.expect(0);
    let told = "moor/moor.queue: unknown_code: field `assignRule` has an undocumented value (skill_first), \
                documented are random, queue, least, priority\n  first seen ";
    assert!(list.stdout.contains(told), "{}", list.stdout);
    assert!(list.stdout.contains(", snapshot; the value is stored as it came"), "{}", list.stdout);
    let json = setup.run(&["drift", "--json"]).await.expect(0).json();
    let streams: Vec<_> = json.as_array().unwrap().iter().map(|entry| entry["stream"].clone()).collect();
    assert_eq!(streams.len(), 2, "{json}");
    assert_eq!((&json[0]["kind"], &json[0]["observed"]), (&json!("unknown_code"), &json!("skill_first")));
    let status = setup.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(status["healthy"], true);
    assert_eq!(status["streams"][0]["drifts"][0]["field"], "assignRule", "{status}");
}
