//! `ccsync notify` and `[notify.NAME]`.

use super::messenger::Messenger;
use crate::support::harness::world;
use crate::support::process::Setup;

#[tokio::test]
async fn a_trial_reaches_each_target_and_tells_which_did_not_take_it() {
    let (good, bad) = (
        Messenger::that_answers(200, r#"{"errcode":0}"#).await,
        Messenger::that_answers(403, "invalid_token").await,
    );
    let setup = Setup::new(world(), "")
        .await
        .with("CCSYNC__NOTIFY__OPS__KIND", "wecom")
        .with("CCSYNC__NOTIFY__OPS__URL", &good.url())
        .with("CCSYNC__NOTIFY__TEAM__KIND", "slack")
        .with("CCSYNC__NOTIFY__TEAM__URL", &bad.url())
        .with("CCSYNC__LANGUAGE", "zh-CN");
    let ended = setup.run(&["notify", "test"]).await.expect(3);
    assert_eq!(
        ended.stdout,
        "notify.ops: taken\nnotify.team: POST to 127.0.0.1: not taken, HTTP 403, the answer was “invalid_token”\n"
    );
    let text = good.got().remove(0).json()["markdown"]["content"].as_str().unwrap().to_owned();
    assert_eq!(text, "## ccsync：测试通知\n通知可以送达此处。");
    let one = setup.run(&["notify", "test", "ops", "--json"]).await.expect(0).json();
    assert_eq!(one[0]["taken"], true);
    let unknown = setup.run(&["notify", "test", "nobody"]).await.expect(2);
    assert!(unknown.talk().contains("there is no [notify.nobody]"), "{}", unknown.talk());
    assert_eq!(setup.run(&["notify", "list", "--json"]).await.expect(0).json(), serde_json::json!([]));
    let shown = setup.run(&["config"]).await.expect(0).stdout;
    assert!(shown.contains("[notify.ops]") && !shown.contains("s3cret"), "{shown}");
}
