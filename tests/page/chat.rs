//! The chat: commands typed and suggested, answers of every kind, who sees what, and all of it with the keyboard.
use crate::browser::Page;
use fantoccini::Locator;
use fantoccini::key::Key;

const ANSWERED: &str = "//article[contains(., 'used /deck status') and contains(., 'All is well')]";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_command_is_chosen_from_suggestions_and_answered() {
    let page = Page::open("olga").await;
    page.type_in("/").await;
    page.until(
        "//*[@id='option-popup']/*[@role='option'][contains(., '/deck status') and contains(., 'How things stand')]",
    )
    .await;
    page.type_in("stat").await;
    page.enter().await;
    assert_eq!(page.typed().await, "/deck status env:");
    page.until("//*[@id='option-popup']/*[@role='option'][.='Production'][@aria-selected='true']").await;
    page.enter().await;
    page.type_in("ship:bill").await;
    page.until("//*[@id='option-popup']/*[@aria-selected='true'][contains(., 'Billing Bot — 2 of 2 healthy')]").await;
    page.press(Key::Tab).await;
    assert_eq!(page.typed().await.trim(), "/deck status env:Production ship:Billing Bot — 2 of 2 healthy");
    page.enter().await;
    // What stands behind the chosen name is sent, not the name.
    let answer = page.until(&format!("{ANSWERED}[contains(., 'the chosen one')]")).await;
    let text = answer.text().await.unwrap();
    assert!(text.contains("Olga") && text.contains("APP") && text.contains("years ago"), "{text}");
    assert_eq!(page.typed().await, "");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_command_may_be_typed_whole_and_a_missing_option_is_named() {
    let page = Page::open("olga").await;
    page.type_in("/deck status ship:Billing Bot").await;
    page.enter().await;
    let error = page.until("//*[@id='composer-error'][contains(., 'env is required')]").await;
    assert!(error.text().await.unwrap().contains("which environment to look at"));
    page.css("#command-line").await.clear().await.unwrap();
    page.type_in("/deck status env:production ship:Billing Bot").await;
    page.enter().await;
    page.until(&format!("{ANSWERED}[contains(., 'the typed one')]")).await;
    page.type_in("/dock").await;
    page.enter().await;
    page.until("//*[@id='composer-error'][contains(., 'There is no command “/dock”')]").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn an_answer_that_does_not_come_is_said_so() {
    let page = Page::open("olga").await;
    page.type_in("/deck silent ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.until("//article[contains(., '/deck silent') and contains(., 'The application did not respond')]").await;
    page.type_in("/deck status env:demo").await;
    page.enter().await;
    let answer = page.until(ANSWERED).await;
    let off = answer.find(Locator::XPath(".//button[.='Off']")).await.unwrap();
    assert_eq!(off.attr("disabled").await.unwrap().as_deref(), Some("true"));
    page.click("//button[.='Mute']").await;
    page.until(&format!("{ANSWERED}[contains(., 'This interaction failed')]")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_deferred_answer_is_shown_as_thinking_until_it_comes() {
    let page = Page::open("olga").await;
    page.type_in("/deck think ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.until("//article[contains(., 'Botswain is thinking…')]").await;
    page.type_in("/deck stop ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.click("//button[.='Wake']").await;
    page.until("//article[contains(., 'Thought.')]").await;
    assert_eq!(page.count("//article[contains(., 'thinking')]").await, 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_private_answer_is_seen_by_its_person_only_and_can_be_dismissed() {
    let page = Page::open("olga").await;
    page.type_in("/deck stop ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.until("//article[contains(., 'Which one?') and contains(., 'Only you can see this')]").await;
    page.type_in("good morning").await;
    page.enter().await;
    page.until("//article[contains(., 'good morning')]").await;
    page.become_person("vera").await;
    page.until("//article[contains(., 'good morning')]").await;
    assert_eq!(page.count("//article[contains(., 'Which one?')]").await, 0);
    page.become_person("olga").await;
    page.click("//article[contains(., 'Which one?')]//button[.='Dismiss message']").await;
    assert_eq!(page.count("//article[contains(., 'Which one?')]").await, 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn an_alert_elsewhere_is_marked_for_whom_it_calls_and_its_text_stays_text() {
    let page = Page::open("olga").await;
    page.type_in("/deck stop ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.click("//button[.='Ring the bell']").await;
    page.until("//button[@id='channel-bots-alerts'][contains(@class, 'unread')]/*[@class='badge'][.='1']").await;
    page.become_person("vera").await;
    page.until("//button[@id='channel-bots-alerts'][contains(@class, 'unread')]").await;
    assert_eq!(page.count("//*[@class='badge']").await, 0, "vera was not called");
    page.become_person("olga").await;
    page.click("//button[@id='channel-bots-alerts']").await;
    let alert = page.until("//article[contains(@class, 'names-me')]").await;
    let text = alert.text().await.unwrap();
    assert!(text.contains("@On call <img src=x onerror=alert(1)> <b>bold</b>"), "{text}");
    assert_eq!(page.count("//div[@id='messages']//*[self::img[not(@class)] or self::b]").await, 0);
    page.until("//button[@id='channel-bots-alerts'][not(contains(@class, 'unread'))]").await;
    assert_eq!(page.count("//*[@class='badge']").await, 0, "it was read");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_form_opens_as_a_dialog_and_is_sent() {
    let page = Page::open("olga").await;
    page.type_in("/deck status env:demo").await;
    page.enter().await;
    page.click("//button[.='Form']").await;
    page.until("//dialog[@id='modal'][@open]").await;
    page.press(Key::Escape).await;
    page.until("//dialog[@id='modal'][not(@open)]").await;
    page.click("//button[.='Form']").await;
    let input = page.until("//dialog[@open]//input[@id='modal-name']").await;
    input.send_keys("Billing Bot").await.unwrap();
    page.enter().await;
    page.until("//article[contains(., 'Sent: true')]").await;
    page.until("//dialog[@id='modal'][not(@open)]").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn several_choices_are_ticked_and_sent_when_the_menu_is_left() {
    let page = Page::open("olga").await;
    page.type_in("/deck talk ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.click("//button[@aria-label='Choose connectors']").await;
    for name in ["billing-1", "billing-3", "billing-2"] {
        page.click(&format!("//ul[@role='listbox']/li[contains(., '{name}')]")).await;
    }
    page.until("//ul[@aria-multiselectable='true'][count(li[@aria-selected='true']) = 2]").await;
    page.press(Key::Tab).await;
    let chosen = page.until("//article[contains(., 'Chosen:')]").await.text().await.unwrap();
    assert!(chosen.contains("billing-1") && chosen.contains("billing-3") && !chosen.contains("billing-2"), "{chosen}");
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_thread_stands_below_its_message_and_can_be_opened_written_in_and_left() {
    let page = Page::open("olga").await;
    page.type_in("/deck talk ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.click("//button[@id='channel-bots-alerts']").await;
    page.until("//img[@class='attachment'][@alt='Availability']").await;
    let width = "return document.querySelector('img.attachment').decode().then(() => 'shown', String)";
    assert_eq!(page.browser.execute(width, Vec::new()).await.unwrap(), "shown");
    let link = "//button[@class='thread-link'][contains(., 'What happened')]";
    page.click(&format!("{link}[contains(., '1 message ›') and contains(., 'First it broke.')]")).await;
    page.until("//nav//button[@aria-current='page'][contains(., 'Thread What happened')]").await;
    page.until("//article[contains(., 'First it broke.')]").await;
    page.type_in("I am on it").await;
    page.enter().await;
    page.until("//article[contains(., 'I am on it')]").await;
    page.click("//button[@id='channel-back']").await;
    page.until(&format!("{link}[contains(., '2 messages ›') and contains(., 'I am on it')]")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn everything_can_be_reached_with_the_keyboard() {
    let page = Page::open("olga").await;
    page.type_in("/deck stop ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.until("//article[contains(., 'Which one?')]").await;
    // From the line up to the messages, up to the last of them, and into its first control: the select.
    for _ in 0..3 {
        page.keys(&[Key::Shift.into(), Key::Tab.into()]).await;
        if page.focused().await == "messages" {
            break;
        }
    }
    page.press(Key::Up).await;
    page.press(Key::Tab).await;
    page.press(Key::Down).await;
    page.until("//ul[@role='listbox'][not(@hidden)]/li[contains(@class, 'lit')][contains(., 'billing-1')]").await;
    page.press(Key::Down).await;
    page.enter().await;
    page.until("//article[contains(., 'Chosen:') and contains(., 'b2')]").await;
    // The choice is gone; its message has the focus still.
    let focused = page.browser.active_element().await.unwrap();
    assert!(focused.text().await.unwrap().contains("Chosen:"));
    page.close().await;
}
