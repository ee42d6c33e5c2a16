//! The operator's file and variables: settings, or every mistake at once, and no secret in what is said of them.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use chrono::DateTime;
use libfuzzer_sys::{Corpus, fuzz_target};

const SECRET: &str = "s3cr3t-0f-th3-acc0unt";

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("ccsync-fuzz-{}.toml", std::process::id())));

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
    // A file to read would reach out of this test; the secret is told in the right place alone.
    if text.contains("file") || text.contains(SECRET) {
        return Corpus::Reject;
    }
    let (text, variable) = text.split_once('\0').unwrap_or((text, ""));
    let (key, value) = variable.split_once('=').unwrap_or((variable, ""));
    std::fs::write(&*FILE, text).expect("the temporary folder can be written");
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time of ours");
    let secret = ("CCSYNC__SOURCES__S__APP_KEY".to_owned(), SECRET.to_owned());
    let variables = [(format!("CCSYNC__{key}"), value.to_owned()), secret];
    match ccsync::config::load(Some(&FILE), variables, now) {
        Ok(settings) => assert!(!format!("{settings:?}").contains(SECRET)),
        Err(errors) => assert!(!errors.to_string().contains(SECRET), "{errors}"),
    }
    Corpus::Keep
});
