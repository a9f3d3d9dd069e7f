//! What the program is given to begin with, and how it is seen that all has come to rest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use botswain::sandbox::discord::Seed;
use jiff::Timestamp;
use sqlx::AnyPool;

use crate::ledger::Ledger;
use crate::program::Database;
use crate::truth::{Evidence, Not};
use crate::world::{AT_ONCE, World};

/// How long all may take to come to rest: longer than any step's own deadline.
const REST: Duration = Duration::from_secs(180);
/// After how long somebody decides what waits for a decision: longer than a start may take.
const DECIDES_AFTER: Duration = Duration::from_secs(15);
/// How many looks in a row must show what can never be right: the chat and the database are not read at one moment.
const SURELY: u32 = 10;
/// How often it is looked whether all has come to rest.
const LOOK: Duration = Duration::from_millis(100);

/// What the program is told: where all is, and that nobody waits for long.
pub fn settings(world: &World, database: &Database) -> Vec<(String, String)> {
    let printed = world.sandbox.settings();
    let printed = printed.lines().filter_map(|line| line.split_once('='));
    let mut settings: Vec<_> = printed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let on_call = Seed::default().on_call.id.to_string();
    let own = [
        ("POLL_INTERVAL", "1s"),
        ("START_GRACE", "10s"),
        ("CONFIRMATION_TTL", "10s"),
        ("APPROVAL_TTL", "1m"),
        ("BREAK_GLASS_ROLE_IDS", &*on_call),
        // Far more is changed in ten minutes than any team would.
        ("CHANGES_PER_PERSON", "0"),
        ("CHANGES_PER_ENVIRONMENT", "0"),
        ("DATABASE_URL", &*database.url),
    ];
    settings.extend(own.into_iter().chain(AT_ONCE).map(|(name, value)| (name.to_owned(), value.to_owned())));
    settings
}

pub fn is_healthy(connector: &botswain::lifecycle::contract::Connector) -> bool {
    [&connector.agent, &connector.conversational_cloud, &connector.bot_server] == ["Online", "Connected", "Connected"]
}

/// Waits until all has come to rest, and holds it against what must be true.
///
/// # Errors
/// The promise that was broken, and how.
pub async fn comes_to_rest(world: &World, database: &Database, reader: &AnyPool) -> Result<(), String> {
    let began = Instant::now();
    let mut surely = 0;
    loop {
        let broken = match gather(world, database, reader).await.judge(Timestamp::now()) {
            Ok(()) if world.is_connected().await => return Ok(()),
            Ok(()) => Not::Yet("P6: it does not come back".to_owned()),
            Err(broken) => broken,
        };
        surely = if matches!(broken, Not::Ever(_)) { surely + 1 } else { 0 };
        match broken {
            Not::Ever(broken) if surely >= SURELY => return Err(broken),
            Not::Yet(_) if began.elapsed() > DECIDES_AFTER && began.elapsed() < REST => {
                end_what_waits(world).await;
                tokio::time::sleep(LOOK * 10).await;
            }
            Not::Yet(broken) if began.elapsed() > REST => return Err(format!("still after {REST:?}: {broken}")),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Somebody ends the restarts that wait to be told how they go on.
async fn end_what_waits(world: &World) {
    for message in world.messages_in(&world.team_channel()).await {
        if let Some(button) = message.button("End it here").filter(|_| message.says("✋")) {
            world.otto().in_a_hurry().presses_id(&message, &button, false).await;
        }
    }
}

async fn gather(world: &World, database: &Database, reader: &AnyPool) -> Evidence {
    // The service first, and the chat last: what is written down was written before it was sent.
    let actions = world.fleet().actions();
    let mut healthy: BTreeMap<String, usize> = BTreeMap::new();
    for panel in world.fleet().state().connectors {
        let connector = panel.connector;
        // Those that never were redundant stand on one notice together.
        if connector.bot.name == "FAQ Bot" || connector.bot.name == "Greeter Bot" {
            continue;
        }
        let here = connector.environment == "Production" && is_healthy(&connector);
        *healthy.entry(connector.bot.name).or_default() += usize::from(here);
    }
    let seed = Seed::default();
    let mut messages = world.messages_in(&world.team_channel()).await;
    messages.extend(world.alerts().await);
    messages.retain(|message| !message.is_ephemeral() && message.0["interaction"].is_null());
    let ledger = Ledger::read(reader).await.unwrap();
    let mut threads = BTreeMap::new();
    for (card, thread) in &ledger.threads {
        threads.insert(card.clone(), world.messages_in(&thread.to_string()).await);
    }
    Evidence {
        ledger,
        chain: database.verified().await,
        threads,
        actions,
        healthy,
        messages,
        pings: world.pings().await,
        violations: world.get("violations").await.as_array().unwrap().clone(),
        viewer: seed.vera.id.to_string().parse().unwrap(),
        breaks_glass: seed.olga.id.to_string().parse().unwrap(),
        on_call: seed.on_call.id.to_string(),
        alert_channel: world.alert_channel(),
    }
}
