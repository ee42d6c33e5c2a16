//! `ccsync agents`.

use serde_json::Value;

use super::support::Agents;
use crate::support::process::Workspace;

struct Setup {
    agents: Agents,
    workspace: Workspace,
}

/// Two namesakes at either vendor, and one whom a rule finds.
async fn setup() -> Setup {
    let agents = Agents::new().await;
    agents
        .sobot("s/a1", "张伟", "")
        .await
        .sobot("s/a2", "张伟", "")
        .await
        .sobot("s/a3", "李, \"娜\"", "")
        .await;
    agents.moor("m/1", "张伟").await.moor("m/2", "张伟").await.moor("m/3", "李, \"娜\"").await;
    let workspace = Workspace::new(&format!(
        "[database]\nurl = \"{}\"\n[sources.s]\nkind = \"sobot\"\nbase_url = \"http://127.0.0.1:9\"\n\
         app_id = \"a\"\napp_key = \"b\"\n[sources.s.call_result]\nstart = \"2026-03-01\"\n",
        agents.db.url()
    ));
    Setup { agents, workspace }
}

impl Setup {
    async fn export(&self) -> String {
        self.workspace.run(&["agents", "export"]).await.expect(0).stdout
    }

    async fn import(&self, text: &str, more: &[&str]) -> String {
        let ended = self.run(text, more).await.expect(0);
        format!("{}{}", ended.stdout, ended.talk())
    }

    async fn run(&self, text: &str, more: &[&str]) -> crate::support::process::Ended {
        let file = self.workspace.write("agents.csv", text);
        let arguments = [&["agents", "import", file.to_str().unwrap()], more].concat();
        self.workspace.run(&arguments).await
    }

    async fn persons(&self) -> Vec<(String, String)> {
        self.agents.seen().await.into_values().map(|seen| (seen.account, seen.person_id)).collect()
    }
}

const COLUMNS: &str = "vendor,source,account_id,person_id\n";

