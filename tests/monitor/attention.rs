//! What time brings while an incident stands: reminders and the escalation once per step, snoozes and mutes that end; and
//! what people do about it, held against the monitor's own writing.

use botswain::domain::action::Verb;
use botswain::domain::attention::SnoozeEnd;
use botswain::domain::mute::MuteEnd;
use botswain::incidents::{Ask, Handled, MuteAnswer, Refused, ToMute, UnmuteAnswer};
use botswain::lifecycle::Told;
use botswain::sandbox::lifecycle::Deed;

use super::world::{BILLING, COMES_BACK, IN_STORMS, ORDERS, SAID_AGAIN, World, harbour};

impl World {
    /// Billing lost one of its two, and its card stands.
    async fn billing_at_risk() -> Self {
        let mut world = Self::judged_by(harbour(), SAID_AGAIN).await;
        world.hush().await;
        world.does("billing-1", Deed::Drop);
        world.later(30).await;
        assert_eq!(world.said().await, [format!("card! {BILLING}")]);
        world
    }

    /// What is said in these minutes: the fleet is read each minute.
    async fn minutes(&mut self, minutes: usize) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..minutes {
            self.later(60).await;
            said.extend(self.said().await.into_iter().filter(|said| !said.starts_with("edit")));
        }
        said
    }

    async fn asks(&self, ask: Ask<'_>) -> Handled {
        let incident = self.incident("Billing Bot").await.unwrap();
        self.incidents.handle(&self.asker(), &incident.id, ask, self.now()).await.unwrap()
    }

    async fn mutes(&self, environment: &str, until: &str) {
        let said = ToMute {
            environment: Some(environment.to_owned()),
            bot: None,
            until: Some(until.to_owned()),
            reason: Some("new settings".to_owned()),
        };
        let answer = self.incidents.mute(&self.asker(), &said, self.now()).await.unwrap();
        assert!(matches!(answer, MuteAnswer::On(_)), "{answer:?}");
    }
}

fn remind() -> String {
    format!("remind! {BILLING}")
}

#[tokio::test]
async fn p1_p2_what_stands_is_said_again_once_per_step_whenever_the_process_is_restarted() {
    let mut world = World::billing_at_risk().await;
    let mut said = Vec::new();
    for _ in 0..12 {
        said.extend(world.minutes(6).await);
        world = world.restarted().await;
        // At once: what was said before is known.
        world.tick().await;
    }
    assert_eq!(said, [remind(), format!("escalate! {BILLING}"), remind(), remind()]);
}

#[tokio::test]
async fn p1_steps_that_were_missed_while_the_process_was_down_are_one_and_not_many() {
    let mut world = World::billing_at_risk().await;
    world = world.restarted().await;
    world.later(90_000).await;
    let said = world.said().await;
    assert_eq!(said, [format!("edit {BILLING}"), format!("escalate! {BILLING}"), remind()]);
    assert_eq!(world.minutes(9).await, [""; 0]);
}

#[tokio::test]
async fn p7_what_was_announced_opens_without_a_ping_and_is_reminded_of() {
    let mut world = World::judged_by(harbour(), SAID_AGAIN).await;
    world.hush().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card {BILLING}")]);
    assert_eq!(world.minutes(60).await, [remind(), remind()], "and nobody is called for what an operator wanted");
}

#[tokio::test]
async fn an_acknowledged_incident_is_not_escalated() {
    let mut world = World::billing_at_risk().await;
    let Handled::Done(incident) = world.asks(Ask::Acknowledge).await else { panic!("nobody was first") };
    assert_eq!(incident.attention.acknowledged.unwrap().by.name, "Olga");
    assert_eq!(world.said().await, [format!("edit {BILLING}")], "the card says so");
    assert_eq!(world.minutes(60).await, [remind(), remind()]);
}

#[tokio::test]
async fn a_snooze_is_kept_over_a_restart_and_its_end_is_said_once() {
    let mut world = World::billing_at_risk().await;
    assert!(matches!(world.asks(Ask::Snooze("1h")).await, Handled::Done(_)));
    assert_eq!(world.minutes(59).await, [""; 0]);
    let mut world = world.restarted().await;
    assert_eq!(world.minutes(8).await, [format!("awake! {BILLING}")]);
    let snooze = world.incident("Billing Bot").await.unwrap().attention.snoozed.unwrap();
    assert_eq!(snooze.ended, Some(SnoozeEnd::Over));
    assert_eq!(world.minutes(3).await, [remind()]);
    // And what gets worse breaks one.
    assert!(matches!(world.asks(Ask::Snooze("4h")).await, Handled::Done(_)));
    world.hush().await;
    world.does("billing-2", Deed::Drop);
    world.later(60).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")]);
    assert_eq!(world.minutes(10).await, [remind()]);
}

