//! The main job, by hand, in the demo as somebody starts it: `cargo run -- demo`, the page, and nothing else.
use crate::browser::Page;
use fantoccini::key::Key;

/// The alert's card of Billing Bot in Production, in whatever state.
const CARD: &str = "//article[.//h2[contains(., 'Billing Bot in Production')]]";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_person_sees_the_fleet_stops_breaks_and_starts_again() {
    let page = Page::demo("olga").await;

    page.type_in("/bots status env:production").await;
    page.enter().await;
    page.until(
        "//article[contains(., 'used /bots status')][contains(., 'Billing Bot') and contains(., '2 of 2 healthy')]",
    )
    .await;

    // Stop billing-1: bot and connector from what the bot suggests, then the confirmation.
    page.type_in("/bots stop env:production bot:bill").await;
    page.until("//*[@id='option-popup']/*[@aria-selected='true'][contains(., 'Billing Bot')]").await;
    page.press(Key::Tab).await;
    page.type_in("connector:").await;
    page.until("//*[@id='option-popup']/*[@aria-selected='true'][contains(., 'billing-1')]").await;
    page.press(Key::Tab).await;
    page.enter().await;
    let prompt = "//article[contains(., 'Only you can see this')][contains(., 'Stop billing-1 in Production?')]";
    page.until(prompt).await;
    page.click(&format!("{prompt}//button[.='Stop billing-1 in Production']")).await;
    page.fills_in("Billing Bot").await;
    page.until("//article[contains(., 'Stopped billing-1 in Production')]").await;
    page.until("//section[@aria-label='Billing Bot in Production'][@data-healthy='1']").await;

    // The alert arrives, pings nobody since it was announced, and names who did it.
    page.until("//button[@id='channel-bots-alerts'][contains(@class, 'unread')]").await;
    assert_eq!(page.count("//*[@class='badge']").await, 0);
    page.click("//button[@id='channel-bots-alerts']").await;
    page.until(&format!("{CARD}[contains(., '1 of 2 healthy')][contains(., '@Olga')]")).await;

    // Another one breaks: an outage, which calls her.
    page.click("//button[@aria-label='Break billing-2 in Production']").await;
    page.until(&format!("{CARD}[contains(., 'Outage') and contains(., '0 of 2 healthy')]")).await;
    page.until("//article[contains(@class, 'names-me')][contains(., '@On call')]").await;

    // Both are started again, with the alert's own buttons, and it resolves.
    for connector in ["billing-1", "billing-2"] {
        page.click(&format!("{CARD}//button[contains(., 'Start {connector}')]")).await;
        let prompt = format!("//article[contains(., 'Only you can see this')][contains(., '{connector}')]");
        page.click(&format!(
            "{prompt}//button[contains(@class, 'success') or contains(@class, 'primary') or contains(@class, 'danger')]"
        ))
        .await;
        page.until(&format!("//li[@id='connector-{connector}'][@data-health='well']")).await;
    }
    page.until(&format!("{CARD}[contains(., 'Resolved')]")).await;

    // A viewer may look, and is told why not more.
    page.become_person("vera").await;
    page.type_in("/bots stop env:production bot:Billing Bot connector:billing-1").await;
    page.enter().await;
    page.until("//article[contains(., 'Only you can see this')][contains(., '@Operators')]").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn one_person_alone_plays_what_takes_two() {
    let page = Page::demo("olga").await;
    page.type_in("/bots redeploy env:production bot:Orders Bot connector:orders-3 to:demo").await;
    page.enter().await;
    let prompt = "//article[contains(., 'Only you can see this')][contains(., 'It needs a second person')]";
    page.click(&format!("{prompt}//button[.='Redeploy orders-3 to Demo']")).await;
    let waits = "//article[contains(., 'Waits for a second person: Redeploy orders-3 to Demo')]";
    let approve = format!("{waits}//button[.='Approve: Redeploy orders-3 to Demo']");
    page.click(&approve).await;
    page.until("//article[contains(., 'You asked for this yourself')]").await;
    page.become_person("vera").await;
    page.click(&approve).await;
    page.until("//article[contains(., 'Only you can see this')][contains(., '@Approvers')]").await;
    page.become_person("pia").await;
    page.click(&approve).await;
    page.until("//article[contains(., 'Approved: Redeploy orders-3 to Demo')][contains(., '@Pia agreed to it')]").await;
    page.until("//article[contains(., 'Redeployed orders-3')]").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn whoever_is_on_call_does_without_the_second_person_and_says_why() {
    let page = Page::demo("olga").await;
    page.type_in("/bots redeploy env:production bot:Orders Bot connector:orders-3 to:demo").await;
    page.enter().await;
    let prompt = "//article[contains(., 'Only you can see this')][contains(., 'It needs a second person')]";
    page.click(&format!("{prompt}//button[contains(., 'Break the glass')]")).await;
    let why = page.until("//dialog[@open]//textarea[@id='modal-text']").await;
    why.send_keys("It tells people to unplug their fridge").await.unwrap();
    page.click("//dialog[@open]//button[@id='modal-submit']").await;
    page.until("//article[contains(., 'Redeployed orders-3')][contains(., 'Glass broken')]").await;
    page.click("//button[@id='channel-bots-alerts']").await;
    let told = "//article[contains(., 'Glass broken: redeploy of Orders Bot in Production to Demo')]";
    page.until(&format!("{told}[contains(., 'unplug their fridge')][contains(., 'Done')]")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_person_takes_an_incident_on_and_snoozes_it_for_as_long_as_they_type() {
    let page = Page::demo("olga").await;
    page.click("//button[@aria-label='Break billing-2 in Production']").await;
    page.until("//button[@id='channel-bots-alerts'][contains(@class, 'unread')]").await;
    page.click("//button[@id='channel-bots-alerts']").await;
    page.click(&format!("{CARD}//button[.='Acknowledge incident']")).await;
    page.until(&format!("{CARD}[contains(., '@Olga has it')]")).await;
    page.until("//article[contains(., 'Only you can see this')][contains(., 'You have it')]").await;

    // The menu's last choice asks, in a dialog of its own, and says what it does not understand.
    let menu = format!("{CARD}//button[@aria-haspopup='listbox']");
    let choice = "//ul[@role='listbox'][not(@hidden)]/li[contains(., 'Snooze until …')]";
    for typed in ["soon", "2h 30m"] {
        page.click(&menu).await;
        page.click(choice).await;
        let input = page.until("//dialog[@open]//input[@id='modal-text']").await;
        input.send_keys(typed).await.unwrap();
        page.enter().await;
        page.until("//dialog[@id='modal'][not(@open)]").await;
        let told = if typed == "soon" { "is no time that Botswain understands" } else { "Snoozed until" };
        page.until(&format!("//article[contains(., 'Only you can see this')][contains(., '{told}')]")).await;
    }
    page.until(&format!("{CARD}[contains(., 'Snoozed by @Olga')]//button[.='End snooze']")).await;

    page.type_in("/bots alerts env:production").await;
    page.enter().await;
    page.until(
        "//article[contains(., 'used /bots alerts')][contains(., 'Billing Bot') and contains(., '@Olga has it')]",
    )
    .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_demo_that_went_away_is_announced_and_comes_back() {
    let mut page = Page::demo("vera").await;
    page.stop_program().await;
    page.until("//*[@id='banners'][contains(., 'Connection to the sandbox lost')]").await;
    page.type_in("is anybody there?").await;
    page.enter().await;
    page.until("//*[@id='composer-error'][contains(., 'The sandbox does not answer')]").await;
    assert_eq!(page.typed().await, "is anybody there?", "what was typed is not lost");
    page.start_program_again().await;
    page.until("//*[@id='banners'][not(*)]").await;
    page.css("#command-line").await.click().await.unwrap();
    page.enter().await;
    page.until("//article[contains(., 'is anybody there?')]").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_viewer_presses_what_they_see_and_an_approver_does_no_more_than_agree() {
    const PRIVATELY: &str = "//article[contains(., 'Only you can see this')]";
    let page = Page::demo("olga").await;
    page.type_in("/bots redeploy env:production bot:Orders Bot connector:orders-3 to:demo").await;
    page.enter().await;
    page.click(&format!("{PRIVATELY}//button[.='Redeploy orders-3 to Demo']")).await;
    let waits = "//article[contains(., 'Waits for a second person: Redeploy orders-3 to Demo')]";
    page.until(waits).await;

    // A viewer is told of each button that everybody sees whose it is.
    page.become_person("vera").await;
    page.click(&format!("{waits}//button[.='Approve: Redeploy orders-3 to Demo']")).await;
    page.until(&format!("{PRIVATELY}[contains(., 'You may not approve')][contains(., '@Approvers')]")).await;
    page.click(&format!("{waits}//button[.='Withdraw']")).await;
    page.until(&format!("{PRIVATELY}[contains(., 'belongs to') and contains(., 'Olga')]")).await;
    page.click("//button[@aria-label='Break billing-2 in Production']").await;
    page.click("//button[@id='channel-bots-alerts']").await;
    page.click(&format!("{CARD}//button[.='Acknowledge incident']")).await;
    page.until(&format!("{PRIVATELY}[contains(., 'You may not acknowledge')][contains(., '@Operators')]")).await;
    page.click("//button[@id='channel-bots']").await;
    page.type_in("/bots explain env:production").await;
    page.enter().await;
    page.until("//article[contains(., 'used /bots explain')][contains(., 'look: everybody may')]").await;

    // An approver may agree, and nothing else: not even ask for what they would agree to.
    page.become_person("pia").await;
    page.type_in("/bots redeploy env:production bot:Orders Bot connector:orders-1 to:demo").await;
    page.enter().await;
    page.until(&format!("{PRIVATELY}[contains(., 'You may not redeploy')][contains(., '@Operators')]")).await;
    page.click(&format!("{waits}//button[.='Withdraw']")).await;
    page.until(&format!("{PRIVATELY}[contains(., 'belongs to') and contains(., 'Olga')]")).await;
    page.click(&format!("{waits}//button[.='Approve: Redeploy orders-3 to Demo']")).await;
    page.until("//article[contains(., 'Approved: Redeploy orders-3 to Demo')][contains(., '@Pia agreed to it')]").await;
    page.until("//article[contains(., 'Redeployed orders-3')][contains(., '@Pia agreed to it')]").await;
    // What the viewer pressed is in the record, and did nothing.
    page.until("//section[@aria-label='Orders Bot in Production'][@data-healthy='2']").await;
    page.close().await;
}
