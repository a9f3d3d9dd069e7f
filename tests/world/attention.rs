//! Who has an incident: pressed twice, by somebody else, late, forged, across a restart; snoozed, muted, said again.

use botswain::domain::audit::{Entry, Handling, Verdict};
use botswain::sandbox::lifecycle::Deed;
use jiff::Timestamp;
use serde_json::json;

use crate::message::Message;
use crate::world::{Beginning, World};

const AT_RISK: &str = "At risk: Billing Bot in Production";
const ACKNOWLEDGE: &str = "Acknowledge incident";
const GIVE_BACK: &str = "Give incident back";

impl World {
    /// Billing lost one of its two; its card.
    async fn billing_at_risk(&self) -> Message {
        self.does("billing-1", Deed::Drop);
        self.alert(AT_RISK).await
    }

    /// The card of the Billing Bot, once it says this.
    async fn card(&self, text: &str) -> Message {
        let channel = self.alert_channel();
        self.message(&channel, |m| {
            m.says("Billing Bot in Production") && m.0["message_reference"].is_null() && m.says(text)
        })
        .await
    }

    /// The audit of a bot that has been stopped.
    async fn records(&mut self) -> Vec<Entry> {
        self.stop_bot().await;
        let store = self.store().await;
        let records = store.records(Timestamp::UNIX_EPOCH, 100).await.unwrap();
        store.close().await;
        records
    }
}

fn verdicts(records: &[Entry]) -> Vec<(Option<Handling>, Verdict)> {
    records.iter().map(|record| (record.handling, record.verdict)).collect()
}

#[tokio::test]
async fn p10_of_two_who_acknowledge_at_once_one_has_it_and_the_other_learns_who() {
    let mut world = World::new().await;
    let card = world.billing_at_risk().await;
    let (olga, otto) = (world.olga(), world.otto());
    let (first, second) = tokio::join!(olga.presses(&card, ACKNOWLEDGE), otto.presses(&card, ACKNOWLEDGE));
    let (first, second) = (first.message(), second.message());
    let won = [&first, &second].map(|told| told.says("You have it"));
    assert!(won[0] != won[1], "{first:?}\n{second:?}");
    let (winner, loser) = if won[0] { (&olga, second) } else { (&otto, first) };
    assert!(loser.is_ephemeral() && loser.says(&format!("<@{}> was first", winner.id())), "{loser:?}");
    let card = world.card(&format!("<@{}> has it", winner.id())).await;
    assert!(card.button(ACKNOWLEDGE).is_none(), "what is done is not offered again: {card:?}");
    // Long after, by the button that stood there.
    let incident = card.button("Incident details").unwrap().replace("incident:", "ack:");
    let late = winner.presses_id(&card, &incident, true).await.message();
    assert!(late.says("You have it already"), "{late:?}");
    let records = world.records().await;
    let acknowledged = |verdict| (Some(Handling::Acknowledge), verdict);
    let mut verdicts = verdicts(&records);
    verdicts.sort_by_key(|(_, verdict)| verdict.word());
    assert_eq!(verdicts, [Verdict::Denied, Verdict::Denied, Verdict::Done].map(acknowledged));
    world.finish().await;
}

#[tokio::test]
async fn p10_who_has_an_incident_gives_it_back_by_a_button_and_somebody_else_takes_it_on() {
    let mut world = World::new().await;
    let card = world.billing_at_risk().await;
    let (olga, otto) = (world.olga(), world.otto());
    olga.presses(&card, ACKNOWLEDGE).await;
    let card = world.card(&format!("<@{}> has it", olga.id())).await;
    let told = olga.presses(&card, GIVE_BACK).await.message();
    assert!(told.is_ephemeral() && told.says("You have given it back"), "{told:?}");
    let card = world.card(&format!("<@{}> gave it back", olga.id())).await;
    assert!(card.button(GIVE_BACK).is_none(), "{card:?}");
    // By the button that stood there.
    let late = card.button(ACKNOWLEDGE).unwrap().replace("ack:", "give-back:");
    let late = otto.presses_id(&card, &late, true).await.message();
    assert!(late.says(&format!("<@{}> gave it back", olga.id())), "{late:?}");
    otto.presses(&card, ACKNOWLEDGE).await;
    let card = world.card(&format!("<@{}> has it", otto.id())).await;
    assert!(!card.says("gave it back"), "{card:?}");
    let handled = |handling, verdict| (Some(handling), verdict);
    let mut records = verdicts(&world.records().await);
    records.sort_by_key(|(handling, verdict)| (handling.map(Handling::word), verdict.word()));
    assert_eq!(
        records,
        [
            handled(Handling::Acknowledge, Verdict::Done),
            handled(Handling::Acknowledge, Verdict::Done),
            handled(Handling::GiveBack, Verdict::Denied),
            handled(Handling::GiveBack, Verdict::Done),
        ]
    );
    world.finish().await;
}