#[tokio::test]
async fn an_export_is_every_account_with_its_person_rule_and_state() {
    let setup = setup().await;
    insta::assert_snapshot!(setup.export().await, @r#"
    person_id,vendor,source,account_id,name,email,rule,state,reason,candidates
    moor/m/1,moor,m,1,张伟,,,ambiguous,ambiguous,sobot/s/a1 sobot/s/a2
    moor/m/2,moor,m,2,张伟,,,ambiguous,ambiguous,sobot/s/a1 sobot/s/a2
    sobot/s/a1,sobot,s,a1,张伟,,,ambiguous,ambiguous,moor/m/1 moor/m/2
    sobot/s/a2,sobot,s,a2,张伟,,,ambiguous,ambiguous,moor/m/1 moor/m/2
    sobot/s/a3,sobot,s,a3,"李, ""娜""",,name,matched,,
    sobot/s/a3,moor,m,3,"李, ""娜""",,name,matched,,
    "#);
    let json = setup.workspace.run(&["agents", "export", "--json"]).await.expect(0).json();
    assert_eq!(json.as_array().unwrap().len(), 6);
    assert_eq!(json[5]["person_id"], "sobot/s/a3");
    assert_eq!(json[0]["candidates"][1], "sobot/s/a2");
}

#[tokio::test]
async fn an_export_imported_as_it_is_changes_nothing() {
    let setup = setup().await;
    let text = setup.export().await;
    assert_eq!(setup.import(&text, &["--yes"]).await, "all is as the file says\n");
    assert_eq!(setup.agents.count("select count(*) from sync.agent_link").await, 0);
}

#[tokio::test]
async fn a_corrected_export_is_shown_then_done_and_doing_it_again_changes_nothing() {
    let setup = setup().await;
    let before = setup.persons().await;
    let corrected = setup.export().await.replace("moor/m/1,moor", "sobot/s/a2,moor");
    insta::assert_snapshot!(setup.import(&corrected, &[]).await, @r"
    moor/m/1: sobot/s/a2 (before: moor/m/1)
    accounts that would change: 1; add --yes to do it
    ");
    assert_eq!(setup.persons().await, before, "only shown");
    let done = setup.import(&corrected, &["--yes"]).await;
    assert!(done.ends_with("accounts changed: 1\n"), "{done}");
    assert_eq!(setup.agents.rule("sobot/s/a2", "moor/m/1").await.as_deref(), Some("overruled"));
    let mark = "select xmin::text::bigint from sync.agent_link";
    let version = setup.agents.count(mark).await;
    for text in [&corrected, &setup.export().await] {
        assert_eq!(setup.import(text, &["--yes"]).await, "all is as the file says\n");
    }
    assert_eq!(setup.agents.count(mark).await, version);
    // Who is left could be matched by what is left over, which would be a guess.
    assert_eq!(setup.agents.seen().await["moor/m/2"].state, "ambiguous");
    assert_eq!(
        setup.workspace.run(&["agents", "export", "--overruled"]).await.expect(0).stdout.lines().count(),
        2
    );
}

#[tokio::test]
async fn an_overrule_is_taken_back_by_an_empty_person_or_by_a_list_without_it() {
    let setup = setup().await;
    let separate = format!("{COLUMNS}moor,m,3,moor/m/3\nmoor,m,1,sobot/s/a1\n");
    insta::assert_snapshot!(setup.import(&separate, &["--yes"]).await, @r"
    moor/m/1: sobot/s/a1 (before: moor/m/1)
    moor/m/3: nobody else's (before: sobot/s/a3)
    accounts changed: 2
    ");
    assert_eq!(setup.agents.rule("sobot/s/a3", "moor/m/3").await, None);
    insta::assert_snapshot!(setup.import(&format!("{COLUMNS}moor,m,3,\n"), &["--yes"]).await, @r"
    moor/m/3: as the rules say (overruled before: moor/m/3)
    accounts changed: 1
    ");
    assert_eq!(setup.agents.rule("sobot/s/a3", "moor/m/3").await.as_deref(), Some("name"));
    let json = setup.run(COLUMNS, &["--replace", "--yes", "--json"]).await.expect(0).json();
    assert_eq!(json["changes"][0]["account"], "moor/m/1");
    assert_eq!(json["changes"][0]["to"], Value::Null);
    assert_eq!(json["written"], true);
    assert_eq!(setup.agents.count("select count(*) from sync.agent_link").await, 0);
}

#[tokio::test]
async fn all_mistakes_of_a_file_are_told_at_once_and_nothing_is_done() {
    let setup = setup().await;
    let wrong = "vendor,source,account_id,person_id\navaya,m,1,sobot/s/a1\nmoor,m,1,somebody\nmoor,m,2\n";
    let told = setup.run(wrong, &["--yes"]).await.expect(2).talk();
    for part in ["has mistakes", "line 2: ", "line 3: ", "line 4: "] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let unknown = format!("{COLUMNS}moor,m,1,sobot/s/a1\nmoor,m,9,sobot/s/a9\nmoor,m,1,sobot/s/a2\n");
    let told = setup.run(&unknown, &["--yes"]).await.expect(2).talk();
    for part in [
        "line 3: no vendor has named the account moor/m/9 so far",
        "line 3: no vendor has named the account sobot/s/a9 so far",
        "line 4: moor/m/1 is given otherwise in line 2",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert_eq!(setup.agents.count("select count(*) from sync.agent_link").await, 0);
    let missing = setup.workspace.run(&["agents", "import", "nowhere.csv"]).await.expect(2);
    assert!(missing.stderr.contains("nowhere.csv cannot be read"), "{}", missing.stderr);
}

#[tokio::test]
async fn an_account_that_is_not_known_yet_can_be_given_ahead() {
    let setup = setup().await;
    let ahead = format!("{COLUMNS}moor,m,9,sobot/s/a2\n");
    let done = setup.import(&ahead, &["--allow-unknown", "--yes"]).await;
    assert!(done.starts_with("moor/m/9: sobot/s/a2 (not known yet)\n"), "{done}");
    setup.agents.moor("m/9", "").await;
    assert_eq!(setup.agents.rule("sobot/s/a2", "moor/m/9").await.as_deref(), Some("overruled"));
}
