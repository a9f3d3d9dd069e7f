//! The fleet beside the chat, and what the page does when things go.
use crate::browser::Page;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_connector_is_broken_and_mended() {
    let page = Page::open("olga").await;
    let billing = "//section[@aria-label='Billing Bot in Production']";
    page.until(&format!("{billing}[@data-healthy='2']//*[.='2/2']")).await;
    page.click("//button[@aria-label='Break billing-2 in Production']").await;
    let row = "//li[@id='connector-billing-2']";
    page.until(&format!("{billing}[@data-healthy='1']{row}[contains(., 'Not Connected')]")).await;
    page.click("//button[@aria-label='Mend billing-2 in Production']").await;
    page.until(&format!("{billing}[@data-healthy='2']{row}[contains(., 'Online')]")).await;
    page.click("//summary[@aria-label='More for billing-2 in Production']").await;
    page.click("//button[@aria-label='Lose Conversational Cloud: billing-2 in Production']").await;
    // Online is not healthy.
    page.until(&format!("{billing}[@data-healthy='1']{row}[contains(., 'Online') and contains(., 'Cloud ✗')]")).await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn what_happens_to_the_fleet_elsewhere_is_seen_at_once() {
    let page = Page::open("olga").await;
    page.until("//section[@aria-label='Billing Bot in Production'][@data-healthy='2']").await;
    page.control("/fleet/connectors/billing-1/do", &json!({"do": "stop_elsewhere", "by": "otto"})).await;
    page.until("//li[@id='connector-billing-1'][contains(., 'Stopped') and contains(., 'by otto')]").await;
    page.control("/fleet/connectors/billing-1/do", &json!({"do": "vanish"})).await;
    page.until("//section[@aria-label='Billing Bot in Production']//*[.='1/1']").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn faults_are_laid_and_cleared() {
    let page = Page::open("olga").await;
    page.click("//details[@id='faults']/summary").await;
    page.click("//button[@aria-label='Lifecycle service: Answer 500']").await;
    page.click("//button[@aria-label='Discord: 429 (5 s)']").await;
    page.until("//ul[@id='faults-active'][count(li)=2][contains(., 'server error, status 500')]").await;
    page.click("//button[@id='faults-clear']").await;
    page.until("//ul[@id='faults-active'][not(li)]").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium"]
async fn a_bot_that_is_gone_is_announced_until_it_is_back() {
    let mut page = Page::open("olga").await;
    assert_eq!(page.count("//*[@id='banners']/*").await, 0);
    page.stop_bot().await;
    page.until("//*[@id='banners'][contains(., 'Botswain is not connected')]").await;
    page.start_bot().await;
    page.until("//*[@id='banners'][not(*)]").await;
    page.close().await;
}
