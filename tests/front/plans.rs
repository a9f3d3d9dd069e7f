//! A plan before the person who asked: its form, several connectors in one menu, and planning again.

use botswain::domain::audit::Verdict;
use botswain::sandbox::discord::Snowflake;
use botswain::sandbox::lifecycle::Deed;
use serde_json::{Value, json};

use crate::harbour::{Harbour, button, parts, text};

const STOP: &str = "Stop billing-2 in Production";

impl Harbour {
    async fn send(&self, who: Snowflake, opened: &Value, typed: &str) -> Value {
        let body = json!({
            "as": who, "interaction_id": opened["interaction_id"], "custom_id": opened["modal"]["custom_id"],
            "values": {"text": typed},
        });
        self.control().act("/submit", body).await
    }

    /// Chooses these of a message's menu, all at once.
    async fn choose_all(&self, who: Snowflake, message: &Value, labels: &[&str]) -> Value {
        let parts = parts(message);
        let menu = parts.iter().find(|part| part["type"] == 3).unwrap();
        let options = menu["options"].as_array().unwrap();
        let value = |label: &&str| &options.iter().find(|option| option["label"] == **label).unwrap()["value"];
        let body = json!({
            "as": who, "channel_id": self.seed.team_channel.id, "message_id": message["id"],
            "custom_id": menu["custom_id"], "values": labels.iter().map(value).collect::<Vec<_>>(),
        });
        self.control().act("/select", body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p11_the_button_that_goes_below_the_minimum_opens_a_form_and_the_bots_name_confirms() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "billing-2")]).await;
    assert!(text(&prompt).contains("below its minimum in Production: 1 healthy, 2 wanted"), "{}", text(&prompt));
    let opened = harbour.press(harbour.olga(), &prompt, STOP).await;
    assert_eq!(opened["outcome"], "modal", "{opened}");
    assert!(opened["modal"].to_string().contains("Billing Bot"), "{opened}");
    let wrong = harbour.send(harbour.olga(), &opened, "Orders Bot").await;
    assert!(text(&wrong["message"]).contains("That was not “Billing Bot”"), "{wrong}");
    assert!(harbour.operations().await.is_empty() && harbour.records().await.is_empty());
    // The prompt stands, and its button opens the form once more.
    let opened = harbour.press(harbour.olga(), &prompt, STOP).await;
    let sent = harbour.send(harbour.olga(), &opened, "billing bot").await;
    assert!(text(&harbour.done(sent).await).contains("Confirmed. Its progress stands in"));
    assert_eq!(harbour.operations().await.len(), 1);
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_a_form_that_somebody_else_sends_and_a_button_that_says_it_is_one_do_nothing() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "billing-2")]).await;
    let opened = harbour.press(harbour.olga(), &prompt, STOP).await;
    let form = opened["modal"]["custom_id"].as_str().unwrap();
    let own = harbour.ask(harbour.otto(), "start", &[]).await;
    let odd = harbour.forge(harbour.otto(), &own, form).await;
    assert!(text(&odd["message"]).contains("none of Botswain's"), "{odd}");
    let body = json!({
        "as": harbour.otto(), "interaction_id": opened["interaction_id"], "custom_id": form,
        "values": {"text": "Billing Bot"}, "forged": true,
    });
    let sent = harbour.control().act("/submit", body).await;
    assert!(text(&harbour.done(sent).await).contains("belongs to"), "it is Olga's");
    assert!(harbour.operations().await.is_empty());
    harbour.until("two records", async |h| h.records().await.len() == 2).await;
    assert!(harbour.records().await.iter().all(|entry| entry.verdict == Verdict::Denied));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_connectors_are_chosen_in_one_menu_and_stand_in_one_prompt() {
    let harbour = Harbour::open().await;
    let menu = harbour.ask(harbour.olga(), "stop", &[("env", "production"), ("bot", "Orders Bot")]).await;
    let chosen = harbour.choose_all(harbour.olga(), &menu, &["orders-3", "orders-1"]).await;
    let prompt = harbour.done(chosen).await;
    let said = text(&prompt);
    assert!(said.contains("Stop 2 connectors of Orders Bot in Production?"), "{said}");
    assert!(said.contains("orders-3, orders-1") && said.contains("**3** now → **1** after"), "{said}");
    let opened = harbour.press(harbour.olga(), &prompt, "Stop 2 connectors in Production").await;
    let sent = harbour.send(harbour.olga(), &opened, "Orders Bot").await;
    harbour.done(sent).await;
    let operations = harbour.operations().await;
    assert_eq!((operations.len(), operations[0].steps.len()), (1, 2));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p11_a_prompt_that_is_worse_by_now_says_what_changed_and_plans_again_in_its_place() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    harbour.sandbox.lifecycle.as_ref().unwrap().stand_in.do_to("orders-2", Deed::Drop).unwrap();
    let pressed = harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production").await;
    let refused = harbour.done(pressed).await;
    assert!(text(&refused).contains("you were told 3 → 2 healthy connectors, and now it would be 2 → 1"), "{refused}");
    let pressed = harbour.press(harbour.olga(), &refused, "Plan again").await;
    let again = harbour.done(pressed).await;
    assert_eq!(again["id"], prompt["id"]);
    assert!(text(&again).contains("**2** now → **1** after (of 3; 2 wanted)"), "{}", text(&again));
    button(&again, "Stop orders-3 in Production");
    assert!(harbour.operations().await.is_empty());
    harbour.close().await;
}
