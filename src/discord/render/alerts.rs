//! What is open: since when, and who has it, worst first.

use std::collections::BTreeMap;

use super::super::custom_id::{CustomId, environment_key};
use super::escape;
use super::incident::{frozen, headline};
use super::message::{Button, Embed, Look, Message, Select};
use super::mute::{scope, unmute_label};
use super::words;
use crate::domain::connector::Environment;
use crate::domain::ids::Id;
use crate::domain::incident::{Incident, Subject};
use crate::domain::mute::Mute;
use crate::incidents::OpenAlerts;

/// How many incidents are on a page.
pub const PAGE: usize = 10;
/// How many mutes are named.
const MUTES: usize = 5;

/// The incidents of a page.
pub fn page(open: &OpenAlerts, page: u16) -> &[Incident] {
    let page = usize::from(page).min(pages(open) - 1);
    open.incidents.chunks(PAGE).nth(page).unwrap_or_default()
}

fn pages(open: &OpenAlerts) -> usize {
    open.incidents.len().div_ceil(PAGE).max(1)
}

/// What is open, in an environment or in all; `links` lead to the cards.
pub fn list(
    open: &OpenAlerts,
    environment: Option<&Environment>,
    number: u16,
    links: &BTreeMap<Id, String>,
) -> Message {
    let place = environment.map(|environment| format!(" in {}", escape::name(&environment.title())));
    let place = place.unwrap_or_default();
    let count = open.incidents.len();
    let title = match count {
        0 => format!("✅ Nothing is open{place}"),
        1 => format!("🚨 1 incident is open{place}"),
        count => format!("🚨 {count} incidents are open{place}"),
    };
    let shown = page(open, number);
    let mut lines: Vec<_> = shown.iter().map(|incident| line(incident, open, links)).collect();
    let pages = pages(open);
    if pages > 1 {
        lines.push(format!("Page {} of {pages}.", usize::from(number).min(pages - 1) + 1));
    }
    let colour = shown.first().map_or(words::GREEN, |worst| headline(worst).1);
    let mut embed = Embed::new(&title, colour).describe(lines.iter().map(String::as_str));
    if !open.mutes.is_empty() {
        let mut mutes: Vec<_> = open.mutes.iter().take(MUTES).map(mute_line).collect();
        let more = open.mutes.len().saturating_sub(MUTES);
        if more > 0 {
            mutes.push(format!("… and {more} more"));
        }
        embed.push_field("Muted", &mutes.join("\n"), false);
    }
    let mut menu = Select::new(&CustomId::AlertDetails, "Details of an incident, and what to do about it");
    for incident in shown {
        menu = menu.option(incident.id.as_str(), &plain(incident), &who_has_it(incident));
    }
    Message::of(embed).select(menu).buttons(turn(environment, number, pages))
}

fn turn(environment: Option<&Environment>, number: u16, pages: usize) -> Vec<Button> {
    let to = |page: usize| CustomId::Alerts {
        environment: environment.map(environment_key),
        page: u16::try_from(page).unwrap_or(u16::MAX),
    };
    let here = usize::from(number).min(pages - 1);
    let mut buttons = vec![Button::new(&to(here), "Refresh list", Look::Secondary)];
    // Two buttons of one message must not carry one id.
    let mut offered = vec![here];
    for page in [(here + pages - 1) % pages, (here + 1) % pages] {
        if !offered.contains(&page) {
            offered.push(page);
            buttons.push(Button::new(&to(page), &format!("Show page {}", page + 1), Look::Secondary));
        }
    }
    buttons
}

fn line(incident: &Incident, open: &OpenAlerts, links: &BTreeMap<Id, String>) -> String {
    let mut parts =
        vec![format!("**{}**", headline(incident).0), format!("opened {}", words::relative(incident.opened_at))];
    let attention = &incident.attention;
    parts.push(match &attention.acknowledged {
        Some(done) => format!("🙋 {} has it", words::mention(&done.by)),
        None => "nobody has it".to_owned(),
    });
    parts.extend(attention.snooze().map(|snooze| format!("😴 until {}", words::moment(snooze.until))));
    parts.extend(attention.muted.as_ref().map(|hush| format!("🔕 until {}", words::moment(hush.until))));
    let frozen = frozen(incident, &open.freezes);
    parts.extend(frozen.map(|freeze| format!("🧊 frozen until {}", words::moment(freeze.until))));
    parts.extend(links.get(&incident.id).map(|link| format!("[card]({link})")));
    parts.join(" · ")
}

/// What it is, where markdown does not render.
fn plain(incident: &Incident) -> String {
    match &incident.subject {
        Subject::Failover { bot, environment } => {
            format!("{} in {}", escape::label(&bot.name, 60), escape::label(&environment.title(), 30))
        }
        Subject::NeverRedundant { environment } => {
            format!("Never redundant: bots in {}", escape::label(&environment.title(), 60))
        }
        Subject::Load { environment } => format!("Load: bots in {}", escape::label(&environment.title(), 60)),
        Subject::Storm => "Storm: many bots at once".to_owned(),
        Subject::Blind => "Blind: the fleet cannot be seen".to_owned(),
    }
}

fn who_has_it(incident: &Incident) -> String {
    let done = incident.attention.acknowledged.as_ref();
    done.map_or_else(|| "Nobody has it".to_owned(), |done| format!("{} has it", escape::label(&done.by.name, 60)))
}

fn mute_line(mute: &Mute) -> String {
    format!(
        "🔕 {} by {} until {}: {}",
        scope(&mute.scope),
        words::mention(&mute.by),
        words::moment(mute.until),
        escape::text(&mute.reason, 40)
    )
}

/// More than one mute fits: which one is to end?
pub fn which_mute(mutes: &[Mute]) -> Message {
    let mut menu = Select::new(&CustomId::UnmuteChosen, "Choose the mute to end");
    for mute in mutes {
        let about = format!("By {}: {}", escape::label(&mute.by.name, 30), mute.reason);
        menu = menu.option(mute.id.as_str(), &unmute_label(&mute.scope), &about);
    }
    Message::text("More than one mute is on. Which one is to end? Nothing was done yet.").select(menu)
}
