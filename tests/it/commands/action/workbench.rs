//! `ccsync workbench …`, as people meet it.

use ccsync_simulator::{Endpoint, Fault, Step};

use super::{hasty, setup, states, told};
use crate::support::process::{Ended, Setup};

/// Each order, in the words of a command line.
const ORDERS: [(&[&str], Endpoint); 8] = [
    (&["logon"], Endpoint::WorkbenchLogon),
    (&["logout"], Endpoint::WorkbenchLogout),
    (&["next-call"], Endpoint::WorkbenchNextCall),
    (&["hold"], Endpoint::WorkbenchHold),
    (&["meeting", "--tel", "1003"], Endpoint::WorkbenchMeeting),
    (&["add-black", "--info-uuid", "beeb8dda-87fb-4f7d-aa60-a4dee98e2e08"], Endpoint::WorkbenchAddBlack),
    (&["get-message"], Endpoint::WorkbenchGetMessage),
    (&["send-sms", "--telephone", "15711356914", "--msg", "您好,验证码 8848"], Endpoint::WorkbenchSendSms),
];

async fn run(setup: &Setup, words: &[&str], more: &[&str], code: i32) -> Ended {
    let line: Vec<&str> = ["workbench"].iter().chain(words).chain(more).copied().collect();
    setup.run(&line).await.expect(code)
}

