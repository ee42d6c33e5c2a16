//! Secrets: where they come from, and that they are never shown.

use ccsync::config::{Format, Settings, StreamSettings, render};
use ccsync::domain::person::privacy::Policy;
use secrecy::ExposeSecret;

use super::{CONTRACT, SOBOT, file, load_with, mistakes, settings, sobot_key};

#[test]
fn a_secret_comes_from_its_file_without_the_newline() {
    let (key, password, empty) = (file("0123 x\r\n"), file("p@ss/word\n"), file("\n"));
    let text = format!(
        "[database]\nurl = \"postgres://u@h/d\"\npassword_file = {:?}\n{SOBOT}app_key_file = {:?}\n",
        password.path(),
        key.path()
    );
    let settings = settings(&text);
    assert_eq!(sobot_key(&settings, "s"), "0123 x");
    assert_eq!(settings.database.url.as_ref().unwrap().expose_secret(), "postgres://u:p%40ss%2Fword@h/d");

    let url = file("postgres://u:pw@h/d\n");
    let from_file = self::settings(&format!("[database]\nurl_file = {:?}\n", url.path()));
    assert_eq!(from_file.database.url.unwrap().expose_secret(), "postgres://u:pw@h/d");

    let missing = mistakes(&format!("{SOBOT}app_key_file = \"/no/such/secret\"\n"));
    assert!(missing.contains("sources.s.app_key_file: /no/such/secret cannot be read"), "{missing}");
    let empty = mistakes(&format!("{SOBOT}app_key_file = {:?}\n", empty.path()));
    assert!(empty.contains("is empty"), "{empty}");
    let none = mistakes(SOBOT);
    assert!(none.contains("sources.s.app_key: is required and missing"), "{none}");
    let alone = mistakes("[database]\npassword_file = \"/x\"\n");
    assert!(alone.contains("database.password_file"), "{alone}");
    let shown = mistakes(&format!("{SOBOT}app_key = \"********\"\n"));
    assert!(shown.contains("ccsync config"), "{shown}");
}

#[test]
fn no_secret_is_ever_shown_and_what_is_shown_loads_again() {
    let key = file("hunter2-file");
    let text = format!(
        "{}\n[sources.extra]\nkind = \"sobot\"\nbase_url = \"https://x.example/api\"\napp_id = \"\\\"q\\\\\"\n\
         app_key_file = {:?}\n[sources.extra.privacy]\nphone = \"keep\"\n[sources.extra.call_result]\nenabled = false\n",
        CONTRACT
            .replace("_id = \"…\"", "_id = \"1\"")
            .replace("\"…\"", "\"hunter2\"")
            .replace("ccsync@db", "ccsync:hunter2@db"),
        key.path()
    );
    let settings = settings(&text);
    let toml = render(&settings, Format::Toml);
    let json = render(&settings, Format::Json);
    for shown in [&format!("{settings:?}"), &toml, &json] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(json.contains("\"app_key\": \"********\"") && json.contains("app_key_file"), "{json}");
    assert!(toml.contains("url = \"postgres://ccsync:********@db/ccsync\""), "{toml}");

    let again = load_with(&toml.replace("********", "hunter2"), &[])
        .unwrap_or_else(|errors| panic!("{errors}\n{toml}"));
    assert_eq!(render(&again, Format::Toml), toml);
    // What is shown is given from then on; else it is the same.
    let values = |settings: &Settings| {
        let mut streams: Vec<StreamSettings> = settings.streams();
        streams.iter_mut().for_each(|stream| {
            (stream.page_size_is_given, stream.result_cap_is_given) = (true, true);
        });
        streams
    };
    assert_eq!(values(&again), values(&settings));
    assert_eq!(sobot_key(&again, "extra"), "hunter2-file");
    let masked = mistakes(&toml);
    assert_eq!(masked.lines().count(), 4, "each hidden secret is asked for: {masked}");
}

#[test]
fn tokens_need_a_key_that_is_long_enough_and_given_once() {
    let key = "0123456789abcdef0123456789abcdef";
    let with = |text: &str| format!("{SOBOT}app_key = \"k\"\n{text}");
    let keyless = mistakes(&with("[privacy]\nphone = \"hmac\"\n"));
    assert!(keyless.contains("privacy.phone: \"hmac\" needs a key"), "{keyless}");
    let of_source = mistakes(&with("[sources.s.privacy]\nname = \"hmac\"\n"));
    assert!(of_source.contains("sources.s.privacy.name: \"hmac\" needs a key"), "{of_source}");
    let short = mistakes(&with("[privacy]\nhmac_key = \"too-short-a-key\"\n"));
    assert!(short.contains("privacy.hmac_key: line 1: a key of 15 bytes is too short"), "{short}");
    assert!(!short.contains("too-short-a-key"), "{short}");

    let file = file(&format!("{key}\n{}\n", key.to_uppercase()));
    let path = file.path().display();
    let settings = settings(&with(&format!(
        "[sources.s.privacy]\nemail = \"hmac\"\n[privacy]\nphone = \"drop\"\nhmac_key_file = \"{path}\"\n"
    )));
    let privacy = &settings.source("s").unwrap().privacy;
    assert_eq!((privacy.phone, privacy.email, privacy.name), (Policy::Drop, Policy::Hmac, Policy::Keep));
    assert_eq!(privacy.keys.as_ref().unwrap().level(), 2);
    for format in [Format::Toml, Format::Json] {
        let shown = render(&settings, format);
        assert!(!shown.contains(key) && shown.contains("hmac_key_file"), "{shown}");
    }
}

#[test]
fn a_secret_that_no_request_can_carry_is_refused_where_it_stands() {
    let told = mistakes(&format!("{SOBOT}app_key = \"hun\\tter2\"\n"));
    assert!(told.contains("sources.s.app_key") && told.contains("holds a control character"), "{told}");
    assert!(!told.contains("ter2"), "{told}");
}
