//! `ccsync moor queue add|assign`, as people meet it.

use ccsync_simulator::{Change, Endpoint, Fault, Step};
use serde_json::{Value, json};

use super::{hasty, members, setup, states, told};
use crate::support::process::Setup;

const GROUP: &str = "10018501";

async fn run(setup: &Setup, line: &str, code: i32) -> (String, String) {
    let arguments: Vec<&str> = line.split(' ').collect();
    let ended = setup.run(&arguments).await.expect(code);
    (ended.stdout.clone(), ended.talk())
}

/// A setup whose tables know the agents.
async fn informed() -> Setup {
    let setup = setup().await;
    setup.run(&["sync", "moor.queue"]).await.expect(0);
    setup
}

#[tokio::test]
async fn without_yes_it_is_shown_what_would_be_sent_and_nothing_is() {
    let setup = informed().await;
    let (out, err) = run(
        &setup,
        "moor queue add --display-name 夜班二组 --assign-rule priority --memory --memory-time 1440 --member 8000 --member 8001:3",
        0,
    )
    .await;
    told!(out, @r#"
    moor: POST http://HOST/v20210827/webChat/addQueue/N00000000000
    application/json: {"assignMembers":[{"agentNumber":"8000","priority":0},{"agentNumber":"8001","priority":3}],"assignRule":"priority","displayName":"夜班二组","isMemory":true,"memoryTime":"1440"}
    "#);
    told!(err, @"nothing was sent; add --yes to send it");
    let (out, _) = run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000:2"), 0).await;
    told!(out, @r#"
    moor: POST http://HOST/v20210827/webChat/updateQueueAssignMembers/N00000000000
    application/json: {"assignMembers":[{"agentNumber":"8000","priority":2}],"exten":"10018501"}
    "#);
    let (out, _) = run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000 --json"), 0).await;
    told!(out, @r#"
    {
      "sent": false,
      "source": "moor",
      "command": "moor.queue_assign",
      "target": "10018501",
      "path": "/v20210827/webChat/updateQueueAssignMembers/N00000000000",
      "host": "http://HOST",
      "method": "POST",
      "encoding": "application/json",
      "request": {
        "assignMembers": [
          {
            "agentNumber": "8000",
            "priority": 0
          }
        ],
        "exten": "10018501"
      }
    }
    "#);
    assert_eq!(setup.simulator.journal().writes(), 0);
    assert_eq!(states(&setup).await, Vec::<String>::new());
}

#[tokio::test]
async fn with_yes_it_is_done_once_and_recorded_with_who_ordered_it() {
    let setup = informed().await;
    let (out, _) =
        run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000:2 --member 8004 --yes"), 0)
            .await;
    told!(out, @r#"
    moor: POST http://HOST/v20210827/webChat/updateQueueAssignMembers/N00000000000
    application/json: {"assignMembers":[{"agentNumber":"8000","priority":2},{"agentNumber":"8004","priority":0}],"exten":"10018501"}
    action 1: answered
    "#);
    assert_eq!(members(&setup, GROUP), ["8000:2", "8004:0"]);
    let (out, _) = run(&setup, "moor queue add --display-name 夜班三组 --member 8001 --yes", 0).await;
    told!(out, @r#"
    moor: POST http://HOST/v20210827/webChat/addQueue/N00000000000
    application/json: {"assignMembers":[{"agentNumber":"8001","priority":0}],"assignRule":"random","displayName":"夜班三组","isMemory":false}
    action 2: answered, 10018506
    "#);
    run(
        &setup,
        "moor queue add --display-name 空组 --allow-empty --memory --memory-time 120 --yes --json",
        0,
    )
    .await;
    // As in the document: the priority a number, the time a text, and no time where there is no memory.
    let journal = setup.simulator.journal();
    let sent: Vec<Value> = journal.log_of_writes().map(|entry| entry.write.clone().unwrap()).collect();
    assert_eq!(
        sent,
        [
            json!({"exten": GROUP, "assignMembers": [
                {"agentNumber": "8000", "priority": 2}, {"agentNumber": "8004", "priority": 0},
            ]}),
            json!({"displayName": "夜班三组", "assignRule": "random", "isMemory": false,
                "assignMembers": [{"agentNumber": "8001", "priority": 0}]}),
            json!({"displayName": "空组", "assignRule": "random", "isMemory": true, "memoryTime": "120",
                "assignMembers": []}),
        ]
    );
    assert_eq!((journal.writes(), journal.limit_violations()), (3, 0));
    let (out, _) = run(&setup, "action list", 0).await;
    told!(out, @r#"
    3 TIME moor moor.queue_add 空组: answered by OPERATOR; 10018507; “success!”
      {"assignMembers":[],"assignRule":"random","displayName":"空组","isMemory":true,"memoryTime":"120"}
    2 TIME moor moor.queue_add 夜班三组: answered by OPERATOR; 10018506; “success!”
      {"assignMembers":[{"agentNumber":"8001","priority":0}],"assignRule":"random","displayName":"夜班三组","isMemory":false}
    1 TIME moor moor.queue_assign 10018501: answered by OPERATOR; “success!”
      {"assignMembers":[{"agentNumber":"8000","priority":2},{"agentNumber":"8004","priority":0}],"exten":"10018501"}
    "#);
    let listed = setup.run(&["action", "list", "--json", "--limit", "1"]).await.expect(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["command"], &listed[0]["state"]), (&"moor.queue_add".into(), &"answered".into()));
    // One limit for each account and endpoint, the database's.
    let limits: Vec<(String, i32)> = sqlx::query_as(
        "select split_part(name, '/', 2), per_minute from sync.request_budget where name not like '%queueQueue' order by 1",
    )
    .fetch_all(setup.db.pool().await)
    .await
    .unwrap();
    assert_eq!(limits, [("addQueue".to_owned(), 18), ("updateQueueAssignMembers".to_owned(), 18)]);
}

#[tokio::test]
async fn what_the_vendor_would_take_otherwise_than_meant_is_refused_before_anything_is_sent() {
    let setup = informed().await;
    let mut text = String::new();
    for line in [
        "moor queue assign --exten 10018501 --yes",
        "moor queue assign --exten 10018501 --member 8000 --member 8000:1 --yes",
        "moor queue assign --exten 10018501 --member 8000 --member 9999 --yes",
        "moor queue assign --exten 10018501 --member 8000:-1 --yes",
        "moor queue assign --exten 10018501 --member 8000:high --yes",
        "moor queue assign --member 8000 --yes",
        "moor queue add --display-name a --member 8000 --memory --yes",
        "moor queue add --display-name a --member 8000 --memory-time 120 --yes",
        "moor queue add --display-name a --member 8000 --memory --memory-time 60 --yes",
        "moor queue add --display-name a --member 8000 --assign-rule fastest --yes",
        "moor queue add --display-name  --member 8000 --yes",
        "moor queue add --display-name a --yes",
        "moor queue add --display-name a --member 8000 --source sobot --yes",
    ] {
        let (out, err) = run(&setup, line, 2).await;
        assert_eq!(out, "", "{line}");
        let first: Vec<&str> = err.lines().take_while(|line| !line.is_empty()).collect();
        text.push_str(&format!("$ ccsync {line}\n{}\n", first.join("\n")));
    }
    told!(text, @r#"
    $ ccsync moor queue assign --exten 10018501 --yes
    error: no member is given, which would leave the group empty: add --allow-empty if that is meant
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue assign --exten 10018501 --member 8000 --member 8000:1 --yes
    error: agent 8000 is there twice
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue assign --exten 10018501 --member 8000 --member 9999 --yes
    error: unknown agents: 9999; no skill group that ccsync has seen has or had them (moor.queue_member, moor.agent_claim_status): correct the number, or add --unchecked-members if they exist (7moor skips agents that do not exist without a word)
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue assign --exten 10018501 --member 8000:-1 --yes
    error: invalid value '8000:-1' for '--member <NUMBER[:PRIORITY]>': the priority "-1" is not a whole number from 0 on
    $ ccsync moor queue assign --exten 10018501 --member 8000:high --yes
    error: invalid value '8000:high' for '--member <NUMBER[:PRIORITY]>': the priority "high" is not a whole number from 0 on
    $ ccsync moor queue assign --member 8000 --yes
    error: the following required arguments were not provided:
      --exten <NUMBER>
    $ ccsync moor queue add --display-name a --member 8000 --memory --yes
    error: memory is on and no memory time is given: one of 120, 1440, 10080, 43200 (minutes) has to be; the vendor would take a default
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue add --display-name a --member 8000 --memory-time 120 --yes
    error: a memory time is given and memory is off: the vendor would ignore it; turn memory on or leave the time out
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue add --display-name a --member 8000 --memory --memory-time 60 --yes
    error: the memory time "60" is none of 120, 1440, 10080, 43200 (minutes); the vendor would take a default
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue add --display-name a --member 8000 --assign-rule fastest --yes
    error: invalid value 'fastest' for '--assign-rule <RULE>': expects random, queue, least or priority; the vendor takes anything else for random
    $ ccsync moor queue add --display-name  --member 8000 --yes
    error: invalid value '' for '--display-name <NAME>': the name of the skill group is empty
    $ ccsync moor queue add --display-name a --yes
    error: no member is given, which would leave the group empty: add --allow-empty if that is meant
    hint: see docs/runbook.md#exit_2
    $ ccsync moor queue add --display-name a --member 8000 --source sobot --yes
    error: no source of kind moor is called sobot; there is moor
    hint: see docs/runbook.md#exit_2
    "#);
    assert_eq!(setup.simulator.journal().writes(), 0);
    assert_eq!(states(&setup).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_whom_neither_the_vendor_nor_the_tables_know_is_in_doubt_unless_one_insists() {
    let setup = setup().await;
    let known = members(&setup, "10018502").remove(0);
    let line = format!("moor queue assign --exten {GROUP} --member {known} --member 9999 --yes");
    let (_, err) = run(&setup, &line, 2).await;
    told!(err, @"
    error: unknown agents: 9999; no skill group that ccsync has seen has or had them (moor.queue_member, moor.agent_claim_status): correct the number, or add --unchecked-members if they exist (7moor skips agents that do not exist without a word)
    hint: see docs/runbook.md#exit_2
    ");
    run(&setup, &format!("{line} --unchecked-members"), 3).await;
    assert_eq!(members(&setup, GROUP), [known]);
}

#[tokio::test]
async fn an_agent_whom_the_vendor_no_longer_knows_is_told_and_who_was_in_the_group_can_be_put_back_as_printed()
 {
    let setup = informed().await;
    // The tables know somebody whom the vendor skips.
    let sql = "update moor.queue_member set agent_number = '8777' where (exten, agent_number) = ($1, $2)";
    let gone = members(&setup, "10018502").remove(0);
    let gone = gone.split(':').next().unwrap();
    sqlx::query(sql).bind("10018502").bind(gone).execute(setup.db.pool().await).await.unwrap();
    let before = members(&setup, GROUP);
    let line = format!("moor queue assign --exten {GROUP} --member 8777");
    let (_, err) = run(&setup, &line, 0).await;
    assert!(err.contains("in no skill group at the vendor now: 8777"), "{err}");
    let (out, err) = run(&setup, &format!("{line} --yes"), 3).await;
    assert!(out.ends_with("action 1: answered\n"), "{out}");
    told!(err, @"
    10018501 售后服务: joins: 8777; leaves: 8001, 8012, 8013, 8014
    warning: in no skill group at the vendor now: 8777; 7moor skips agents that do not exist
    warning: the vendor did not take 8777: do these agents exist?
    hint: `ccsync moor queue assign --source moor --exten 10018501 --member 8001:0 --member 8012:3 --member 8013:1 --member 8014:3 --unchecked-members --yes` puts back who was in it
    ");
    assert_eq!(members(&setup, GROUP), Vec::<String>::new());
    let put_back = err.split('`').nth(1).unwrap().strip_prefix("ccsync ").unwrap();
    run(&setup, put_back, 0).await;
    assert_eq!(members(&setup, GROUP), before);
    // So in JSON, and for a group that is made.
    let json = setup.run(&[&line.split(' ').collect::<Vec<_>>()[..], &["--yes", "--json"]].concat()).await;
    let json = json.expect(3).json();
    assert_eq!(
        (&json["state"], &json["seen"]["ending"]),
        (&"answered".into(), &"different".into()),
        "{json}"
    );
    let (_, err) = run(&setup, "moor queue add --display-name 空 --member 8777 --yes", 3).await;
    assert!(err.contains("the vendor did not take 8777"), "{err}");
}

#[tokio::test]
async fn who_would_leave_is_shown_before_and_with_every_write_as_the_vendor_has_it_now() {
    let setup = informed().await;
    let [first, ..] = members(&setup, GROUP).try_into().unwrap_or_else(|all: Vec<String>| [all[0].clone()]);
    // The tables do not know of it yet.
    let change = Change::MoveAgent {
        agent_number: first.split(':').next().unwrap().into(),
        from: Some(GROUP.into()),
        to: None,
    };
    setup.simulator.mutate(change).unwrap();
    let left: Vec<String> =
        members(&setup, GROUP).iter().map(|member| member.split(':').next().unwrap().to_owned()).collect();
    for more in ["", " --yes"] {
        let (_, err) =
            run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000{more}"), 0).await;
        assert!(err.contains(&format!("joins: 8000; leaves: {}", left.join(", "))), "{err}");
    }
    assert_eq!(members(&setup, GROUP), ["8000:0"]);
}

#[tokio::test]
async fn a_second_group_of_a_name_is_made_only_if_that_is_said_for_none_can_be_removed() {
    let setup = informed().await;
    let name = setup.simulator.truth().groups[0]["displayName"].as_str().unwrap().to_owned();
    let line = format!("moor queue add --display-name {name} --member 8000");
    let (_, err) = run(&setup, &line, 0).await;
    assert!(err.contains("warning: a group of this name exists (100185"), "{err}");
    let (_, err) = run(&setup, &format!("{line} --yes"), 2).await;
    assert!(err.contains("add --allow-same-name if another one is meant"), "{err}");
    assert_eq!(setup.simulator.journal().writes(), 0);
    run(&setup, &format!("{line} --yes --allow-same-name"), 0).await;
    assert_eq!(setup.simulator.journal().writes(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_recorded_as_unknown_and_nothing_is_sent_again() {
    let line = format!("moor queue assign --exten {GROUP} --member 8000 --yes");
    for fault in [
        Step::from(Fault::LostAnswer),
        Fault::CutBody.with(0),
        Fault::Hang.with(3_000),
        Fault::Http5xx.with(502),
        Step::from(Fault::HtmlPage),
        Step::from(Fault::Code999999),
        Step::from(Fault::Redirect),
    ] {
        let setup = hasty(informed().await);
        setup.simulator.script(Endpoint::MoorAssignMembers, [fault]);
        let (out, err) = run(&setup, &line, 1).await;
        assert!(out.ends_with("action 1: unknown\n"), "{fault:?}: {out}");
        assert!(err.contains("whether it was done is not known"), "{fault:?}: {err}");
        assert_eq!(states(&setup).await, [format!("moor.queue_assign {GROUP}: unknown")]);
        assert_eq!(setup.simulator.journal().writes(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_vendors_words_and_nothing_is_sent_again() {
    let setup = informed().await.with("CCSYNC__HTTP__TOTAL_TIMEOUT", "10s");
    setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::Code999999.with(400)]);
    let (out, err) = run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000 --yes"), 1).await;
    told!(format!("{out}{err}"), @r#"
    moor: POST http://HOST/v20210827/webChat/updateQueueAssignMembers/N00000000000
    application/json: {"assignMembers":[{"agentNumber":"8000","priority":0}],"exten":"10018501"}
    action 1: refused
    10018501 售后服务: joins: 8000; leaves: 8001, 8012, 8013, 8014
    error: moor: POST /v20210827/webChat/updateQueueAssignMembers/N00000000000: the vendor answered code “400” “server error”, HTTP 200
    hint: the vendor did not do it
    "#);
    setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::Http429.with(3)]);
    run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000 --yes"), 1).await;
    let refused = "moor.queue_assign 10018501: refused";
    assert_eq!(states(&setup).await, [refused, refused]);
    assert_eq!(setup.simulator.journal().writes(), 2);
    // What cannot be looked at is not written to.
    run(&setup, "moor queue assign --exten 1 --member 8000 --yes", 2).await;
    let wrong = setup.with("CCSYNC__SOURCES__MOOR__API_SECRET", "wrong");
    run(&wrong, &format!("moor queue assign --exten {GROUP} --member 8000 --yes"), 1).await;
    assert_eq!(wrong.simulator.journal().writes(), 2);
}

#[tokio::test]
async fn both_readings_of_an_answer_are_understood() {
    for (switch, value) in [("moor_status", "same"), ("moor_code", "string"), ("moor_envelope", "root")] {
        let setup = informed().await;
        let mut switches = setup.simulator.switches();
        switches.set(switch, value).unwrap();
        setup.simulator.set_switches(switches);
        run(&setup, &format!("moor queue assign --exten {GROUP} --member 8000 --yes"), 0).await;
        setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::Code999999.with(400)]);
        run(&setup, &format!("moor queue assign --exten {GROUP} --member 8001 --yes"), 1).await;
        assert_eq!(
            states(&setup).await,
            [format!("moor.queue_assign {GROUP}: answered"), format!("moor.queue_assign {GROUP}: refused")]
        );
    }
}

#[tokio::test]
async fn no_secret_and_no_telephone_number_reaches_the_log_of_actions() {
    let setup = informed().await;
    run(&setup, "moor queue add --display-name 15711356914专线 --member 8000 --yes", 0).await;
    let dump: String = sqlx::query_scalar("select string_agg(to_jsonb(a)::text, '') from sync.action a")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap();
    assert!(!dump.contains("demo-secret") && dump.contains("157****6914"), "{dump}");
    assert!(!dump.contains("15711356914"), "{dump}");
}