#[tokio::test]
async fn p4_p10_who_may_not_and_what_is_forged_gets_a_sentence_and_a_record_and_changes_nothing() {
    let mut world = World::new().await;
    let card = world.billing_at_risk().await;
    let vera = world.vera();
    let refused = vera.presses(&card, ACKNOWLEDGE).await.message();
    assert!(
        refused.is_ephemeral() && refused.says("You may not acknowledge or snooze anything in Production"),
        "{refused:?}"
    );
    for choice in ["Snooze for 1 hour", "Snooze until …"] {
        let refused = vera.chooses(&card, choice).await.message();
        assert!(
            refused.is_ephemeral() && refused.says("You may not acknowledge or snooze anything"),
            "{choice}: {refused:?}"
        );
    }
    let olga = world.olga();
    for forged in [
        "b1:ack:0123456789abcdef",
        "b1:give-back:0123456789abcdef",
        "b1:unsnooze:0123456789abcdef",
        "b1:unmute:0123456789abcdef",
        "b1:snooze:0123456789abcdef",
        "b1:snooze-form:0123456789abcdef",
        "b0:ack:0123456789abcdef",
    ] {
        let told = olga.presses_id(&card, forged, true).await.message();
        assert!(told.is_ephemeral() && told.says("Nothing was done"), "{forged}: {told:?}");
    }
    // A look at what is not there changes nothing, so it has no record.
    let nothing = olga.presses_id(&card, "b1:incident:0123456789abcdef", true).await.message();
    assert!(nothing.says("belongs to nothing"), "{nothing:?}");
    assert_eq!(world.card(AT_RISK).await.text(), card.text());
    let records = world.records().await;
    assert_eq!(records.len(), 10, "{records:#?}");
    assert!(records.iter().all(|record| record.verdict == Verdict::Denied), "{records:#?}");
    world.finish().await;
}

#[tokio::test]
async fn p4_from_elsewhere_nobody_acknowledges() {
    let mut world = World::new().await;
    let card = world.billing_at_risk().await;
    let custom_id = card.button(ACKNOWLEDGE).unwrap();
    for place in ["direct_message", "other_guild"] {
        let body = json!({
            "as": world.olga().id(), "channel_id": card.channel(), "message_id": card.id(), "custom_id": custom_id,
            "elsewhere": place,
        });
        let (_, told) = world.post("press", body).await;
        assert!(Message(told["message"].clone()).says("only in the channels of its own server"), "{place}: {told}");
    }
    assert_eq!(world.card(AT_RISK).await.text(), card.text());
    let records = world.records().await;
    assert_eq!(verdicts(&records), [(None, Verdict::Denied), (None, Verdict::Denied)]);
    world.finish().await;
}

