//! Pictures of the real page. `PICTURES=tests/page/pictures cargo test --test page -- --ignored pictures::` draws the README's
//! anew; without it they go to the target folder, for people to look at.
use crate::browser::Page;
use std::path::{Path, PathBuf};

/// Where pictures go, and whether they are the README's.
fn folder() -> PathBuf {
    let folder = match std::env::var_os("PICTURES") {
        Some(wanted) => Path::new(env!("CARGO_MANIFEST_DIR")).join(wanted),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures"),
    };
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn draw(page: &Page, name: &str) {
    let picture = page.browser.screenshot().await.unwrap();
    assert!(picture.len() > 20_000, "{name} shows something");
    std::fs::write(folder().join(format!("{name}.png")), picture).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn an_outage_a_prompt_and_the_gallery() {
    let page = Page::demo("olga").await;
    page.look(1280, 800, "light").await;
    page.click("//button[@id='tour-close']").await;
    page.type_in("/bots stop env:production bot:Billing Bot connector:billing-1 reason:new configuration").await;
    page.enter().await;
    let prompt = "//article[contains(., 'Stop billing-1 in Production?')]";
    page.until(prompt).await;
    draw(&page, "prompt").await;
    page.click(&format!("{prompt}//button[.='Stop billing-1 in Production']")).await;
    page.fills_in("Billing Bot").await;
    page.until("//article[contains(., 'Stopped billing-1 in Production')]").await;
    page.click("//button[@aria-label='Break billing-2 in Production']").await;
    page.click("//button[@id='channel-bots-alerts']").await;
    page.until("//article[contains(@class, 'names-me')][contains(., '@On call')]").await;
    page.look(1280, 800, "dark").await;
    draw(&page, "outage").await;
    page.go("gallery").await;
    page.until("//figure").await;
    for theme in ["dark", "light"] {
        page.look(1280, 1000, theme).await;
        draw(&page, &format!("gallery-{theme}")).await;
    }
    page.close().await;
}
