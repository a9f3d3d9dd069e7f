//! Every step of every operation: each course is taken once as it goes, and once for each moment at which the program is killed
//! amid it; and comes to the same.

use std::collections::BTreeMap;
use std::path::Path;

use botswain::domain::operation::{Operation, StepState};
use futures_util::StreamExt as _;
use futures_util::stream;
use sqlx::AnyPool;

use crate::course::Course;
use crate::ledger::Ledger;
use crate::program::{Database, Program};
use crate::rest::{comes_to_rest, settings};
use crate::second::POLICY;
use crate::trap::{At, Trap};
use crate::world::{Beginning, World, within};

/// How many courses are taken at once, and how many ways of each: most of their time is waiting.
const AT_ONCE: [usize; 2] = [3, 2];

/// When the program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A menu stands.
    Menu,
    /// A prompt stands.
    Prompted,
    /// It waits for a second person.
    Waits,
    /// An operation failed, and it waits for somebody to say what becomes of what it left.
    Failed,
    /// At this of the step of this number.
    Step(usize, At),
}

/// A program beside what outlives it, and when it is killed.
pub struct Ground {
    pub world: World,
    pub program: Program,
    pub trap: Armed,
    database: Database,
    reader: AnyPool,
}

/// The trap, and for what it is.
pub struct Armed {
    pub trap: Trap,
    moment: Option<Moment>,
}

impl Armed {
    /// Waits until the program is in the trap, if it is to be, and kills it.
    pub async fn strikes(&mut self, program: &mut Program) {
        if let Some(Moment::Step(..)) = self.moment {
            within("the program is where it is to be killed", self.trap.sprung()).await;
            kill(program);
        }
    }
}

fn kill(program: &mut Program) {
    program.kill().unwrap_or_else(|ended| panic!("it ended by itself: {ended}\n{}", program.said()));
    program.start();
}

impl Ground {
    async fn new(program: &Path, database: Database, moment: Option<Moment>) -> Self {
        let world = World::without_bot(Beginning::default()).await;
        let trap = Trap::before(world.fleet()).await;
        let mut settings = settings(&world, &database);
        settings.push(("LIFECYCLE_URL".to_owned(), trap.url.clone()));
        let mut program = Program::new(program, settings, POLICY);
        program.start();
        world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
        let reader = database.reader().await.unwrap();
        Self { world, program, trap: Armed { trap, moment }, database, reader }
    }

    /// Sets the trap, for the next operation.
    pub fn arm(&mut self) {
        if let Some(Moment::Step(step, at)) = self.trap.moment {
            self.trap.trap.set(Some((step, at)));
        }
    }

    /// Kills the program, if it is to be killed at this.
    pub async fn strikes(&mut self, moment: Moment) {
        if self.trap.moment == Some(moment) {
            kill(&mut self.program);
            let served = async |world: &World| world.is_served().await.then_some(());
            self.world.until("the bot serves its commands again", served).await;
        }
    }
}

/// What a course came to, for everybody who looks: what is written down, carried out, and said.
#[derive(Debug, PartialEq, Eq)]
struct Result {
    requests: Vec<String>,
    operations: Vec<String>,
    records: Vec<String>,
    actions: BTreeMap<String, Vec<String>>,
    fleet: Vec<String>,
    messages: Vec<String>,
}

/// Takes a course. What it came to, and the last operation.
async fn take(
    program: &Path,
    course: Course,
    moment: Option<Moment>,
    database: Database,
) -> std::result::Result<(Result, Option<Operation>), String> {
    let mut ground = Ground::new(program, database, moment).await;
    course.play(&mut ground).await;
    let rested = comes_to_rest(&ground.world, &ground.database, &ground.reader).await;
    rested.map_err(|broken| format!("{course:?}, killed at {moment:?}: {broken}\n{}", ground.program.said()))?;
    let ledger = Ledger::read(&ground.reader).await.unwrap();
    let result = came_to(&ground.world, &ledger).await;
    let last = ledger.operations.into_iter().max_by_key(|operation| operation.opened_at);
    ground.program.kill().ok();
    ground.reader.close().await;
    ground.world.sandbox.stop().await;
    Ok((result, last))
}