#[tokio::test]
async fn each_order_is_shown_and_not_sent_without_yes() {
    let setup = setup().await;
    let mut text = String::new();
    for (words, _) in ORDERS {
        let ended = run(&setup, words, &[], 0).await;
        text.push_str(&format!("$ ccsync workbench {}\n{}", words[0], ended.stdout));
        assert!(ended.talk().contains("nothing was sent; add --yes"), "{}", ended.stderr);
    }
    told!(text, @"
    $ ccsync workbench logon
    workbench, agent 1001: POST http://HOST/admin/agent/logon
    application/x-www-form-urlencoded: extno=1001
    $ ccsync workbench logout
    workbench, agent 1001: POST http://HOST/admin/agent/logout
    application/x-www-form-urlencoded: extno=1001
    $ ccsync workbench next-call
    workbench, agent 1001: POST http://HOST/admin/agent/nextCall
    application/x-www-form-urlencoded: (empty)
    $ ccsync workbench hold
    workbench, agent 1001: POST http://HOST/admin/agent/hold
    application/x-www-form-urlencoded: (empty)
    $ ccsync workbench meeting
    workbench, agent 1001: POST http://HOST/admin/agent/meeting
    application/x-www-form-urlencoded: tel=1003
    $ ccsync workbench add-black
    workbench, agent 1001: POST http://HOST/admin/agent/addBlack
    application/x-www-form-urlencoded: info_uuid=beeb8dda-87fb-4f7d-aa60-a4dee98e2e08
    $ ccsync workbench get-message
    workbench, agent 1001: POST http://HOST/admin/agent/getMsg
    application/x-www-form-urlencoded: (empty)
    $ ccsync workbench send-sms
    workbench, agent 1001: POST http://HOST/admin/sms_api/send
    application/x-www-form-urlencoded: msg=(11 characters, 1 part)&telephone=157****6914
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
    assert_eq!(states(&setup).await, Vec::<String>::new());
}

#[tokio::test]
async fn each_order_is_sent_once_with_its_fields_however_the_document_is_read() {
    for (body, switches) in [
        ("form", [("workbench_body", "form"), ("workbench_code", "number"), ("workbench_status", "telling")]),
        ("json", [("workbench_body", "json"), ("workbench_code", "string"), ("workbench_message", "json")]),
    ] {
        let setup = setup().await.with("CCSYNC__SOURCES__WORKBENCH__ACTION__BODY", body);
        let mut set = setup.simulator.switches();
        switches.iter().for_each(|(name, value)| set.set(name, value).unwrap());
        setup.simulator.set_switches(set);
        for (words, endpoint) in ORDERS {
            let ended = run(&setup, words, &["--yes"], 0).await;
            assert_eq!(setup.simulator.journal().counts(endpoint).writes, 1, "{words:?}");
            assert_eq!(
                ended.stdout.contains("您的验证码是 8848"),
                words[0] == "get-message",
                "{}",
                ended.stdout
            );
        }
        let journal = setup.simulator.journal();
        let sent: Vec<String> =
            journal.log_of_writes().map(|entry| entry.write.clone().unwrap().to_string()).collect();
        assert_eq!(
            sent,
            [
                r#"{"extno":"1001"}"#,
                r#"{"extno":"1001"}"#,
                "{}",
                "{}",
                r#"{"tel":"1003"}"#,
                r#"{"info_uuid":"beeb8dda-87fb-4f7d-aa60-a4dee98e2e08"}"#,
                "{}",
                r#"{"msg":"您好,验证码 8848","telephone":"15711356914"}"#,
            ]
        );
        assert!(
            states(&setup).await.iter().all(|state| state.ends_with("1001: answered")),
            "{:?}",
            states(&setup).await
        );
        // Without the instants: any four digits may stand in their microseconds.
        let sql = "select string_agg((to_jsonb(a) - '{intent_at,sent_at,answered_at,observed_at}'::text[])::text, '') \
                   from sync.action a";
        let dump: String = sqlx::query_scalar(sql).fetch_one(setup.db.pool().await).await.unwrap();
        for private in ["15711356914", "8848", "demo-token"] {
            assert!(!dump.contains(private), "{private}: {dump}");
        }
    }
}

#[tokio::test]
async fn a_wrong_order_is_refused_before_anything_is_sent() {
    let setup = setup().await;
    let mut text = String::new();
    for words in [
        &["meeting", "--tel", "张三"][..],
        &["meeting", "--tel", "*#"],
        &["add-black", "--info-uuid", "15711356914"],
        &["add-black", "--info-uuid", "beeb8dda"],
        &["send-sms", "--telephone", "*#", "--msg", "hello"],
        &["send-sms", "--telephone", "1", "--msg", "hello"],
        &["send-sms", "--telephone", "15711356914", "--msg", " "],
        &["send-sms", "--telephone", "x", "--msg", "hello"],
        &["send-sms", "--telephone", "15711356914"],
        &["logon", "--agent", "1002"],
        &["logon", "--source", "moor"],
        &["hang-up"],
    ] {
        let ended = run(&setup, words, &["--yes"], 2).await;
        assert_eq!(ended.stdout, "");
        let talk = ended.talk();
        let first: Vec<&str> = talk.lines().take_while(|line| !line.is_empty()).collect();
        text.push_str(&format!("$ ccsync workbench {}\n{}\n", words.join(" "), first.join("\n")));
    }
    told!(text, @"
    $ ccsync workbench meeting --tel 张三
    error: the number must be digits, 32 at most; + - * # are allowed beside them
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench meeting --tel *#
    error: the number must be digits, 32 at most; + - * # are allowed beside them
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench add-black --info-uuid 15711356914
    error: info_uuid is the number of the customer's record, such as beeb8dda-87fb-4f7d-aa60-a4dee98e2e08; not a telephone number
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench add-black --info-uuid beeb8dda
    error: info_uuid is the number of the customer's record, such as beeb8dda-87fb-4f7d-aa60-a4dee98e2e08; not a telephone number
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench send-sms --telephone *# --msg hello
    error: the number must be a telephone's: 6 to 17 digits, with + in front and - between them if need be
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench send-sms --telephone 1 --msg hello
    error: the number must be a telephone's: 6 to 17 digits, with + in front and - between them if need be
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench send-sms --telephone 15711356914 --msg  
    error: the text of the message is empty
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench send-sms --telephone x --msg hello
    error: the number must be a telephone's: 6 to 17 digits, with + in front and - between them if need be
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench send-sms --telephone 15711356914
    error: the following required arguments were not provided:
      --msg <TEXT>
    $ ccsync workbench logon --agent 1002
    error: workbench has no agent 1002; it has 1001
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench logon --source moor
    error: no source of kind workbench is called moor; there is workbench
    hint: see docs/runbook.md#exit_2
    $ ccsync workbench hang-up
    error: unrecognized subcommand 'hang-up'
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
}

#[tokio::test]
async fn of_several_agents_one_has_to_be_named() {
    let setup = setup().await;
    let file = setup.workspace.path().join("ccsync.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let more = "[[sources.workbench.agents]]\nextno = \"1002\"\naccess_token = \"other-token\"\n";
    setup.workspace.write("ccsync.toml", &format!("{text}{more}"));
    let ended = run(&setup, &["logon"], &["--yes"], 2).await;
    assert!(ended.stderr.contains("choose one with --agent"), "{}", ended.stderr);
    run(&setup, &["logon", "--agent", "1001"], &["--yes"], 0).await;
    // The vendor does not know the other one's token.
    let refused = run(&setup, &["--agent", "1002", "logon"], &["--yes"], 1).await;
    told!(format!("{}{}", refused.stdout, refused.talk()), @"
    workbench, agent 1002: POST http://HOST/admin/agent/logon
    application/x-www-form-urlencoded: extno=1002
    action 2: refused
    error: workbench: POST /admin/agent/logon: the vendor answered code “401” “access_token error”, HTTP 200
    hint: the vendor did not do it
    ");
    assert_eq!(states(&setup).await, ["workbench.logon 1001: answered", "workbench.logon 1002: refused"]);
}

#[tokio::test]
async fn a_lost_answer_is_recorded_as_unknown_and_nothing_is_sent_again() {
    for fault in [Step::from(Fault::LostAnswer), Fault::Hang.with(3_000), Step::from(Fault::HtmlPage)] {
        let setup = hasty(setup().await);
        setup.simulator.script(Endpoint::WorkbenchSendSms, [fault]);
        let ended =
            run(&setup, &["send-sms", "--telephone", "15711356914", "--msg", "hello"], &["--yes"], 1).await;
        assert!(ended.stderr.contains("whether it was done is not known"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("15711356914") && !ended.stdout.contains("15711356914"));
        assert_eq!(states(&setup).await, ["workbench.send_sms 1001: unknown"]);
        assert_eq!(setup.simulator.journal().writes(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_text_of_too_many_characters_is_refused_with_how_many_messages_it_would_be() {
    let setup = setup().await;
    let words = |text: &str| ["send-sms", "--telephone", "15711356914", "--msg", text].map(str::to_owned);
    let ended = setup
        .run(
            &[&["workbench"], &words(&"字".repeat(10_000)).each_ref().map(String::as_str)[..], &["--yes"]]
                .concat(),
        )
        .await
        .expect(2);
    told!(ended.talk(), @"
    error: the text has 10000 characters, 150 short messages to the networks, and at most 500 characters are sent (action.sms_characters_max)
    hint: see docs/runbook.md#exit_2
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
    let longer = setup.with("CCSYNC__SOURCES__WORKBENCH__ACTION__SMS_CHARACTERS_MAX", "600");
    let text = "字".repeat(600);
    let shown = run(&longer, &["send-sms", "--telephone", "15711356914", "--msg", &text], &[], 0).await;
    assert!(shown.stdout.contains("(600 characters, 9 parts)"), "{}", shown.stdout);
    run(&longer, &["send-sms", "--telephone", "15711356914", "--msg", &text], &["--yes"], 0).await;
}

#[tokio::test]
async fn what_never_left_is_recorded_as_failed() {
    let setup = setup().await.with("CCSYNC__SOURCES__WORKBENCH__BASE_URL", "http://127.0.0.1:1");
    let ended = run(&setup, &["hold"], &["--yes"], 1).await;
    told!(format!("{}{}", ended.stdout, ended.talk()), @"
    workbench, agent 1001: POST http://HOST/admin/agent/hold
    application/x-www-form-urlencoded: (empty)
    action 1: failed
    error: workbench: POST /admin/agent/hold: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: it was not sent
    ");
    assert_eq!(states(&setup).await, ["workbench.hold 1001: failed"]);
}

#[tokio::test]
async fn the_dry_run_shows_the_encoding_that_is_configured() {
    let setup = setup().await.with("CCSYNC__SOURCES__WORKBENCH__ACTION__BODY", "json");
    let shown = run(&setup, &["meeting", "--tel", "1003"], &[], 0).await.stdout;
    assert!(shown.contains("application/json: {\"tel\":\"1003\"}"), "{shown}");
    let json = setup.run(&["workbench", "hold", "--json"]).await.expect(0).json();
    for (key, value) in [("agent", "1001"), ("method", "POST"), ("encoding", "application/json")] {
        assert_eq!(json[key], value, "{json}");
    }
    assert_eq!(json["host"], setup.simulator.base_url());
}
