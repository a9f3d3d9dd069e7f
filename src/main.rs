//! The program: reads the command line, runs one mode, and ends with its exit code.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use botswain::app::{App, Ended};
use botswain::audit::export::export;
use botswain::audit::verify::{Verified, verify, verify_export};
use botswain::check::check;
use botswain::check::health::lives;
use botswain::config::{Config, DotEnv};
use botswain::discord::gallery::{Cast, rooms};
use botswain::domain::audit::chain::Link;
use botswain::domain::authority::Person;
use botswain::domain::ids::{ChannelId, GuildId, RoleId, UserId};
use botswain::sandbox::{self, Sandbox};
use botswain::store::ledger::Ledger;
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
    6 a part of the program died, or the lock on the database was lost · 7 a stand-in's address does not answer as one · \
    8 the record is not what was written (audit verify) · 9 something is in the way (check)";

/// The exit code of a verification that found something.
const BROKEN: u8 = 8;
/// The exit code of a check that found something.
const IN_THE_WAY: u8 = 9;

#[derive(Clone, Debug, Default, Subcommand)]
enum Mode {
    /// Run against Discord and a lifecycle service, from the environment and .env (the default).
    #[default]
    Run,
    /// The whole bot against stand-ins on this machine, in a page to try it on. Needs no account and no network.
    Demo(Demo),
    /// The stand-ins alone: for testing a Discord bot, or this one by hand.
    Sandbox(SandboxOptions),
    /// Check everything that the settings name, and say what is wrong and what to do about it (exit code 9).
    Check {
        /// Also post a test alert in each channel of alerts, and remove it. It pings nobody.
        #[arg(long)]
        alert: bool,
    },
    /// Ask the process that runs here (HTTP_LISTEN) whether it lives: exit code 0 if it does, else 1.
    Health,
    /// Print the contract of the lifecycle service, as OpenAPI 3.1.
    Contract,
    /// The record of what people asked for: write it out, or verify it. Reads DATABASE_URL, also beside a bot that runs on it.
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Clone, Debug, Subcommand)]
enum Audit {
    /// Print the record as JSON lines.
    Export,
    /// Walk the record's chain, and name the first record that is not as it was written (exit code 8).
    Verify {
        /// A head that the log said before: it must be in the chain. May be given more than once.
        #[arg(long, value_name = "SEQ:HASH")]
        head: Vec<Link>,
        /// Verify this export of the record (- is standard input) instead of the database.
        file: Option<PathBuf>,
    },
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
        Mode::Check { alert } => check_all(alert).await,
        Mode::Health => health().await,
        Mode::Contract => contract(),
        Mode::Audit(Audit::Export) => export_record().await,
        Mode::Audit(Audit::Verify { head, file: None }) => verify_record(&head).await,
        Mode::Audit(Audit::Verify { head, file: Some(file) }) => verify_file(&head, &file),
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

async fn check_all(alert: bool) -> Result<ExitCode, Ended> {
    let config = Config::read(&DotEnv::load()?)?;
    let report = check(&config, alert).await;
    say(&report.to_string());
    Ok(if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::from(IN_THE_WAY) })
}

async fn health() -> Result<ExitCode, Ended> {
    lives(Config::read_http_listen(&DotEnv::load()?)?).await.map_err(Ended::unexpected)?;
    Ok(ExitCode::SUCCESS)
}

fn contract() -> Result<ExitCode, Ended> {
    say(&sandbox::contract().map_err(Ended::unexpected)?);
    Ok(ExitCode::SUCCESS)
}

async fn export_record() -> Result<ExitCode, Ended> {
    let mut ledger = Ledger::open(&Config::read_database(&DotEnv::load()?)?).await?;
    export(&mut ledger, &mut BufWriter::new(io::stdout().lock())).await.map_err(Ended::unexpected)?;
    ledger.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn verify_record(noted: &[Link]) -> Result<ExitCode, Ended> {
    let mut ledger = Ledger::open(&Config::read_database(&DotEnv::load()?)?).await?;
    let verified = verify(&mut ledger, noted).await?;
    ledger.close().await;
    Ok(said(&verified))
}

fn verify_file(noted: &[Link], file: &Path) -> Result<ExitCode, Ended> {
    let verified = if file == Path::new("-") {
        verify_export(io::stdin().lock(), noted)
    } else {
        verify_export(BufReader::new(File::open(file).map_err(Ended::unexpected)?), noted)
    };
    Ok(said(&verified.map_err(Ended::unexpected)?))
}

fn said(verified: &Verified) -> ExitCode {
    say(&verified.report());
    if verified.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
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
