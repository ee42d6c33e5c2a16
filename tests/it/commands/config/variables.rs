//! The environment as the uppermost layer.

use std::time::Duration;

use ccsync::config::{Account, load};
use ccsync::domain::person::privacy::Policy;
use ccsync::domain::stream::StreamId;
use secrecy::ExposeSecret;

use super::{CONTRACT, SOBOT, load_with, now, sobot_key};

#[test]
fn variables_set_values_of_every_type() {
    let settings = load_with(
        &format!("{SOBOT}app_key = \"inline\"\n{}", &CONTRACT[CONTRACT.find("[sources.moor]").unwrap()..]),
        &[
            ("CCSYNC__TIMEZONE", "UTC"),
            ("CCSYNC__DATABASE__URL", "postgres://u@h/d"),
            ("CCSYNC__DATABASE__PORT", "05432"),
            ("CCSYNC__DATABASE__FETCH", "False"),
            ("CCSYNC__OPS__LISTEN", "0.0.0.0:9"),
            ("CCSYNC__ENGINE__LEASE", "20s"),
            ("CCSYNC__PRIVACY__PHONE", "drop"),
            ("CCSYNC__SOURCES__S__APP_KEY", "0123"),
            ("CCSYNC__SOURCES__S__APP_ID", "00042"),
            ("CCSYNC__SOURCES__S__CALL_RESULT__WINDOW", "6h"),
            ("CCSYNC__SOURCES__S__CHAT_RESULT__ENABLED", "0"),
            ("CCSYNC__SOURCES__MOOR__ACCOUNT_ID", "N00000000000"),
            ("CCSYNC__SOURCES__MOOR__API_SECRET", "1e5"),
            ("CCSYNC__SOURCES__WORKBENCH__AGENTS__0__ACCESS_TOKEN", "true"),
            ("CCSYNC__SOURCES__WORKBENCH__AGENTS__1__EXTNO", "1002"),
            ("CCSYNC__SOURCES__WORKBENCH__AGENTS__1__ACCESS_TOKEN", "12345678901234567890"),
            ("CCSYNC__DATABASE__URL_FILE", ""),
            ("CCSYNC_CONFIG", "not ours"),
            ("CCSYNCOPE", "not ours"),
            ("PATH", "not ours"),
        ],
    )
    .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(settings.timezone, chrono_tz::UTC);
    assert_eq!(settings.database.port, 5432);
    assert!(!settings.database.fetch);
    assert_eq!(settings.engine.lease, Duration::from_secs(20));
    assert_eq!(settings.source("s").unwrap().privacy.phone, Policy::Drop);
    let Account::Sobot { app_id, app_key, .. } = &settings.source("s").unwrap().account else { panic!() };
    assert_eq!((app_id.as_str(), app_key.current().expose_secret()), ("00042", "0123"));
    let Account::Moor { account_id, api_secret, .. } = &settings.source("moor").unwrap().account else {
        panic!()
    };
    assert_eq!((account_id.as_str(), api_secret.current().expose_secret()), ("N00000000000", "1e5"));
    let Account::Workbench { agents, .. } = &settings.source("workbench").unwrap().account else { panic!() };
    let agents: Vec<_> = agents
        .iter()
        .map(|a| (a.extno.as_str(), a.access_token.current().expose_secret().to_owned()))
        .collect();
    assert_eq!(agents, [("1001", "true".to_owned()), ("1002", "12345678901234567890".to_owned())]);
    let streams = settings.streams();
    assert_eq!(streams.len(), 3, "one of four is not enabled");
    let calls = streams.iter().find(|stream| stream.key.stream == StreamId::SOBOT_CALL_RESULT).unwrap();
    assert_eq!(calls.window.as_ref().unwrap().window, Duration::from_secs(6 * 3600));
}

#[test]
fn a_variable_finds_its_source_whatever_the_names_case_hyphens_and_underscores() {
    let text = SOBOT.replace("[sources.s]", "[sources.Sobot-Shang__hai]");
    let settings = load_with(&text, &[("CCSYNC__SOURCES__SOBOT_SHANG__HAI__APP_KEY", "k")]).unwrap();
    assert_eq!(sobot_key(&settings, "Sobot-Shang__hai"), "k");

    let two = format!(
        "{}{}",
        SOBOT.replace("[sources.s]", "[sources.a-b]"),
        SOBOT.replace("[sources.s]", "[sources.a_b]")
    );
    let errors = load_with(&two, &[("CCSYNC__SOURCES__A_B__APP_KEY", "k")]).unwrap_err().to_string();
    assert!(errors.contains("which source it means: a-b or a_b"), "{errors}");

    let variables = [
        ("CCSYNC__SOURCES__NEW__KIND", "sobot"),
        ("CCSYNC__SOURCES__NEW__BASE_URL", "http://127.0.0.1:1"),
        ("CCSYNC__SOURCES__NEW__APP_ID", "7"),
        ("CCSYNC__SOURCES__NEW__APP_KEY", "k"),
        ("CCSYNC__SOURCES__DESK__KIND", "workbench"),
        ("CCSYNC__SOURCES__DESK__BASE_URL", "https://setup.example"),
        ("CCSYNC__SOURCES__DESK__AGENTS__0__EXTNO", "1"),
        ("CCSYNC__SOURCES__DESK__AGENTS__0__ACCESS_TOKEN", "2"),
    ];
    assert_eq!(sobot_key(&load_with("", &variables).unwrap(), "new"), "k");
}

#[test]
fn a_list_of_more_than_ten_is_filled_in_order() {
    let base = [("KIND", "workbench"), ("BASE_URL", "https://setup.example")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
    let agents = (0..12).flat_map(|i| {
        [
            (format!("AGENTS__{i}__EXTNO"), format!("{i}")),
            (format!("AGENTS__{i}__ACCESS_TOKEN"), "t".to_owned()),
        ]
    });
    let variables =
        base.into_iter().chain(agents).map(|(name, value)| (format!("CCSYNC__SOURCES__D__{name}"), value));
    let settings = load(None, variables, now()).unwrap_or_else(|errors| panic!("{errors}"));
    let Account::Workbench { agents, .. } = &settings.source("d").unwrap().account else { panic!() };
    assert_eq!(agents.len(), 12);
    assert!(agents.iter().enumerate().all(|(i, agent)| agent.extno == i.to_string()));

    let gap = load_with(
        "",
        &[("CCSYNC__SOURCES__D__KIND", "workbench"), ("CCSYNC__SOURCES__D__AGENTS__3__EXTNO", "1")],
    );
    let gap = gap.unwrap_err().to_string();
    assert!(gap.contains("sources.d.agents[0]: expects a table"), "{gap}");
}