#[tokio::test]
async fn p6_a_card_is_pressed_after_a_restart_and_in_vain_once_all_is_over() {
    let mut world = World::new().await;
    let card = world.billing_at_risk().await;
    let acknowledge = card.button(ACKNOWLEDGE).unwrap();
    world.stop_bot().await;
    world.start_bot().await;
    let olga = world.olga();
    assert!(olga.presses(&card, ACKNOWLEDGE).await.message().says("You have it"));
    world.does("billing-1", Deed::Recover);
    let over = world.card("Resolved").await;
    assert!(over.says(&format!("Acknowledged by <@{}>", olga.id())), "{over:?}");
    let late = world.otto().presses_id(&over, &acknowledge, true).await.message();
    assert!(late.says("That incident is over"), "{late:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_snooze_is_chosen_typed_refused_and_ended() {
    let mut world = World::begin(Beginning::default().with("TIMEZONE", "Europe/Berlin")).await;
    let card = world.billing_at_risk().await;
    let (olga, otto) = (world.olga(), world.otto());
    let told = olga.chooses(&card, "Snooze for 1 hour").await.message();
    assert!(told.is_ephemeral() && told.says("Snoozed until <t:"), "{told:?}");
    let snoozed = world.card(&format!("Snoozed by <@{}>", olga.id())).await;
    assert!(snoozed.menu().is_none(), "{snoozed:?}");
    // Otto's client still showed the menu.
    let (custom_id, _) = card.menu().unwrap();
    let body = json!({
        "as": otto.id(), "channel_id": card.channel(), "message_id": card.id(), "custom_id": custom_id, "values": ["4h"],
        "forged": true,
    });
    let (_, begun) = world.post("select", body).await;
    let (_, late) =
        world.post("wait", json!({ "interaction_id": begun["interaction_id"], "timeout_ms": 60_000 })).await;
    assert!(Message(late["message"].clone()).says(&format!("<@{}> was first", olga.id())), "{late}");
    assert!(otto.presses(&snoozed, "End snooze").await.message().says("reminders go on"));
    let awake =
        world.message(&world.alert_channel(), |m| m.id() == card.id() && m.button("End snooze").is_none()).await;
    // A time of one's own.
    let form = olga.chooses(&awake, "Snooze until …").await;
    assert_eq!(form.outcome, "modal");
    let odd = olga.sends(form, "soon").await.message();
    assert!(odd.is_ephemeral() && odd.says("“soon” is no time that Botswain understands"), "{odd:?}");
    let form = olga.chooses(&awake, "Snooze until …").await;
    let told = olga.sends(form, "tomorrow 9:00").await.message();
    assert!(told.says("Snoozed until"), "{told:?}");
    world.card("Snoozed by").await;
    let expected = [
        (Handling::Snooze, Verdict::Done),
        (Handling::Snooze, Verdict::Denied),
        (Handling::Unsnooze, Verdict::Done),
        (Handling::Snooze, Verdict::Denied),
        (Handling::Snooze, Verdict::Done),
    ];
    let records = world.records().await;
    assert_eq!(verdicts(&records), expected.map(|(handling, verdict)| (Some(handling), verdict)));
    world.finish().await;
}

#[tokio::test]
async fn what_is_open_is_listed_worst_first_and_handled_from_there() {
    let world = World::new().await;
    world.billing_at_risk().await;
    world.does("returns-1", Deed::Drop);
    world.does("returns-2", Deed::Drop);
    world.alert("Outage: Returns Bot in Production").await;
    let olga = world.olga();
    let list = olga.runs("/bots alerts env:production").await.message();
    let text = list.text();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {list:?}"));
    assert!(list.is_ephemeral() && place("Outage: Returns Bot") < place("At risk: Billing Bot"), "{list:?}");
    assert!(place("At risk: Billing Bot") < place("Never redundant"), "{list:?}");
    assert!(list.says("https://discord.com/channels/"), "each leads to its card: {list:?}");
    let details = olga.chooses(&list, "Billing Bot in Production").await.message();
    assert!(details.is_ephemeral() && details.says("What happened to it"), "{details:?}");
    let details = olga.presses(&details, ACKNOWLEDGE).await.message();
    assert!(details.says(&format!("<@{}> has it", olga.id())), "{details:?}");
    world.card(&format!("<@{}> has it", olga.id())).await;
    let list = olga.presses(&details, "All open incidents").await.message();
    assert!(list.says(&format!("<@{}> has it", olga.id())), "{list:?}");
    // A viewer sees all of it, and is offered nothing that they may not do.
    let list = world.vera().runs("/bots alerts").await.message();
    let details = world.vera().chooses(&list, "Returns Bot in Production").await.message();
    assert!(details.button(ACKNOWLEDGE).is_none() && details.menu().is_none(), "{details:?}");
    assert!(details.button("Status of Returns Bot").is_some());
    assert!(world.vera().runs("/bots alerts env:nowhere").await.message().says("No environment or bot goes by"));
    world.finish().await;
}

#[tokio::test]
async fn p8_while_all_is_muted_nobody_is_pinged_and_its_end_tells_what_still_stands() {
    let mut world = World::new().await;
    let (olga, vera) = (world.olga(), world.vera());
    let offered = olga.is_offered("/bots mute for:1h reason:moving env:").await;
    assert!(offered.iter().any(|name| name.starts_with("Production")), "{offered:?}");
    assert!(olga.is_offered("/bots mute reason:moving for:").await.contains(&"Until tomorrow 9:00".to_owned()));
    let refused = vera.runs("/bots mute for:1h reason:moving env:production").await.message();
    assert!(refused.says("You may not mute or unmute anything in Production"), "{refused:?}");
    let vague = olga.runs("/bots mute for:1h reason:moving").await.message();
    assert!(vague.says("Say what to mute"), "{vague:?}");
    let told = olga.runs("/bots mute for:2h reason:moving house env:production").await.message();
    assert!(told.is_ephemeral() && told.says("Muted: all of Production"), "{told:?}");
    let mute = world.alert("🔕 Muted: all of Production").await;
    assert!(mute.says("Reason: moving house") && !mute.is_ephemeral(), "{mute:?}");
    let again = world.otto().runs("/bots mute for:1h reason:me too env:production").await.message();
    assert!(again.says(&format!("<@{}> was first", olga.id())), "{again:?}");
    let longer = world.otto().runs("/bots mute for:4h reason:moving garden env:production").await.message();
    assert!(longer.is_ephemeral() && longer.says("Still muted: all of Production"), "{longer:?}");
    let prolonged = format!("Prolonged by <@{}>", world.otto().id());
    let said = world.message(&world.alert_channel(), |m| m.id() == mute.id() && m.says(&prolonged)).await;
    assert!(said.says("Reason: moving garden"), "{said:?}");
    world.billing_at_risk().await;
    world.card(&format!("Muted by <@{}>", olga.id())).await;
    world.does("billing-2", Deed::Drop);
    world.card("Outage").await;
    assert!(world.pings().await.is_empty());
    assert!(world.vera().runs("/bots alerts").await.message().says("all of Production by"));
    let over = world.otto().presses(&mute, "Unmute Production").await.message();
    assert!(over.says("No longer muted"), "{over:?}");
    let summary = world.alert("1 incident meanwhile, and 1 still open").await;
    assert_eq!(summary.0["message_reference"]["message_id"], mute.0["id"], "it replies to the mute's message");
    assert!(!world.pings().await.is_empty(), "what still stands is told to those on call");
    let ended = world.message(&world.alert_channel(), |m| m.id() == mute.id() && m.says("No longer muted")).await;
    assert!(ended.says(&format!("<@{}> ended it", world.otto().id())) && ended.button("Unmute").is_none(), "{ended:?}");
    world.message(&world.alert_channel(), |m| m.says("Outage: Billing Bot") && !m.says("Muted by")).await;
    let late = olga.presses_id(&mute, &mute.button("Unmute Production").unwrap(), true).await.message();
    assert!(late.says("was first: that mute was ended"), "{late:?}");
    let records = world.records().await;
    let expected = [
        (Handling::Mute, Verdict::Denied),
        (Handling::Mute, Verdict::Denied),
        (Handling::Mute, Verdict::Done),
        (Handling::Mute, Verdict::Denied),
        (Handling::Mute, Verdict::Done),
        (Handling::Unmute, Verdict::Done),
        (Handling::Unmute, Verdict::Denied),
    ];
    assert_eq!(verdicts(&records), expected.map(|(handling, verdict)| (Some(handling), verdict)));
    assert_eq!(records[2].reason.as_deref(), Some("moving house"));
    world.finish().await;
}

#[tokio::test]
async fn of_two_mutes_the_one_to_end_is_chosen() {
    let world = World::new().await;
    let olga = world.olga();
    olga.runs("/bots mute for:2h reason:moving env:production").await.message();
    olga.runs("/bots mute for:2h reason:moving env:demo bot:FAQ Bot").await.message();
    let which = olga.runs("/bots unmute").await.message();
    assert!(which.says("Which one is to end?"), "{which:?}");
    let over = olga.chooses(&which, "Unmute Production").await.message();
    assert!(over.says("No longer muted: all of Production"), "{over:?}");
    let over = olga.runs("/bots unmute env:demo bot:FAQ Bot").await.message();
    assert!(over.says("No longer muted: FAQ Bot in Demo"), "{over:?}");
    assert!(olga.runs("/bots unmute").await.message().says("No such mute is on"));
    world.finish().await;
}

#[tokio::test]
async fn p1_what_stands_is_said_again_to_those_on_call_as_replies_to_its_card() {
    let world = World::begin(Beginning::default().with("REMIND_AFTER", "2s")).await;
    let card = world.billing_at_risk().await;
    let reply = world.alert("Still so after").await;
    assert_eq!(reply.0["message_reference"]["message_id"], card.0["id"]);
    assert!(reply.0["content"].as_str().unwrap().starts_with("<@&"), "the mention is in the content: {reply:?}");
    let pinged: Vec<_> = world.pings().await.iter().map(|ping| ping["message_id"].clone()).collect();
    assert!(pinged.contains(&card.0["id"]) && pinged.contains(&reply.0["id"]), "{pinged:?}");
    world.finish().await;
}

#[tokio::test]
async fn the_stopped_connectors_are_started_from_the_card_through_the_ordinary_prompt() {
    let world = World::new().await;
    world.does("billing-1", Deed::StopElsewhere);
    let card = world.alert(AT_RISK).await;
    let prompt = world.olga().presses(&card, "Start billing-1 in Production").await.message();
    assert!(prompt.is_ephemeral() && prompt.says("Start billing-1 in Production?"), "{prompt:?}");
    world.olga().agrees(&prompt, "Start billing-1 in Production").await;
    world.card("Resolved").await;
    world.alert("Started billing-1 in Production").await;
    world.finish().await;
}
