//! The courses that something which is asked for may take, each from its first word to its end: what a kill amid it must not
//! change.

use std::time::Duration;

use botswain::discord::custom_id::CustomId;
use botswain::domain::ids::Id;
use botswain::sandbox::lifecycle::{Deed, Order};
use futures_util::StreamExt as _;

use crate::message::Message;
use crate::person::Person;
use crate::scene::{confirming, request_of, settle};
use crate::second::{answered, waiting};
use crate::steps::{Ground, Moment};
use crate::world::World;

/// How long something may wait for a second person until it is seen to have expired: longer than the least that can be set.
const WAITS_AT_MOST: Duration = Duration::from_secs(90);

/// What is asked for, and how it is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Stop,
    Start,
    Restart,
    Redeploy,
    StopOfSome,
    StartOfSome,
    RestartOfSome,
    RestartOfAll,
    /// A second person agrees to a stop, or to a restart of all.
    Agreed,
    AgreedRestartOfAll,
    Withdrawn,
    Expired,
    /// The glass is broken in the prompt, or when it waits already.
    Broken,
    BrokenWhileItWaits,
    /// A redeploy of which the start fails.
    FailsAtTheStart,
    /// What may be done after that.
    StartedWhereItWent,
    MovedBack,
    /// What may be done after one of which the move fails.
    MovedAgain,
    StartedWhereItWas,
    LeftStopped,
}

impl Course {
    pub const ALL: [Self; 20] = [
        Self::RestartOfAll,
        Self::AgreedRestartOfAll,
        Self::Expired,
        Self::RestartOfSome,
        Self::Redeploy,
        Self::FailsAtTheStart,
        Self::MovedBack,
        Self::MovedAgain,
        Self::StopOfSome,
        Self::StartOfSome,
        Self::Restart,
        Self::StartedWhereItWent,
        Self::StartedWhereItWas,
        Self::Stop,
        Self::Start,
        Self::Agreed,
        Self::Broken,
        Self::BrokenWhileItWaits,
        Self::Withdrawn,
        Self::LeftStopped,
    ];

    /// What of it is no step: when else the program may be killed.
    pub fn pauses(self) -> Vec<Moment> {
        let mut pauses = vec![Moment::Prompted];
        match self {
            Self::StopOfSome | Self::StartOfSome | Self::RestartOfSome => pauses.push(Moment::Menu),
            Self::Agreed | Self::AgreedRestartOfAll | Self::Withdrawn | Self::Expired | Self::BrokenWhileItWaits => {
                pauses.push(Moment::Waits);
            }
            Self::LeftStopped => pauses = vec![Moment::Failed],
            _ => {}
        }
        pauses
    }

    /// Plays it to where it is agreed to, or to where it ends otherwise.
    pub async fn play(self, ground: &mut Ground) {
        match self {
            Self::Stop => ground.confirmed("stop", "Billing Bot connector:billing-1").await,
            Self::Restart => ground.confirmed("restart", "Billing Bot connector:billing-1").await,
            Self::Start => {
                ground.stops_elsewhere("Billing Bot", &["billing-1"]).await;
                ground.confirmed("start", "Billing Bot connector:billing-1").await;
            }
            Self::Redeploy => ground.confirmed("redeploy", "Orders Bot connector:orders-1 to:demo").await,
            Self::StopOfSome => ground.some("stop", "Returns Bot", 2).await,
            Self::StartOfSome => {
                ground.stops_elsewhere("Returns Bot", &["returns-1", "returns-2"]).await;
                ground.some("start", "Returns Bot", 2).await;
            }
            Self::RestartOfSome => ground.some("restart", "Orders Bot", 2).await,
            Self::RestartOfAll => ground.confirmed("restart", "Orders Bot").await,
            Self::Agreed => {
                let request = ground.waits("stop", "Orders Bot connector:orders-1").await;
                ground.presses_what_waits(&CustomId::Approve(request), |world| world.otto()).await;
            }
            Self::AgreedRestartOfAll => {
                let request = ground.waits("restart", "Returns Bot").await;
                ground.presses_what_waits(&CustomId::Approve(request), |world| world.otto()).await;
            }
            Self::Withdrawn => {
                let request = ground.waits("stop", "Orders Bot connector:orders-1").await;
                ground.presses_what_waits(&CustomId::Cancel(request), |world| world.olga()).await;
            }
            Self::Expired => {
                ground.waits("stop", "Orders Bot connector:orders-1").await;
                ground.expires().await;
            }
            Self::Broken => {
                let prompt = ground.prompt("stop", "Orders Bot connector:orders-1").await;
                ground.strikes(Moment::Prompted).await;
                let glass = prompt.button("🔨").unwrap();
                ground.agrees(&prompt, &glass).await;
            }
            Self::BrokenWhileItWaits => {
                let request = ground.waits("stop", "Orders Bot connector:orders-1").await;
                ground.presses_what_waits(&CustomId::BreakGlass(request), |world| world.olga()).await;
            }
            Self::FailsAtTheStart => {
                ground.world.does("orders-1", Deed::StartRefused { on: true });
                ground.confirmed("redeploy", "Orders Bot connector:orders-1 to:demo").await;
            }
            Self::StartedWhereItWent => ground.leads_on(2, "Start orders-1").await,
            Self::MovedBack => ground.leads_on(2, "Back to").await,
            Self::MovedAgain => ground.leads_on(1, "Try again").await,
            Self::StartedWhereItWas => ground.leads_on(1, "Start orders-1").await,
            Self::LeftStopped => {
                let failed = ground.fails_at(1).await;
                ground.strikes(Moment::Failed).await;
                let leave = failed.button("Leave orders-1 stopped").unwrap();
                answered(&ground.world, &ground.world.otto().in_a_hurry(), &failed, &leave).await;
                ground.shows("Left stopped: ").await;
            }
        }
    }
}

