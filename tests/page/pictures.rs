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
    keep(name, &page.browser.screenshot().await.unwrap());
}

/// One part of the page alone.
async fn draw_part(page: &Page, xpath: &str, name: &str) {
    let part = page.until(xpath).await;
    // Of what is only partly in view, only that part would be drawn; and the page's head stays above what is scrolled.
    let into_view = "arguments[0].style.scrollMarginTop = '80px'; arguments[0].scrollIntoView();";
    page.browser.execute(into_view, vec![serde_json::to_value(&part).unwrap()]).await.unwrap();
    keep(name, &part.screenshot().await.unwrap());
}

/// Browsers write quickly and large; what is kept is written slowly and small.
fn keep(name: &str, picture: &[u8]) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let mut small = Vec::new();
    let mut encoder = png::Encoder::new(&mut small, info.width, info.height);
    // Nothing of the page can be seen through.
    let depth = info.color_type.samples();
    let opaque = pixels[..info.buffer_size()].chunks(depth).flat_map(|pixel| pixel[..3].to_vec()).collect::<Vec<_>>();
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(info.bit_depth);
    // Areas of one colour are smallest as they are.
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(&opaque).unwrap();
    assert!((10_000..250_000).contains(&small.len()), "{name} is shown in {} bytes", small.len());
    std::fs::write(folder().join(format!("{name}.png")), small).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn an_outage_a_prompt_a_board_a_history_and_the_gallery() {
    let page = Page::demo("olga").await;
    page.look(1280, 800, "light").await;
    page.click("//button[@id='tour-close']").await;
    page.type_in("/bots board env:production").await;
    page.enter().await;
    let board = "//article[.//button[.='Take this board down']]";
    page.until(board).await;
    page.until(&format!("{board}[contains(., 'Worst first')]")).await;
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
    page.click("//button[@id='channel-bots']").await;
    page.until(&format!("{board}[contains(., 'Outage in Production')]")).await;
    page.look(1280, 1400, "dark").await;
    draw_part(&page, board, "board").await;
    page.go("gallery").await;
    page.until("//figure").await;
    for theme in ["dark", "light"] {
        page.look(1280, 800, theme).await;
        draw(&page, &format!("gallery-{theme}")).await;
    }
    page.look(1280, 1400, "light").await;
    draw_part(&page, "//figure[figcaption[.='A day of a bot']]", "history").await;
    page.close().await;
}
