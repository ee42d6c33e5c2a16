//! The commands. Results go to stdout, messages to stderr; the exit code says how it went.

mod args;
mod config_file;
mod exit;
mod output;
#[cfg(test)]
mod printed;
mod reading;
mod screen;
mod setup;
mod stored;
mod write;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use self::reading::{backfill, check, plan, probe, run, sync, verify};
use self::setup::{config, demo, embedded, grant, init, migrate, schema, shell, simulator};
use self::stored::{absence, drift, explain, forget, notify, privacy, quarantine, retention, source, status};
use self::write::{action, agents, moor, roster, workbench};
use crate::cli::args::{CONFIG_VARIABLE, Cli, Command, ConfigArgs, SchemaArgs};
use crate::cli::exit::Exit;
use crate::cli::output::Failure;
use ccsync::app::{App, Database, Overrides};
use ccsync::config::{ConfigErrors, Settings, TelemetrySettings};
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync::ops::observe::log;
use ccsync::ops::observe::otlp::{OtlpConfig, Traces};

/// Parses the command line, runs the command and gives the process's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&args::command().get_matches()).unwrap_or_else(|error| error.exit());
    let exit = match dispatch(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            failure.print();
            failure.exit
        }
    };
    output::ended(exit).into()
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let _failpoints = ccsync::telemetry::failpoint::from_environment();
    let named = cli.config.filter(|file| !file.as_os_str().is_empty());
    if let Some(file) = named.as_deref().filter(|file| !is_by_variable(file)) {
        output::advise_with(file);
    }
    // What does not need a configuration does not fail on a wrong one.
    match cli.command {
        Command::Simulator(args) => {
            init_log(ccsync::config::LogFormat::Auto, "warn", None)?;
            return block_on(simulator::simulator(*args));
        }
        Command::Demo(args) => return demo::demo(args),
        Command::Init(args) => return init::init(&args, named.as_deref()),
        Command::Completions(args) => return shell::completions(&args),
        Command::Man(args) => return shell::man(&args),
        Command::Schema(SchemaArgs { sql: Some(stream), .. }) => return schema::migration(stream),
        Command::Config(ConfigArgs { schema: true, .. }) => return config::schema(),
        _ => {}
    }
    let file = named.or_else(|| config_file::find(|name| std::env::var_os(name)));
    let settings = load(file.as_deref())?;
    if let Command::Config(args) = &cli.command {
        return config::config(&settings, args);
    }
    // To the end, when what is left of the traces is sent.
    let traces = traces(&settings.telemetry)?;
    init_log(settings.log.format, &settings.log.filter, traces.as_ref())?;
    if !matches!(
        cli.command,
        Command::Migrate(_)
            | Command::Embedded(_)
            | Command::Source(_)
            | Command::Grant(_)
            | Command::Schema(_)
    ) {
        require_sources(&settings, file.as_deref())?;
    }
    warn_of_feeds(&settings, &cli.command);
    block_on(async {
        match cli.command {
            Command::Run => run::run(settings).await,
            Command::Sync(args) => sync::sync(settings, args).await,
            Command::Backfill(args) => backfill::backfill(settings, args).await,
            Command::Plan(args) => plan::plan(settings, args).await,
            Command::Check(args) => check::check(settings, file.as_deref(), args).await,
            Command::Probe(args) => probe::probe(settings, args).await,
            Command::Status(args) => status::status(settings, args).await,
            Command::Verify(args) => verify::verify(settings, args).await,
            Command::Explain(args) => explain::explain(settings, args).await,
            Command::Source(command) => source::source(settings, command).await,
            Command::Absence(command) => absence::absence(settings, command).await,
            Command::Drift(args) => drift::drift(settings, args).await,
            Command::Notify(command) => notify::notify(settings, command).await,
            Command::Quarantine(args) => quarantine::quarantine(settings, args).await,
            Command::Retention(args) => retention::retention(settings, args).await,
            Command::Forget(args) => forget::forget(settings, args).await,
            Command::Moor(command) => moor::moor(settings, command).await,
            Command::Roster(command) => roster::roster(settings, command).await,
            Command::Workbench(args) => workbench::workbench(settings, args).await,
            Command::Action(command) => action::action(settings, command).await,
            Command::Agents(command) => agents::agents(settings, command).await,
            Command::Schema(args) => schema::schema(settings, args).await,
            Command::Privacy(command) => privacy::privacy(settings, command).await,
            Command::Grant(command) => grant::grant(settings, command).await,
            Command::Migrate(args) => migrate::migrate(settings, args).await,
            Command::Embedded(command) => embedded::embedded(settings, command).await,
            Command::Config(_)
            | Command::Simulator(_)
            | Command::Demo(_)
            | Command::Init(_)
            | Command::Completions(_)
            | Command::Man(_) => Ok(Exit::Done),
        }
    })
}

/// For the commands that make no sense without a vendor.
fn require_sources(settings: &Settings, file: Option<&Path>) -> Result<(), Failure> {
    match (settings.require_sources(), file) {
        (Ok(()), _) => Ok(()),
        (Err(errors), Some(_)) => Err(errors.into()),
        (Err(_), None) => Err(Failure::usage(no_file(|name| std::env::var_os(name)))),
    }
}

