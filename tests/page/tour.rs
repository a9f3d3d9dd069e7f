//! The guided tour, walked to its end: with the mouse, and with nothing but the keyboard.
use crate::browser::Page;
use fantoccini::key::Key;

/// The alert's card of Billing Bot in Production, in whatever state.
const CARD: &str = "//article[.//h2[contains(., 'Billing Bot in Production')]]";

/// Waits until the tour is at the step of this title. It moves on by itself, when it sees that a step was done.
async fn at(page: &Page, title: &str) {
    page.until(&format!("//section[@id='tour']//h2[contains(., '{title}')]")).await;
}

/// What the tour points at, once it points at one that fits.
fn pointed(fits: &str) -> String {
    format!("//*[contains(@class, 'tour-target')]{fits}")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn the_tour_sees_what_was_done_and_ends_with_a_resolved_incident() {
    let page = Page::demo("olga").await;
    page.click("//button[@id='tour-begin']").await;
    at(&page, "Look at the fleet").await;
    page.until(&pointed("[@id='line']")).await;
    // What is done in another way than it says counts as well.
    page.type_in("/bots status env:production bot:Billing Bot").await;
    page.enter().await;
    at(&page, "Be somebody who may only look").await;
    page.become_person("vera").await;
    at(&page, "Try what you may not do").await;
    page.click("//button[@id='tour-fill']").await;
    page.enter().await;
    at(&page, "Be an operator").await;
    page.become_person("olga").await;
    at(&page, "Ask to stop a connector").await;
    page.click("//button[@id='tour-fill']").await;
    page.enter().await;
    at(&page, "Read what it costs, and confirm").await;

    // Whoever cancels is led back, and asks again.
    page.click("//article[contains(., 'Stop billing-1 in Production?')]//button[.='Cancel']").await;
    at(&page, "Ask to stop a connector").await;
    page.click("//button[@id='tour-fill']").await;
    page.enter().await;
    page.click(&pointed("[self::button][.='Stop billing-1 in Production']")).await;
    page.fills_in("Billing Bot").await;

    at(&page, "Look at the alert").await;
    page.click(&pointed("[@id='channel-bots-alerts']")).await;
    at(&page, "Now break the other one").await;
    page.click(&pointed("[@id='break-billing-2']")).await;
    at(&page, "An outage, and it calls you").await;
    page.until(&format!("{CARD}[contains(., '0 of 2 healthy')]")).await;
    page.click(&pointed("[.='Acknowledge incident']")).await;
    at(&page, "Start both again").await;
    for connector in ["billing-1", "billing-2"] {
        page.click(&format!("{CARD}//button[.='Start {connector} in Production']")).await;
        page.click(&pointed(&format!(
            "[ancestor::article[contains(., 'Only you can see this')]][contains(., '{connector}')]"
        )))
        .await;
        page.until(&format!("//li[@id='connector-{connector}'][@data-health='well']")).await;
    }
    page.until(&format!("{CARD}[contains(., 'Resolved')]")).await;
    at_its_end(&page).await;

    // It is remembered: who loads the page anew is where they were.
    page.browser.refresh().await.unwrap();
    at_its_end(&page).await;
    page.close().await;
}

/// Past what is only there where cards have threads.
async fn at_its_end(page: &Page) {
    page.until("//section[@id='tour']//h2[contains(., 'that was the tour') or contains(., 'Read it back')]").await;
    if page.count("//section[@id='tour']//h2[contains(., 'Read it back')]").await > 0 {
        page.click(&pointed("[contains(@class, 'thread-link')]")).await;
        at(page, "that was the tour").await;
    }
}

/// Tab, until the focus is on the control of this id.
async fn reach(page: &Page, id: &str) {
    page.until(&format!("//*[@id='{id}'][not(@disabled)]")).await;
    for _ in 0..250 {
        if page.focused().await == id {
            return;
        }
        page.press(Key::Tab).await;
    }
    panic!("Tab never comes to {id}");
}

/// Goes where the tour points at, by its own button.
async fn go_there(page: &Page) {
    reach(page, "tour-show").await;
    page.enter().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn the_tour_can_be_walked_with_the_keyboard_alone() {
    let page = Page::demo("olga").await;
    reach(&page, "tour-begin").await;
    page.enter().await;
    at(&page, "Look at the fleet").await;
    reach(&page, "tour-fill").await;
    page.enter().await;
    page.enter().await;

    at(&page, "Be somebody who may only look").await;
    // The people are one group of radio buttons: arrows choose.
    reach(&page, "persona-olga").await;
    for name in ["otto", "vera"] {
        page.press(Key::Right).await;
        page.until(&format!("//input[@id='persona-{name}' and @checked]")).await;
    }
    at(&page, "Try what you may not do").await;
    reach(&page, "tour-fill").await;
    page.enter().await;
    page.enter().await;
    at(&page, "Be an operator").await;
    go_there(&page).await;
    page.keys(&[' ']).await;
    at(&page, "Ask to stop a connector").await;
    reach(&page, "tour-fill").await;
    page.enter().await;
    page.enter().await;
    at(&page, "Read what it costs, and confirm").await;
    page.until(&pointed("[self::button]")).await;
    go_there(&page).await;
    page.enter().await;
    page.fills_in("Billing Bot").await;
    at(&page, "Look at the alert").await;
    go_there(&page).await;
    page.enter().await;
    at(&page, "Now break the other one").await;
    go_there(&page).await;
    page.enter().await;
    at(&page, "An outage, and it calls you").await;
    page.until(&format!("{CARD}[contains(., '0 of 2 healthy')]")).await;
    page.until(&pointed("[.='Acknowledge incident']")).await;
    go_there(&page).await;
    page.enter().await;
    at(&page, "Start both again").await;
    for healthy in ["1", "2"] {
        page.until(&pointed("[starts-with(., 'Start billing-')]")).await;
        go_there(&page).await;
        page.enter().await;
        page.until(&pointed("[ancestor::article[contains(., 'Only you can see this')]]")).await;
        go_there(&page).await;
        page.enter().await;
        page.until(&format!("//section[@aria-label='Billing Bot in Production'][@data-healthy='{healthy}']")).await;
    }
    page.until(&format!("{CARD}[contains(., 'Resolved')]")).await;
    page.until("//section[@id='tour']//h2[contains(., 'that was the tour') or contains(., 'Read it back')]").await;
    page.close().await;
}
