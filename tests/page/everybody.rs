//! The page is for everybody: axe finds nothing in any of its views, in either theme; and what is not the page's own never runs.
use crate::browser::Page;
use fantoccini::key::Key;
use serde_json::Value;
use std::path::Path;

const THEMES: [&str; 2] = ["dark", "light"];

/// axe-core, as `tests/page/install` puts it into the target folder.
fn axe() -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("tests/page/install brings {}: {why}", path.display()))
}

/// Fails with all that axe finds in what is shown now.
async fn axe_finds_nothing(page: &Page, view: &str) {
    page.browser.execute(&format!("{}; window.axe = axe;", axe()), Vec::new()).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, {resultTypes: ['violations']}).then(
            (found) => done(found.violations.map((one) => [one.id, one.help, one.nodes.map((node) => node.target.join(' '))])),
            (failed) => done(String(failed)));";
    let found = page.browser.execute_async(run, Vec::new()).await.unwrap();
    assert_eq!(found, Value::Array(Vec::new()), "{view}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn axe_finds_nothing_in_the_chat_its_suggestions_its_menus_and_its_forms() {
    let page = Page::open("olga").await;
    page.control("/fleet/connectors/billing-1/do", &serde_json::json!({"do": "drop"})).await;
    page.click("//details[@id='faults']/summary").await;
    page.click("//button[@aria-label='Until cleared: Service unreachable']").await;
    page.type_in("/deck stop ").await;
    page.press(Key::Escape).await;
    page.enter().await;
    page.until("//article[contains(., 'Which one?')]").await;
    page.type_in("/deck status env:demo").await;
    page.enter().await;
    page.until("//article[contains(., 'All is well')]").await;
    for theme in THEMES {
        page.look(1400, 900, theme).await;
        axe_finds_nothing(&page, &format!("the chat, {theme}")).await;
        page.type_in("/deck status ship:").await;
        page.until("//*[@id='option-popup']/*[contains(., 'Billing Bot')]").await;
        axe_finds_nothing(&page, &format!("suggestions, {theme}")).await;
        page.css("#command-line").await.clear().await.unwrap();
        page.click("//button[@role='combobox'][@aria-haspopup='listbox']").await;
        page.until("//ul[@role='listbox'][not(@hidden)]").await;
        axe_finds_nothing(&page, &format!("a menu, {theme}")).await;
        page.press(Key::Escape).await;
        page.click("//button[.='Form']").await;
        page.until("//dialog[@id='modal'][@open]").await;
        axe_finds_nothing(&page, &format!("a form, {theme}")).await;
        page.press(Key::Escape).await;
        page.click("//button[@id='tour-begin' or @id='tour-skip']").await;
        axe_finds_nothing(&page, &format!("the tour, {theme}")).await;
        page.look(390, 844, theme).await;
        axe_finds_nothing(&page, &format!("a narrow window, {theme}")).await;
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn axe_finds_nothing_in_the_gallery() {
    let page = Page::demo("olga").await;
    page.go("gallery").await;
    page.until("//figure").await;
    for theme in THEMES {
        page.look(1400, 900, theme).await;
        axe_finds_nothing(&page, &format!("the gallery, {theme}")).await;
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn the_switch_outranks_the_system_and_is_remembered() {
    let page = Page::open("olga").await;
    let back = "return getComputedStyle(document.body).backgroundColor";
    page.look(1400, 900, "light").await;
    let light = page.browser.execute(back, Vec::new()).await.unwrap();
    page.click("//button[@id='theme']").await;
    let dark = page.browser.execute(back, Vec::new()).await.unwrap();
    assert_ne!(dark, light);
    page.browser.refresh().await.unwrap();
    page.until("//nav//button[@aria-current='page']").await;
    assert_eq!(page.browser.execute(back, Vec::new()).await.unwrap(), dark);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn who_asked_for_less_motion_sees_none() {
    let page = Page::open("olga").await;
    page.click("//button[@id='tour-begin']").await;
    page.until("//*[contains(@class, 'tour-target')]").await;
    let moves = "return document.getAnimations().length";
    assert_ne!(page.browser.execute(moves, Vec::new()).await.unwrap(), 0, "the tour's mark moves");
    page.less_motion().await;
    assert_eq!(page.browser.execute(moves, Vec::new()).await.unwrap(), 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn nothing_inline_runs_and_nothing_foreign_is_reached() {
    let page = Page::open("olga").await;
    let own =
        "return performance.getEntriesByType('resource').every((one) => new URL(one.name).origin === location.origin)";
    assert_eq!(page.browser.execute(own, Vec::new()).await.unwrap(), true, "the page asks its own origin only");
    let attack = "const done = arguments[arguments.length - 1];
        const seen = new Set();
        document.addEventListener('securitypolicyviolation', (event) => {
            seen.add(event.effectiveDirective);
            if (seen.size === 4) done([window.ran ?? null, [...seen].sort()]);
        });
        const add = (tag, attributes, text) => {
            const element = document.createElement(tag);
            for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
            element.textContent = text;
            document.body.append(element);
        };
        add('script', {}, 'window.ran = true');
        add('p', {style: 'color: red'}, '');
        add('img', {src: 'http://127.0.0.1:9/picture.png', alt: ''}, '');
        fetch('http://127.0.0.1:9/').catch(() => {});";
    let found = page.browser.execute_async(attack, Vec::new()).await.unwrap();
    let refused = serde_json::json!([null, ["connect-src", "img-src", "script-src-elem", "style-src-attr"]]);
    assert_eq!(found, refused);
    // The browser's log is full of it, as it should be: `close` would complain.
}