/// What is said where no configuration file was found. One in a folder that this user may not enter was not looked at.
fn no_file(variable: impl Fn(&str) -> Option<OsString>) -> String {
    let places = config_file::places(variable);
    let shown = |place: &Path| place.display().to_string();
    let all = places.iter().map(|place| shown(place)).collect::<Vec<_>>().join(", ");
    let closed = places.iter().find(|place| place.try_exists().is_err()).map(|place| {
        format!(
            "; this user may not look into the folder of {}, as ccsync's own may: `sudo -u ccsync ccsync status`",
            shown(place)
        )
    });
    format!(
        "no configuration file was found: looked for {all}; `ccsync init` writes one, --config FILE names one{}",
        closed.unwrap_or_default()
    )
}

/// Whether commands without `--config` read this file anyway.
fn is_by_variable(file: &Path) -> bool {
    std::env::var_os(CONFIG_VARIABLE).is_some_and(|value| value == file.as_os_str())
}

/// A source that a command passes over must not go unnoticed.
fn warn_of_feeds(settings: &Settings, command: &Command) {
    if !matches!(command, Command::Sync(_) | Command::Backfill(_) | Command::Plan(_)) {
        return;
    }
    for (_, feed) in settings.feeds() {
        output::message(&format!("note: {} is a live feed; only `ccsync run` follows it", feed.key));
    }
}

fn load(file: Option<&Path>) -> Result<Settings, ConfigErrors> {
    ccsync::config::load(file, std::env::vars(), SystemClock.now())
}

fn traces(settings: &TelemetrySettings) -> Result<Option<Traces>, Failure> {
    let Some(endpoint) = settings.otlp_endpoint.clone() else { return Ok(None) };
    let authorization = settings.otlp_authorization.clone();
    let config = OtlpConfig { endpoint, authorization, service_name: settings.service_name.clone() };
    Traces::start(&config).map(Some).map_err(|error| Failure::usage(error.to_string()))
}

fn init_log(format: ccsync::config::LogFormat, filter: &str, traces: Option<&Traces>) -> Result<(), Failure> {
    let format = match format {
        ccsync::config::LogFormat::Auto => log::LogFormat::Auto,
        ccsync::config::LogFormat::Human => log::LogFormat::Human,
        ccsync::config::LogFormat::Json => log::LogFormat::Json,
    };
    log::init(format, filter, traces).map_err(|error| Failure::usage(error.to_string()))
}

/// The runtime comes last: what can fail without it has failed before.
fn block_on<Work>(work: Work) -> Result<Exit, Failure>
where
    Work: Future<Output = Result<Exit, Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(format!("no runtime could be started: {error}")))?;
    let result = runtime.block_on(work);
    // Blocking leftovers, such as a name that does not resolve, must not hold the process.
    runtime.shutdown_background();
    result
}

/// For a command that works on what there is: it makes no database.
async fn build(settings: Settings) -> Result<App, Failure> {
    Ok(App::build(settings, Overrides { create_database: false, ..Overrides::default() }).await?)
}

/// For a command that brings something: without a database of the operator's, it makes one.
async fn build_with_database(settings: Settings) -> Result<App, Failure> {
    let overrides = Overrides::default();
    confirm_download(&settings, &overrides).await?;
    Ok(App::build(settings, overrides).await?)
}

/// A person at a terminal is asked before programs are downloaded and run; a service was told by `database.fetch`.
async fn confirm_download(settings: &Settings, overrides: &Overrides) -> Result<(), Failure> {
    let is_asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_asked || settings.database.url.is_some() {
        return Ok(());
    }
    // What stands in the way is told when it is opened.
    if !matches!(Database::foresee(&settings.database, overrides).await, Ok(None)) {
        return Ok(());
    }
    let question = "No PostgreSQL server is installed that ccsync can run. Download one (github.com/theseus-rs, some \
                    tens of megabytes) and keep it below database.data_dir?";
    match dialoguer::Confirm::new().with_prompt(question).default(true).interact() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::failed(
            "nothing was downloaded: install a server (Debian, Ubuntu: `apt-get install postgresql`), or name a database \
             in `database.url`",
        )),
        Err(error) => Err(Failure::failed(format!("the question could not be asked: {error}"))),
    }
}

/// Does `work` on a product whose database is ready, and closes it.
async fn with_app<Answer>(
    settings: Settings,
    work: impl AsyncFnOnce(&App) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    on_schema(build(settings).await?, work).await
}

/// The same where what is read or written is the configured accounts': each must fit its name.
async fn with_accounts<Answer>(
    settings: Settings,
    work: impl AsyncFnOnce(&App) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    with_app(settings, async |app| {
        app.confirm_accounts().await?;
        work(app).await
    })
    .await
}

/// The same with a product that was built already.
async fn on_schema<Answer>(
    app: App,
    work: impl AsyncFnOnce(&App) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    let done = match app.ready().await {
        Ok(()) => work(&app).await,
        Err(fault) => Err(fault.into()),
    };
    app.close().await?;
    done
}
