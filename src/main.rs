//! The program: reads the command line, runs one mode, and ends with its exit code.

use std::net::SocketAddr;
use std::process::ExitCode;

use botswain::app::{App, Ended};
use botswain::config::{Config, DotEnv};
use botswain::discord::gallery::{Cast, rooms};
use botswain::domain::authority::Person;
use botswain::domain::ids::{ChannelId, GuildId, RoleId, UserId};
use botswain::sandbox::{self, Sandbox};
use botswain::telemetry;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Runs LivePerson agent connectors from Discord.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    mode: Option<Mode>,
}

const EXIT_CODES: &str = "Exit codes: 0 ended as asked · 1 something unexpected · 2 a mistake in the settings · \
    3 Discord refuses the token · 4 another process uses the database · 5 the database cannot be used · \
    6 a part of the program died, or the lock on the database was lost · 7 a stand-in's address does not answer as one";

#[derive(Clone, Debug, Default, Subcommand)]
enum Mode {
    /// Run against Discord and a lifecycle service, from the environment and .env (the default).
    #[default]
    Run,
    /// The whole bot against stand-ins on this machine, in a page to try it on. Needs no account and no network.
    Demo(Demo),
    /// The stand-ins alone: for testing a Discord bot, or this one by hand.
    Sandbox(SandboxOptions),
    /// Check the settings, and say all that is wrong with them.
    Check,
    /// Print the contract of the lifecycle service, as OpenAPI 3.1.
    Contract,
}

#[derive(Clone, Debug, Args)]
struct Demo {
    /// Where the page is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    /// Let other machines reach it. There is no password: anyone who reaches it can do everything on it.
    #[arg(long)]
    beyond_loopback: bool,
}

#[derive(Clone, Debug, Args)]
struct SandboxOptions {
    /// Serve the Discord stand-in here. Without either address, both stand-ins are served on free ports.
    #[arg(long, value_name = "ADDR")]
    discord: Option<SocketAddr>,
    /// Serve the simulated lifecycle service here.
    #[arg(long, value_name = "ADDR")]
    lifecycle: Option<SocketAddr>,
    /// Let other machines reach it. There is no password: anyone who reaches it can do everything on it.
    #[arg(long)]
    beyond_loopback: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Cli::parse().mode.unwrap_or_default() {
        Mode::Run => run().await,
        Mode::Demo(demo) => serve_demo(demo).await,
        Mode::Sandbox(options) => serve_sandbox(options).await,
        Mode::Check => check(),
        Mode::Contract => contract(),
    };
    ended.unwrap_or_else(|failure| {
        complain(&failure.to_string());
        ExitCode::from(failure.code())
    })
}

async fn run() -> Result<ExitCode, Ended> {
    let source = DotEnv::load()?;
    let config = Config::read(&source)?;
    telemetry::install(&config.log).map_err(Ended::unexpected)?;
    let stopped = stopped()?;
    let app = App::start(config).await?;
    app.run_until(stopped).await?;
    Ok(ExitCode::SUCCESS)
}

async fn serve_demo(demo: Demo) -> Result<ExitCode, Ended> {
    // The demo reads neither .env nor the product's settings.
    telemetry::install(&sandbox::log_settings()).map_err(Ended::unexpected)?;
    let stopped = stopped()?;
    let options = sandbox::Options::demo(demo.listen, demo.beyond_loopback, gallery);
    let sandbox = Sandbox::start(options).await.map_err(Ended::unexpected)?;
    let app = App::start(sandbox.config(Sandbox::DEMO_SETTINGS)?).await?;
    say(&format!("The demo is at {} (Ctrl-C ends it)", sandbox.page().unwrap_or_default()));
    app.run_until(stopped).await?;
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// The gallery of the demo's page: the product's own messages, about the people and channels of the sandbox.
fn gallery() -> serde_json::Value {
    let seed = sandbox::discord::Seed::default();
    let person = |of: &sandbox::discord::SeedMember| Person { id: UserId(of.id.0), name: of.global_name.clone() };
    let cast = Cast {
        guild: GuildId(seed.guild_id.0),
        channel: ChannelId(seed.team_channel.id.0),
        alerts: ChannelId(seed.alert_channel.id.0),
        operators: RoleId(seed.operators.id.0),
        on_call: RoleId(seed.on_call.id.0),
        olga: person(&seed.olga),
        otto: person(&seed.otto),
    };
    serde_json::to_value(rooms(&cast, jiff::Timestamp::now())).unwrap_or_default()
}

async fn serve_sandbox(options: SandboxOptions) -> Result<ExitCode, Ended> {
    telemetry::install(&sandbox::log_settings()).map_err(Ended::unexpected)?;
    let stopped = stopped()?;
    let options = sandbox::Options::halves(options.discord, options.lifecycle, options.beyond_loopback);
    let sandbox = Sandbox::start(options).await.map_err(Ended::unexpected)?;
    say(&sandbox.settings());
    stopped.await;
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn check() -> Result<ExitCode, Ended> {
    let source = DotEnv::load()?;
    Config::read(&source)?;
    say("The settings are in order.");
    Ok(ExitCode::SUCCESS)
}

fn contract() -> Result<ExitCode, Ended> {
    say(&sandbox::contract().map_err(Ended::unexpected)?);
    Ok(ExitCode::SUCCESS)
}

/// Ends with the first Ctrl-C or SIGTERM, from the moment of the call.
fn stopped() -> Result<impl Future<Output = ()>, Ended> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Ended::unexpected)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Ended::unexpected)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[expect(clippy::print_stdout, reason = "what a mode prints is its result; logs go to standard error")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a failure before, or instead of, the logs")]
fn complain(text: &str) {
    eprintln!("botswain: {text}");
}