impl Ground {
    /// A prompt of Olga's.
    async fn prompt(&self, verb: &str, of: &str) -> Message {
        let prompt = self.asked(verb, of).await;
        assert!(confirming(&prompt).is_some(), "no prompt: {prompt:?}");
        prompt
    }

    async fn asked(&self, verb: &str, of: &str) -> Message {
        self.world.olga().runs(&format!("/bots {verb} env:production bot:{of}")).await.message()
    }

    /// Waits until the program knows that these are down.
    async fn knows_are_down(&self, environment: &str, bot: &str, connectors: &[&str]) {
        let line = format!("/bots start env:{environment} bot:{bot} connector:");
        let offered = async |world: &World| {
            let offered = world.olga().is_offered(&line).await;
            let is_offered = |connector: &&str| offered.iter().any(|offer| offer.starts_with(connector));
            connectors.iter().all(is_offered).then_some(())
        };
        self.world.until("what is down is offered to be started", offered).await;
    }

    async fn confirmed(&mut self, verb: &str, of: &str) {
        let prompt = self.prompt(verb, of).await;
        self.strikes(Moment::Prompted).await;
        self.agrees(&prompt, &confirming(&prompt).unwrap()).await;
    }

    /// Some of a bot, from the menu that asks which, or that the prompt for all of them has.
    async fn some(&mut self, verb: &str, of: &str, count: usize) {
        let menu = self.asked(verb, of).await;
        self.strikes(Moment::Menu).await;
        let (_, options) = menu.menu().unwrap();
        let labels: Vec<_> = options.iter().take(count).map(|(_, label)| label.as_str()).collect();
        let prompt = self.world.olga().chooses_all(&menu, &labels).await.message();
        self.strikes(Moment::Prompted).await;
        self.agrees(&prompt, &confirming(&prompt).unwrap()).await;
    }

    /// The request that waits for a second person then.
    async fn waits(&mut self, verb: &str, of: &str) -> Id {
        let prompt = self.prompt(verb, of).await;
        self.strikes(Moment::Prompted).await;
        let confirm = confirming(&prompt).unwrap();
        settle(&self.world, &self.world.olga().in_a_hurry(), &prompt, &confirm).await;
        self.shows("Waits for a second person: ").await;
        self.strikes(Moment::Waits).await;
        request_of(&confirm)
    }

    async fn presses_what_waits(&mut self, button: &CustomId, who: impl Fn(&World) -> Person<'_>) {
        let (message, _) = waiting(&self.world).await.pop().unwrap();
        self.arm();
        let Self { world, program, trap, .. } = self;
        let person = who(world).in_a_hurry();
        let button = button.to_string();
        tokio::join!(answered(world, &person, &message, &button), trap.strikes(program));
    }

    /// Somebody agrees to a prompt of theirs, and what they agree to is struck.
    async fn agrees(&mut self, prompt: &Message, button: &str) {
        self.arm();
        let Self { world, program, trap, .. } = self;
        let olga = world.olga().in_a_hurry();
        tokio::join!(settle(world, &olga, prompt, button), trap.strikes(program));
    }

    async fn shows(&self, text: &str) -> Message {
        self.world.operation(text).await
    }

    /// Nobody does anything, until what waits has expired.
    async fn expires(&self) {
        let mut events = self.world.events().await;
        let has_expired = async || {
            let shown = self.world.messages_in(&self.world.team_channel()).await;
            shown.iter().any(|message| message.says("Expired: "))
        };
        let waits = async {
            while !has_expired().await {
                events.next().await.expect("the stand-in tells its events");
            }
        };
        tokio::time::timeout(WAITS_AT_MOST, waits).await.expect("what waits expires");
    }

    async fn stops_elsewhere(&self, bot: &str, connectors: &[&str]) {
        for connector in connectors {
            self.world.does(connector, Order::from(Deed::StopElsewhere));
        }
        self.knows_are_down("production", bot, connectors).await;
    }

    /// A redeploy that fails at the step of this number.
    async fn fails_at(&mut self, step: usize) -> Message {
        match step {
            1 => self.trap.trap.refuse(1),
            _ => self.world.does("orders-1", Deed::StartRefused { on: true }),
        }
        let prompt = self.prompt("redeploy", "Orders Bot connector:orders-1 to:demo").await;
        settle(&self.world, &self.world.olga().in_a_hurry(), &prompt, &confirming(&prompt).unwrap()).await;
        let failed = self.shows("Failed: redeploy of orders-1").await;
        let left_in = if step == 1 { "production" } else { "demo" };
        self.knows_are_down(left_in, "Orders Bot", &["orders-1"]).await;
        self.world.does("orders-1", Deed::StartRefused { on: false });
        failed
    }

    /// A way on from where a redeploy was left that failed at this step.
    async fn leads_on(&mut self, failed_at: usize, label: &str) {
        let failed = self.fails_at(failed_at).await;
        let button = failed.button(label).unwrap_or_else(|| panic!("no {label:?} leads on from {failed:?}"));
        // How it was left is known a moment later.
        let prompt = async |world: &World| {
            let answer = world.olga().presses_id(&failed, &button, false).await.message();
            confirming(&answer).map(|_| answer)
        };
        let prompt = self.world.until(label, prompt).await;
        self.strikes(Moment::Prompted).await;
        self.agrees(&prompt, &confirming(&prompt).unwrap()).await;
    }
}
