//! The gallery: everything that the program says is shown, and none of it does anything.
use crate::browser::Page;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn every_message_is_shown_as_the_chat_shows_it() {
    let page = Page::demo("olga").await;
    let rooms: Vec<Value> = page.see("/gallery").await.as_array().unwrap().clone();
    page.go("gallery").await;
    page.until("//figure").await;
    let mut shown = 0;
    for room in &rooms {
        let title = room["title"].as_str().unwrap();
        let exhibits = room["exhibits"].as_array().unwrap();
        let here = format!("//section[h2[.=\"{title}\"]]//figure");
        assert_eq!(page.count(&here).await, exhibits.len(), "{title}");
        shown += exhibits.len();
    }
    assert!(shown > 100, "{shown}");
    // Every embed's title can be read, and names stand in place of ids.
    let text = page.text().await;
    for exhibit in rooms.iter().flat_map(|room| room["exhibits"].as_array().unwrap()) {
        let title = exhibit["body"]["embeds"][0]["title"].as_str().unwrap_or_default().replace('\\', "");
        assert!(text.contains(title.trim()), "{title} is not shown");
    }
    assert!(text.contains("@Olga") && text.contains("@On call") && !text.contains("@unknown"), "{text}");
    assert_eq!(page.count("//figure[@data-kind='private'][not(.//p[contains(., 'Only you can see this')])]").await, 0);

    // A press there is heard by nobody.
    let before = page.see("/discord/requests").await.as_array().unwrap().len();
    page.click("//button[.='Acknowledge incident']").await;
    page.until("//*[@id='announcer'][contains(., 'nothing happens')]").await;
    let after = page.see("/discord/requests").await;
    let of_interactions = |request: &&Value| request["path"].as_str().unwrap_or_default().contains("/interactions/");
    assert_eq!(after.as_array().unwrap()[before..].iter().filter(of_interactions).count(), 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_sandbox_without_the_program_says_that_it_has_no_gallery() {
    let page = Page::open("olga").await;
    page.go("gallery").await;
    page.until("//main[contains(., 'start the demo')]").await;
    // The missing gallery stands in the browser's log: `close` would complain.
}
