//! The siege: rounds of scenes, each with kills in it, until the program was killed often enough.

use std::path::Path;
use std::time::{Duration, Instant};

use botswain::sandbox::lifecycle::{Deed, Order, Patch};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::AnyPool;

use crate::ledger::{Ledger, Struck};
use crate::program::{Database, Program};
use crate::rest::{comes_to_rest, is_healthy, settings};
use crate::scene::{self, Change};
use crate::second::{POLICY, comes_late};
use crate::world::{Beginning, World};

/// How often it is killed in one round: the later ones meet it while it takes up what the first one left.
const KILLS_A_ROUND: u64 = 3;
/// The bots that things are done to, and happen to. Nothing ever happens to the others.
const BOTS: [&str; 3] = ["Billing Bot", "Orders Bot", "Returns Bot"];
/// How long a kill waits for the next thing to happen.
const NOTHING_HAPPENS: Duration = Duration::from_millis(1_500);

pub struct Siege {
    pub seed: u64,
    pub kills: u64,
    pub database: Database,
}

impl Siege {
    /// Lays it to this program.
    ///
    /// # Errors
    /// The promise that was broken, and how.
    pub async fn lay(self, program: &Path) -> Result<(), String> {
        let Self { seed, kills, database } = self;
        println!("SEED={seed} KILLS={kills}");
        let world = World::without_bot(Beginning::default()).await;
        let mut program = Program::new(program, settings(&world, &database), POLICY);
        program.start();
        world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
        let reader = database.reader().await.unwrap();

        let mut rng = StdRng::seed_from_u64(seed);
        let (mut killed, mut round) = (0, 0);
        let mut struck = Struck::default();
        let began = Instant::now();
        let mut held = Ok(());
        while killed < kills && held.is_ok() {
            round += 1;
            let (rng, struck) = (&mut rng, &mut struck);
            held = Round { world: &world, program: &mut program, reader: &reader, rng, struck }.play().await;
            killed += KILLS_A_ROUND;
            held = match held {
                Ok(()) => comes_to_rest(&world, &database, &reader).await,
                broken => broken,
            };
            if round % 10 == 0 {
                println!("{killed} kills …");
            }
        }
        let held = held.map_err(|broken| format!("round {round}: {broken}\n--- its log:\n{}", program.said()));
        program.kill().ok();
        let happened = Ledger::read(&reader).await.unwrap().tally();
        println!("{killed} kills in {} s: {happened}; struck: {struck:?}", began.elapsed().as_secs());
        reader.close().await;
        world.sandbox.stop().await;
        held
    }
}

struct Round<'a> {
    world: &'a World,
    program: &'a mut Program,
    reader: &'a AnyPool,
    rng: &'a mut StdRng,
    struck: &'a mut Struck,
}

impl Round<'_> {
    async fn play(self) -> Result<(), String> {
        let Self { world, program, reader, rng, struck } = self;
        if rng.random_ratio(1, 2) {
            put_right(world);
        }
        let mut bots = BOTS;
        let turn = rng.random_range(0..bots.len());
        bots.rotate_left(turn);
        // Now and then they are after the same bot.
        let second = if rng.random_ratio(1, 4) { bots[0] } else { bots[1] };
        let first = Change::choose(world, bots[0], rng).await;
        let second = Change::choose(world, second, rng).await;
        if rng.random_ratio(1, 2) {
            scene::happen(world, bots[2], rng);
        }
        if rng.random_ratio(1, 3) {
            scene::fail_at_the_service(world, rng);
        }
        if rng.random_ratio(1, 2) {
            scene::fail_at_discord(world, rng).await;
        }
        let trespasses = rng.random_ratio(1, 8);

        let (olga, otto, vera) = (world.olga().in_a_hurry(), world.otto().in_a_hurry(), world.vera().in_a_hurry());
        let late = [None, Some(&olga), Some(&otto)][rng.random_range(0..3)];
        let mut of_late = StdRng::seed_from_u64(rng.random());
        let people = async {
            let hers = first.play(world, &olga, &otto, &vera);
            let his = second.play(world, &otto, &olga, &vera);
            tokio::join!(hers, his, first.goes_wrong(world), second.goes_wrong(world), async {
                if trespasses {
                    scene::trespass(world, &vera).await;
                }
                if let Some(late) = late {
                    comes_late(world, late, &mut of_late).await;
                }
            })
        };
        let mut events = world.events().await;
        let killer = async {
            for _ in 0..KILLS_A_ROUND {
                wait_for(&mut events, rng.random_range(0..10)).await;
                tokio::time::sleep(Duration::from_micros(rng.random_range(0..20_000))).await;
                program.kill().map_err(|ended| format!("it ended by itself: {ended}"))?;
                struck.look(&Ledger::read(reader).await.unwrap());
                program.start();
            }
            Ok(())
        };
        let ((..), killed) = tokio::join!(people, killer);
        world.fleet().clear_faults();
        world.send(reqwest::Method::DELETE, "faults", serde_json::Value::Null).await;
        killed.map_err(|broken: String| format!("{broken}\n{first:?} {second:?}"))
    }
}

/// Lets this many things happen, if they do.
async fn wait_for(events: &mut BoxStream<'static, usize>, count: usize) {
    let mut seen = 0;
    while seen < count {
        match tokio::time::timeout(NOTHING_HAPPENS, events.next()).await {
            Ok(more) => seen += more.expect("the stand-in lives"),
            Err(_) => return,
        }
    }
}

/// Somebody brings every connector back to where it belongs.
fn put_right(world: &World) {
    for panel in world.fleet().state().connectors {
        let connector = panel.connector;
        if !BOTS.contains(&connector.bot.name.as_str()) || connector.id.contains("demo") {
            continue;
        }
        if connector.environment != "Production" {
            let environment = Some("Production".to_owned());
            world.does(&connector.id, Order::from(Deed::Set(Box::new(Patch { environment, ..Patch::default() }))));
        }
        if !is_healthy(&connector) {
            world.does(&connector.id, Deed::Recover);
        }
        world.does(&connector.id, Deed::StartRefused { on: false });
    }
}