#[tokio::test]
async fn a_recovery_is_quiet_and_takes_back_what_nobody_has_read() {
    let mut world = World::billing_at_risk().await;
    // Discord takes nothing: reminders pile up, each in place of the one before.
    for _ in 0..3 {
        world.later(3_600).await;
    }
    world.does("billing-1", Deed::Recover);
    world.later(60).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")]);
}

#[tokio::test]
async fn p1_reminders_that_discord_did_not_take_are_one() {
    let mut world = World::billing_at_risk().await;
    for _ in 0..5 {
        world.later(8 * 3_600).await;
    }
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("escalate! {BILLING}"), remind()]);
}

#[tokio::test]
async fn p8_a_mute_stops_every_ping_and_not_the_record_and_its_end_is_told_once() {
    let mut world = World::judged_by(harbour(), SAID_AGAIN).await;
    world.hush().await;
    world.mutes("production", "2h").await;
    world.does("billing-1", Deed::Drop);
    world.later(60).await;
    assert_eq!(world.said().await, [format!("card {BILLING}"), "mute environment:production".to_owned()]);
    let hush = world.incident("Billing Bot").await.unwrap().attention.muted.unwrap();
    assert_eq!((hush.by.name.as_str(), hush.reason.as_str()), ("Olga", "new settings"));
    world.does("billing-2", Deed::Drop);
    world.does("orders-1", Deed::Drop);
    world.does("orders-2", Deed::Drop);
    world.later(60).await;
    assert_eq!(world.said().await, [format!("card {ORDERS}"), format!("edit {BILLING}")], "worse, and quiet");
    for name in ["orders-1", "orders-2"] {
        world.does(name, Deed::Recover);
    }
    let mut world = world.restarted().await;
    assert_eq!(world.minutes(117).await, [""; 0]);
    assert_eq!(world.minutes(2).await, ["mute environment:production", "summary! environment:production"]);
    assert_eq!(world.incident("Billing Bot").await.unwrap().attention.muted, None);
    assert_eq!(world.minutes(9).await, [remind()]);
}

#[tokio::test]
async fn what_a_mute_changes_stands_on_the_card_at_once_without_reading_the_fleet() {
    let mut world = World::billing_at_risk().await;
    world.mutes("production", "8h").await;
    let requests = world.fleet().requests().len();
    let again = Told { again: true, ..Told::default() };
    world.monitor.glance(again, world.now()).await.unwrap();
    assert_eq!(world.fleet().requests().len(), requests);
    assert!(world.incident("Billing Bot").await.unwrap().attention.muted.is_some());
    assert!(world.said().await.contains(&format!("edit {BILLING}")));
}

#[tokio::test]
async fn a_mute_that_is_ended_is_told_at_once_and_pings_for_nothing_that_is_over_or_that_somebody_has() {
    let mut world = World::billing_at_risk().await;
    world.mutes("production", "8h").await;
    world.later(10).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), "mute environment:production".to_owned()]);
    assert!(matches!(world.asks(Ask::Acknowledge).await, Handled::Done(_)));
    world.hush().await;
    let answer = world.incidents.unmute(&world.asker(), Some("production"), None, world.now()).await.unwrap();
    let UnmuteAnswer::Over(mute) = answer else { panic!("{answer:?}") };
    assert!(matches!(mute.ended, Some(MuteEnd::Unmuted(done)) if done.by.name == "Olga"));
    assert_eq!(world.said().await, ["mute environment:production", "summary environment:production"]);
    let again = world.incidents.unmute(&world.asker(), None, None, world.now()).await.unwrap();
    assert!(matches!(again, UnmuteAnswer::Refused(Refused::NotMuted)), "{again:?}");
    world.later(10).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")], "the card no longer says so");
}

#[tokio::test]
async fn p1_what_a_mute_ended_too_early_to_cover_pings() {
    let mut world = World::judged_by(harbour(), SAID_AGAIN).await;
    world.hush().await;
    world.mutes("production", "2h").await;
    world.later(10).await;
    world.hush().await;
    assert!(matches!(
        world.incidents.unmute(&world.asker(), None, None, world.now()).await.unwrap(),
        UnmuteAnswer::Over(_)
    ));
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    assert!(world.said().await.contains(&format!("card! {BILLING}")));
}

#[tokio::test]
async fn a_mute_that_is_prolonged_stays_one_and_keeps_quiet_until_its_later_end() {
    let mut world = World::judged_by(harbour(), SAID_AGAIN).await;
    world.hush().await;
    world.mutes("production", "30m").await;
    world.later(10).await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    let before = world.incident("Billing Bot").await.unwrap().attention.muted.unwrap();
    world.mutes("production", "2h").await;
    // What ends no later changes nothing.
    let said = ToMute {
        environment: Some("production".to_owned()),
        until: Some("1h".to_owned()),
        reason: Some("other settings".to_owned()),
        bot: None,
    };
    let answer = world.incidents.mute(&world.asker(), &said, world.now()).await.unwrap();
    assert!(matches!(answer, MuteAnswer::Refused(Refused::MutedBefore(_))), "{answer:?}");
    assert_eq!(world.said().await, ["mute environment:production"], "its message says until when now");
    assert_eq!(world.minutes(60).await, [""; 0], "its first end has passed");
    let now = world.incident("Billing Bot").await.unwrap().attention.muted.unwrap();
    assert_eq!(now.mute, before.mute);
    assert_eq!(now.until.duration_since(before.until).as_mins(), 90);
    let said = world.minutes(62).await;
    assert_eq!(said.iter().filter(|said| said.starts_with("summary")).count(), 1, "{said:?}");
}

