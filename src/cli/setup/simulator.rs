//! `ccsync simulator`.

use tokio::net::TcpListener;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::stop;
use ccsync_simulator::{Simulator, SimulatorArgs, SimulatorConfig};

pub(in crate::cli) async fn simulator(args: SimulatorArgs) -> Result<Exit, Failure> {
    let address = args.listen;
    let config = SimulatorConfig::try_from(args).map_err(Failure::usage)?;
    let stop = stop::on_signal();
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure::failed(format!("--listen {address} cannot be used: {error}")))?;
    let simulator = Simulator::start(config, listener)
        .map_err(|error| Failure::failed(format!("the simulator could not start: {error}")))?;
    output::data(&simulator.base_url());
    output::message(
        "the vendors answer there; /_sim/health, /_sim/truth/calls and others show behind the scenes",
    );
    stop.cancelled().await;
    simulator.stop().await;
    Ok(Exit::Done)
}
