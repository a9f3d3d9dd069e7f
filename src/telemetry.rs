//! Logs: one line an event, for people or for machines.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogSettings};

/// Libraries that are never heard, whatever the filter says: they log what they send and receive, tokens and all.
/// (serenity's spans hold each gateway event and each address; what matters of it, the front says itself.)
const SILENT: [&str; 3] = ["serenity", "tungstenite", "tokio_tungstenite"];

/// Installs the logs of this process. They go to standard error: standard output is for what a mode prints.
///
/// # Errors
/// If logs are installed already.
pub fn install(settings: &LogSettings) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let coloured = std::io::stderr().is_terminal();
    tracing_subscriber::registry().with(lines(settings, coloured, std::io::stderr)).try_init()?;
    Ok(())
}

/// The lines that `settings` ask for, written by `writer`.
pub fn lines<S, W>(settings: &LogSettings, coloured: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(settings);
    let layer = fmt::layer().with_ansi(coloured).with_writer(writer);
    match settings.format {
        LogFormat::Text => layer.with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

fn filter<S: Subscriber>(settings: &LogSettings) -> impl Filter<S> + Send + Sync + 'static {
    let heard = filter_fn(|metadata| {
        let room = metadata.target().split("::").next().unwrap_or_default();
        !SILENT.contains(&room)
    });
    settings.filter.clone().and(heard)
}