#[tokio::test]
async fn what_somebody_gave_back_is_escalated_again() {
    let mut world = World::billing_at_risk().await;
    assert!(matches!(world.asks(Ask::GiveBack).await, Handled::Refused(Refused::Unchanged(_))));
    assert!(matches!(world.asks(Ask::Acknowledge).await, Handled::Done(_)));
    let escalation = format!("escalate! {BILLING}");
    assert!(!world.minutes(30).await.contains(&escalation));
    assert!(matches!(world.asks(Ask::GiveBack).await, Handled::Done(_)));
    world = world.restarted().await;
    let said = world.minutes(30).await;
    assert_eq!(said.iter().filter(|said| **said == escalation).count(), 1, "{said:?}");
}

#[tokio::test]
async fn a_mute_of_one_bot_leaves_the_others_loud() {
    let mut world = World::judged_by(harbour(), SAID_AGAIN).await;
    world.hush().await;
    let said = ToMute {
        bot: Some("Orders Bot".to_owned()),
        until: Some("tomorrow 9:00".to_owned()),
        reason: Some("moved".to_owned()),
        ..ToMute::default()
    };
    let answer = world.incidents.mute(&world.asker(), &said, world.now()).await.unwrap();
    // The clock says 2027-01-15 9:00 in Berlin.
    assert!(matches!(&answer, MuteAnswer::On(mute) if mute.until.to_string() == "2027-01-16T08:00:00Z"), "{answer:?}");
    for name in ["billing-1", "orders-1", "orders-2"] {
        world.does(name, Deed::Drop);
    }
    world.later(10).await;
    let said = world.said().await;
    assert!(said.contains(&format!("card! {BILLING}")) && said.contains(&format!("card {ORDERS}")), "{said:?}");
}

#[tokio::test]
async fn p2_a_storm_is_said_again_on_its_card_and_none_of_those_that_it_took_up_on_one_of_their_own() {
    let fleet = (0..6).flat_map(|bot| {
        ["a", "b"].map(|name| {
            let bot_name = format!("Bot {bot}");
            botswain::sandbox::lifecycle::seed::healthy(&format!("bot{bot}-{name}"), &bot_name, "Production")
        })
    });
    let mut world = World::judged_by(fleet.collect(), IN_STORMS).await;
    world.hush().await;
    for bot in 0..6 {
        world.does(&format!("bot{bot}-a"), Deed::Drop);
    }
    world.later(30).await;
    assert_eq!(world.said().await, ["card! storm"]);
    assert_eq!(world.minutes(12).await, ["remind! storm"]);
    // Those that outlast it are counted from when they have cards of their own.
    for bot in 1..6 {
        world.does(&format!("bot{bot}-a"), Deed::Recover);
    }
    let said = world.minutes(9).await;
    assert_eq!(said, ["card! failover:production:bot-bot-0"]);
    assert_eq!(world.minutes(2).await, ["remind! failover:production:bot-bot-0"]);
}

#[tokio::test]
async fn what_comes_back_is_nobodys_again_and_what_somebody_snoozed_may_call_again() {
    let mut world = World::judged_by(harbour(), COMES_BACK).await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    assert!(matches!(world.asks(Ask::Acknowledge).await, Handled::Done(_)));
    assert!(matches!(world.asks(Ask::Snooze("4h")).await, Handled::Done(_)));
    world.does("billing-1", Deed::Recover);
    world.later(60).await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.later(60).await;
    assert_eq!(world.said().await, [format!("back! {BILLING}"), format!("edit {BILLING}")]);
    let attention = world.incident("Billing Bot").await.unwrap().attention;
    assert_eq!((attention.acknowledged, attention.snoozed.unwrap().ended), (None, Some(SnoozeEnd::Worse)));
    assert_eq!(world.minutes(10).await, [remind()]);
}

#[tokio::test]
async fn p7_what_an_operator_stops_again_soon_after_is_counted_from_then() {
    let mut world = World::judged_by(harbour(), COMES_BACK).await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.minutes(20).await;
    world.does("billing-1", Deed::Recover);
    world.minutes(5).await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")], "the same card, and nobody is called");
    assert_eq!(world.minutes(9).await, [""; 0]);
    assert_eq!(world.minutes(1).await, [remind()]);
}
