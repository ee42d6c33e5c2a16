//! Progress of long work: on a terminal, and beside what else is written there.

use rustix::process::Signal;

use crate::support::process::{Setup, recent_world};
use crate::support::terminal::Terminal;

/// A setup at which a sync of calls takes seconds.
async fn slow() -> Setup {
    let setup = Setup::new(recent_world(), "").await;
    setup
        .with("CCSYNC__SOURCES__SOBOT__CALL_RESULT__REQUESTS_PER_MINUTE", "240")
        .with("CCSYNC__LOG__FILTER", "debug")
}

/// What stood on one line at some time, without escape sequences.
fn lines(seen: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut letters = seen.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // Up to the letter that ends it.
            letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain.split(['\r', '\n']).map(str::to_owned).filter(|line| !line.trim().is_empty()).collect()
}

fn is_bar(line: &str) -> bool {
    line.contains(" windows  ") && line.contains(" rows")
}

/// Each bar stands on a line of its own, and none is left behind.
fn assert_tidy(seen: &str) {
    let lines = lines(seen);
    assert!(
        lines.iter().any(|line| is_bar(line) && line.starts_with("sobot/sobot.call_result")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|line| line.contains("DEBUG")), "the log goes on meanwhile: {lines:#?}");
    for line in lines.iter().filter(|line| is_bar(line)) {
        assert!(line.starts_with("sobot/") && !line.contains("DEBUG") && !line.contains("INFO"), "{line}");
    }
    let last_bar = seen.rfind(" windows  ").unwrap();
    assert!(last_bar < seen.rfind("\u{1b}[2K").unwrap_or_default(), "the last bar is wiped away: {seen:?}");
}

#[tokio::test]
async fn bars_on_a_terminal_run_into_no_log_line_and_into_no_json_and_are_gone_at_the_end() {
    let setup = slow().await;
    let terminal = Terminal::start(setup.workspace.command(&["sync", "--json", "sobot.call_result"]));
    terminal.wait_for(" windows  ").await;
    let (ended, seen) = terminal.end().await;
    let report = ended.expect(0).json();
    assert_eq!(report[0]["outcome"], "succeeded", "{report}");
    assert_tidy(&seen);
    let json = setup.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(json["runs"][0]["windows_due"], json["runs"][0]["counts"]["windows"], "{json}");
}

#[tokio::test]
async fn ctrl_c_leaves_a_clean_terminal_and_the_run_says_how_much_it_left() {
    let setup = slow().await;
    let terminal = Terminal::start(setup.workspace.command(&["sync", "sobot.call_result"]));
    terminal.wait_for(" 1/6 windows  ").await;
    terminal.program.signal(Signal::INT);
    let (ended, seen) = terminal.end().await;
    let ended = ended.expect(1);
    assert!(ended.stdout.starts_with("sobot/sobot.call_result: cancelled; "), "{}", ended.stdout);
    assert_tidy(&seen);
    let json = setup.run(&["status", "--json"]).await.expect(0).json();
    let run = &json["runs"][0];
    assert_eq!((&run["outcome"], &run["windows_due"]), (&"cancelled".into(), &6.into()), "{run}");
    assert!(run["counts"]["windows"].as_i64().unwrap() < 6, "{run}");
}

#[tokio::test]
async fn no_bar_is_drawn_where_none_is_wanted() {
    let setup = slow().await;
    let terminal = Terminal::start(setup.workspace.command(&["sync", "--no-progress", "sobot.call_result"]));
    let (ended, seen) = terminal.end().await;
    ended.expect(0);
    assert!(!lines(&seen).iter().any(|line| is_bar(line)), "{seen}");
}
