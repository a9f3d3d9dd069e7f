//! The kill: the real program beside a sandbox that survives it, killed with SIGKILL at every kind of moment of the walk,
//! and started again. Nothing committed is lost, nothing is done or said twice.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use botswain::domain::audit::Verdict;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::person::Person;
use crate::world::{AT_ONCE, Beginning, World, within};

const STOP: &str = "/bots stop env:production bot:Billing Bot connector:billing-1";
const START: &str = "/bots start env:production bot:Billing Bot connector:billing-1";

/// `botswain run` as a process of its own. Dropped, it is killed.
struct Process(Child);

impl Process {
    fn start(world: &World) -> Self {
        let settings = world.sandbox.settings();
        let settings = settings.lines().filter_map(|line| line.split_once('='));
        let database = world.sandbox.config(&[]).unwrap().database_url;
        let child = Command::new(env!("CARGO_BIN_EXE_botswain"))
            .arg("run")
            .env_clear()
            .envs(settings)
            .env("DATABASE_URL", database.expose_secret())
            .env("POLL_INTERVAL", "1s")
            .envs(AT_ONCE)
            .current_dir(std::env::temp_dir())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already; then there is nothing left to end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Asks until a prompt comes, and presses its button until it is settled: what a person does whose bot went away.
async fn insists(world: &World, person: &Person<'_>, command: &str, button: &str) {
    let asked = async || loop {
        world.until("the bot is there", async |world: &World| world.is_connected().await.then_some(())).await;
        let reply = person.runs(command).await;
        if let Some(prompt) = reply.message.filter(|message| message.button(button).is_some()) {
            return prompt;
        }
    };
    let prompt = within("a prompt", asked()).await;
    let settled = async || loop {
        world.until("the bot is there", async |world: &World| world.is_connected().await.then_some(())).await;
        let reply = person.agrees(&prompt, button).await;
        if reply.message.is_some_and(|message| message.says("onfirmed")) {
            return;
        }
    };
    within("a confirmation", settled()).await;
}

/// The walk, with the bot killed at the `moment`th thing that Discord sees happen, and started again at once.
async fn killed_at(moment: usize) {
    let world = World::without_bot(Beginning::default()).await;
    let process = Arc::new(Mutex::new(Process::start(&world)));
    world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;

    let mut events = world.events().await;
    let olga = world.olga().in_a_hurry();
    let walk = async {
        insists(&world, &olga, STOP, "Stop billing-1 in Production").await;
        world.operation("Stopped billing-1 in Production").await;
        world.alert("At risk: Billing Bot in Production").await;
        insists(&world, &olga, START, "Start billing-1 in Production").await;
        world.operation("Started billing-1 in Production").await;
        world.alert("Resolved: Billing Bot in Production").await;
    };
    let killer = async {
        let mut seen = 0;
        while seen < moment {
            seen += events.next().await.unwrap();
        }
        let mut process = process.lock().unwrap();
        process.kill();
        *process = Process::start(&world);
    };
    let whole = async {
        tokio::pin!(walk, killer);
        tokio::select! {
            // How much happens varies a little, as edits that are overtaken are left out.
            () = &mut walk => {}
            () = &mut killer => walk.await,
        }
    };
    within("the walk", whole).await;

    let deeds: Vec<_> = world.fleet().actions().iter().map(|deed| deed.connector.clone()).collect();
    assert_eq!(deeds, ["billing-1", "billing-1"], "killed at {moment}: one stop and one start");
    let operations = world.messages_in(&world.team_channel()).await;
    let operations = operations.iter().filter(|message| !message.is_ephemeral() && message.says("asked by"));
    assert_eq!(operations.count(), 2, "killed at {moment}: each operation stands on one message");
    let cards = world.alerts().await;
    let cards = cards.iter().filter(|message| message.says("Billing Bot in Production")).count();
    assert_eq!(cards, 1, "killed at {moment}: the incident stands on one card");
    process.lock().unwrap().kill();
    let store = world.store().await;
    let done = store.records(Timestamp::UNIX_EPOCH, 100).await.unwrap();
    let done = done.iter().filter(|record| record.verdict == Verdict::Done).count();
    assert_eq!(done, 2, "killed at {moment}: each operation has one record");
    store.close().await;
    world.finish().await;
}

macro_rules! moments {
    ($($name:ident: $moment:literal,)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                killed_at($moment).await;
            }
        )+
    };
}

moments! {
    p1_p2_p3_p6_killed_at_moment_1_nothing_is_lost_or_doubled: 1,
    p1_p2_p3_p6_killed_at_moment_2_nothing_is_lost_or_doubled: 2,
    p1_p2_p3_p6_killed_at_moment_3_nothing_is_lost_or_doubled: 3,
    p1_p2_p3_p6_killed_at_moment_4_nothing_is_lost_or_doubled: 4,
    p1_p2_p3_p6_killed_at_moment_5_nothing_is_lost_or_doubled: 5,
    p1_p2_p3_p6_killed_at_moment_6_nothing_is_lost_or_doubled: 6,
    p1_p2_p3_p6_killed_at_moment_7_nothing_is_lost_or_doubled: 7,
    p1_p2_p3_p6_killed_at_moment_8_nothing_is_lost_or_doubled: 8,
    p1_p2_p3_p6_killed_at_moment_9_nothing_is_lost_or_doubled: 9,
    p1_p2_p3_p6_killed_at_moment_10_nothing_is_lost_or_doubled: 10,
    p1_p2_p3_p6_killed_at_moment_11_nothing_is_lost_or_doubled: 11,
    p1_p2_p3_p6_killed_at_moment_12_nothing_is_lost_or_doubled: 12,
    p1_p2_p3_p6_killed_at_moment_13_nothing_is_lost_or_doubled: 13,
    p1_p2_p3_p6_killed_at_moment_14_nothing_is_lost_or_doubled: 14,
}

/// The real program, because what spins here must starve nobody in a process of its own.
#[tokio::test]
async fn a_gateway_that_was_closed_without_a_code_is_served_again_within_20_seconds() {
    let world = World::without_bot(Beginning::default()).await;
    let mut process = Process::start(&world);
    world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
    let closed = std::time::Instant::now();
    world.gateway(serde_json::json!({ "action": "close_without_code" })).await;
    world
        .until("the bot identifies itself anew", async |world: &World| {
            (world.get("gateway").await["identified"].as_u64() > Some(1)).then_some(())
        })
        .await;
    assert!(closed.elapsed().as_secs() < 20, "it took {:?}", closed.elapsed());
    world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
    process.kill();
    world.finish().await;
}