async fn came_to(world: &World, ledger: &Ledger) -> Result {
    let sorted = |words: Vec<String>| {
        let mut words = words;
        words.sort();
        words
    };
    let requests = ledger.requests.iter().map(|r| format!("{} by {}: {:?}", r.verb.word(), r.requester.name, r.state));
    // What was refused before anything was known of it is not written down as a request, and was asked again.
    let is_kept = |about: &str| ledger.requests.iter().any(|request| request.id.as_str() == about);
    let kept = ledger.audit.iter().filter(|entry| is_kept(&entry.about) || entry.operation.is_some());
    let records = kept.map(|entry| {
        let glass = entry.glass.as_ref().map(|glass| glass.why.as_str());
        let second = entry.approved_by.as_ref().map(|second| second.name.as_str());
        let (who, verdict) = (&entry.person.name, entry.verdict.word());
        format!("{verdict}: {} for {who}, {second:?}, {glass:?}: {:?}", entry.target, entry.action())
    });
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for deed in world.fleet().actions() {
        let what = format!("{:?} {:?}", deed.action, deed.target_environment);
        actions.entry(deed.connector).or_default().push(what);
    }
    let fleet = world.fleet().state().connectors.into_iter().map(|panel| {
        let c = panel.connector;
        format!("{} in {}: {}, {}, {}", c.id, c.environment, c.agent, c.conversational_cloud, c.bot_server)
    });
    let shown = world.messages_in(&world.team_channel()).await;
    let shown = shown.iter().filter(|message| !message.is_ephemeral());
    let buttons = |message: &crate::message::Message| {
        let labels = message.components().filter_map(|button| button["label"].as_str());
        labels.collect::<Vec<_>>().join(", ")
    };
    let said = shown.filter_map(|m| Some(format!("{}: {}", m.0["embeds"][0]["title"].as_str()?, buttons(m))));
    Result {
        requests: sorted(requests.collect()),
        operations: sorted(ledger.operations.iter().map(in_words).collect()),
        records: sorted(records.collect()),
        actions,
        fleet: fleet.collect(),
        messages: sorted(said.collect()),
    }
}

fn in_words(operation: &Operation) -> String {
    let steps = operation.steps.iter().enumerate().map(|(place, step)| {
        let of = operation.target(place).map(|target| target.name.as_str()).unwrap_or_default();
        let state = serde_json::to_value(&step.state).unwrap();
        format!("{} {of}: {}", step.action.verb().word(), state["is"])
    });
    let steps = steps.collect::<Vec<_>>().join(", ");
    let outcome = operation.ended.as_ref().map(|ended| ended.outcome);
    format!("{} for {}: {steps}; {outcome:?}", operation.verb.word(), operation.requester.name)
}

/// When a course may be struck: at its pauses, and at each step of the operation that it comes to, as far as that comes.
fn moments(course: Course, operation: Option<&Operation>) -> Vec<Moment> {
    let mut moments = course.pauses();
    let struck = operation.filter(|_| course != Course::LeftStopped);
    for (step, of) in struck.iter().flat_map(|operation| operation.steps.iter().enumerate()) {
        let comes_to = |at: &At| *at != At::Watched || of.state == StepState::Done;
        moments.extend(At::ALL.into_iter().filter(comes_to).map(|at| Moment::Step(step, at)));
    }
    moments
}

/// Takes a course as it goes, and then struck at each moment. How many there were.
async fn holds_in(
    program: &Path,
    course: Course,
    database: &(impl AsyncFn() -> Database + Sync),
) -> std::result::Result<usize, String> {
    let (wanted, operation) = take(program, course, None, database().await).await?;
    let moments = moments(course, operation.as_ref());
    let count = moments.len();
    let wanted = &wanted;
    let struck = stream::iter(moments).map(async |moment| {
        let (result, _) = take(program, course, Some(moment), database().await).await?;
        let said = || format!("{course:?}, killed at {moment:?}, came to\n{result:#?}\nand not to\n{wanted:#?}");
        if result == *wanted { Ok(()) } else { Err(said()) }
    });
    let struck: Vec<_> = struck.buffer_unordered(AT_ONCE[1]).collect().await;
    struck.into_iter().collect::<std::result::Result<Vec<()>, String>>()?;
    Ok(count)
}

/// Whether these courses come to the same, however they are struck. How many strikes there were.
pub async fn hold(
    program: &Path,
    courses: &[Course],
    database: impl AsyncFn() -> Database + Sync,
) -> std::result::Result<usize, String> {
    let database = &database;
    let taken = stream::iter(courses).map(async |course| holds_in(program, *course, database).await);
    let taken: Vec<_> = taken.buffer_unordered(AT_ONCE[0]).collect().await;
    taken.into_iter().sum()
}
