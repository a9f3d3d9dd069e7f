//! What people do about alerts when Discord is in the way, and what is forged where a form is concerned.

use botswain::domain::audit::{Handling, Verdict};
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId};
use botswain::domain::incident::{Facts, Failover, Incident, Severity, Subject};
use botswain::domain::notice::Call;
use botswain::domain::redundancy::Level;
use botswain::store::incidents::Opened;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harbour::{Harbour, button, text};

impl Harbour {
    /// An incident of the Billing Bot; nobody delivers its card here.
    async fn at_risk(&self) -> Incident {
        let bot = Bot { id: BotId::new("bot-billing"), name: "Billing Bot".to_owned() };
        let subject = Subject::Failover { bot, environment: Environment::new("production") };
        let facts = Failover { level: Level::AtRisk, healthy: 1, total: 2, minimum: 2, lines: Vec::new() };
        let now = Timestamp::now();
        let incident = Incident { announced: Severity::AtRisk, ..Incident::new(subject, Facts::Failover(facts), now) };
        let opened = self.store.open_incident(&incident, Call::Card, ChannelId(1), now).await.unwrap();
        assert_eq!(opened, Opened::Now);
        incident
    }

    /// The incident's details, as somebody sees them who looks at what is open.
    async fn details(&self, who: botswain::sandbox::discord::Snowflake) -> Value {
        let list = self.ask(who, "alerts", &[]).await;
        let chosen = self.choose(who, &list, "Billing Bot in Production").await;
        self.done(chosen).await
    }

    async fn kept(&self, incident: &Incident) -> Incident {
        self.store.incident(&incident.id).await.unwrap().unwrap().incident
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_what_cannot_be_acknowledged_mutes_nothing_and_is_recorded() {
    let harbour = Harbour::open().await;
    let incident = harbour.at_risk().await;
    let details = harbour.details(harbour.olga()).await;
    harbour.fault(json!({"kind": "drop", "route": "POST /interactions/{id}/{token}/callback"})).await;
    harbour.run(harbour.olga(), "mute", &[("for", "1h"), ("reason", "moving"), ("env", "production")]).await;
    harbour.press(harbour.olga(), &details, "Acknowledge incident").await;
    harbour.until("both records", async |h| h.records().await.len() == 2).await;
    let records = harbour.records().await;
    assert!(records.iter().all(|record| record.why.contains("could not be acknowledged")), "{records:?}");
    assert_eq!(harbour.store.mutes().await.unwrap(), []);
    assert_eq!(harbour.kept(&incident).await, incident);
    harbour.control().clear("/faults").await;
    harbour.control().clear("/violations").await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_p10_a_form_is_judged_by_who_sends_it_and_what_is_no_form_of_ours_is_told_so() {
    let harbour = Harbour::open().await;
    let incident = harbour.at_risk().await;
    let details = harbour.details(harbour.olga()).await;
    let opened = harbour.choose(harbour.olga(), &details, "Snooze until …").await;
    assert_eq!(opened["outcome"], "modal", "{opened}");
    let send = async |who, custom_id: &Value, forged| {
        let body = json!({
            "as": who, "interaction_id": opened["interaction_id"], "custom_id": custom_id, "values": {"text": "2h"},
            "forged": forged,
        });
        harbour.control().act("/submit", body).await
    };
    let ours = &opened["modal"]["custom_id"];
    harbour.done(send(harbour.vera(), ours, true).await).await;
    harbour
        .until("Vera to be told", async |h| {
            h.seen_by(h.vera())
                .await
                .iter()
                .any(|m| text(m).contains("You may not acknowledge or snooze anything in Production"))
        })
        .await;
    let odd = send(harbour.olga(), &json!("b1:snooze-form:no"), true).await;
    assert!(text(&odd["message"]).contains("none of Botswain's"), "{odd}");
    let unknown = harbour.done(send(harbour.olga(), &json!("b1:snooze-form:0123456789abcdef"), true).await).await;
    assert!(!text(&unknown).contains("Snoozed"), "{unknown}");
    assert_eq!(harbour.kept(&incident).await, incident);
    let records = harbour.records().await;
    assert_eq!(records.iter().map(|record| record.verdict).collect::<Vec<_>>(), [Verdict::Denied; 3]);
    // Olga's own form, sent as it was shown.
    let shown = harbour.done(send(harbour.olga(), ours, false).await).await;
    assert!(text(&shown).contains("Snoozed by"), "the details that were pressed say so: {shown}");
    button(&shown, "End snooze");
    assert!(harbour.kept(&incident).await.attention.snooze().is_some());
    let last = harbour.records().await.pop().unwrap();
    assert_eq!((last.handling, last.verdict), (Some(Handling::Snooze), Verdict::Done));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_gone_a_press_is_answered_with_a_reference_and_a_form_is_not_opened() {
    let harbour = Harbour::open().await;
    harbour.at_risk().await;
    let details = harbour.details(harbour.olga()).await;
    harbour.store.close().await;
    let pressed = harbour.press(harbour.olga(), &details, "Acknowledge incident").await;
    harbour.done(pressed).await;
    harbour
        .until("Olga to be told", async |h| {
            h.seen_by(h.olga()).await.iter().any(|m| text(m).contains("could not write to its own database"))
        })
        .await;
    let opened = harbour.choose(harbour.olga(), &details, "Snooze until …").await;
    assert!(text(&opened["message"]).contains("(ref "), "{opened}");
    let list = harbour.ask(harbour.olga(), "alerts", &[]).await;
    assert!(text(&list).contains("(ref "), "{list}");
    harbour.close().await;
}
