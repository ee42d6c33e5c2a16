//! The log: to stderr, for people on a terminal and as JSON elsewhere.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt as _, dynamic_filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::ops::observe::otlp::Traces;

use crate::ops::text::terminal::{has_colours, stderr};

/// Libraries that tell of their own work at info and below. A filter that names one of them wins.
const QUIETED: &str = "sqlx=warn,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,tower=warn,\
                       axum=warn,tokio_cron_scheduler=warn,tungstenite=warn,\
                       tokio_tungstenite=warn";

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("`{filter}` is not a log filter: {reason}; write a level such as `info`, or `info,ccsync=debug`")]
    Filter {
        /// As it was given.
        filter: String,
        /// Why not.
        reason: String,
    },
    /// Another subscriber is in place.
    #[error("the log was set up before")]
    Twice,
}

/// Sets the log up for the process, panics included, and the traces, where there are some. What is logged is for the
/// configuration to say: `RUST_LOG` is not read. Colours only on a terminal and without `NO_COLOR`.
///
/// # Errors
/// A filter that cannot be read, and a second call.
pub fn init(format: LogFormat, filter: &str, traces: Option<&Traces>) -> Result<(), LogError> {
    let terminal = std::io::stderr().is_terminal();
    let human = match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let colour = has_colours(&std::io::stderr());
    let lines = lines(human, colour, filter, stderr)?;
    let set = tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).try_init();
    set.map_err(|_| LogError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Log lines of this form. People are spared the spans around a line; machines get the innermost one, which names
/// run, source, stream and window.
///
/// # Errors
/// A filter that cannot be read.
pub fn lines<S, W>(
    human: bool,
    colour: bool,
    filter: &str,
    writer: W,
) -> Result<Box<dyn Layer<S> + Send + Sync>, LogError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = parse_filter(filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    // Decided anew for each line: a library that asks the `log` crate whether something would be logged leaves its
    // answer behind, and it would be taken for that of the next line whose answer is thought to be known.
    let asked = dynamic_filter_fn(move |metadata, _| !human || metadata.is_event());
    let filter = filter.and(asked);
    Ok(if human {
        lines.with_ansi(colour).with_filter(filter).boxed()
    } else {
        let json = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
        json.with_filter(filter).boxed()
    })
}

fn parse_filter(filter: &str) -> Result<EnvFilter, LogError> {
    let refuse = |reason: String| LogError::Filter { filter: filter.to_owned(), reason };
    for part in filter.split(',').map(str::trim) {
        let word = part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if part.is_empty() {
            return Err(refuse("it has an empty part".to_owned()));
        }
        // A bare word is read as the name of a module by tracing, so that a mistyped level would silence
        // everything instead of being told.
        if word && part.parse::<tracing::metadata::LevelFilter>().is_err() {
            return Err(refuse(format!("`{part}` is not a level")));
        }
    }
    EnvFilter::builder().parse(filter).map_err(|error| refuse(error.to_string()))?;
    EnvFilter::builder().parse(format!("{QUIETED},{filter}")).map_err(|error| refuse(error.to_string()))
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let message = panic_message(info.payload());
    let backtrace = std::backtrace::Backtrace::capture();
    let captured = backtrace.status() == std::backtrace::BacktraceStatus::Captured;
    tracing::error!(
        target: "ccsync",
        location,
        backtrace = captured.then(|| tracing::field::display(&backtrace)),
        "panic at {location}: {message}",
    );
}

/// A literal is ours and is told whole. A formatted message may quote what it stumbled over, a vendor's
/// row for instance, so it is told up to the first quotation.
fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(literal) = payload.downcast_ref::<&'static str>() {
        return (*literal).to_owned();
    }
    let Some(message) = payload.downcast_ref::<String>() else { return "(no message)".to_owned() };
    match message.split_once(['"', '\'', '`']) {
        Some((shown, _)) => format!("{shown}…"),
        None => message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_may_quiet_and_raise_but_not_be_mistyped() {
        for good in ["info", "WARN", "off", "info,ccsync=trace", "debug,sqlx=info"] {
            assert!(parse_filter(good).is_ok(), "{good}");
        }
        for bad in ["inof", "", "info,", "ccsync=loud"] {
            assert!(parse_filter(bad).is_err(), "{bad}");
        }
        let message = parse_filter("inof").unwrap_err().to_string();
        assert_eq!(
            message,
            "`inof` is not a log filter: `inof` is not a level; write a level such as `info`, or `info,ccsync=debug`"
        );
        let raised = parse_filter("info,sqlx=debug").unwrap().to_string();
        assert!(raised.contains("sqlx=debug") && !raised.contains("sqlx=warn"), "{raised}");
        assert!(parse_filter("debug").unwrap().to_string().contains("hyper=warn"));
    }

    #[test]
    fn a_panic_does_not_quote_data() {
        let shown = |text: &str| panic_message(&text.to_owned());
        assert_eq!(shown("inside '张' of `张三 13800001111`"), "inside …");
        assert_eq!(shown("the len is 3 but the index is 5"), "the len is 3 but the index is 5");
        assert_eq!(panic_message(&"it's ours"), "it's ours");
    }
}
