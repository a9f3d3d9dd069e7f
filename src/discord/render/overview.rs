//! The bots of an environment at a glance: the vendor's tiles, and below them the bots, worst first, a page at a time.

use std::sync::Arc;

use super::super::custom_id::{CustomId, environment_key};
use super::escape::{self, length};
use super::limits;
use super::message::{Button, Embed, Look, Message, Select};
use super::status::{Judged, View, told_apart};
use super::words;
use crate::domain::connector::Environment;
use crate::domain::fleet::{BotView, Sight};
use crate::domain::redundancy::Level;
use crate::domain::tiles::{Show, Tiles};

/// Bots of a page: as many as its menu of details can name.
const PAGE: usize = limits::OPTIONS;
/// Characters of a page's list: with what stands above it, well within what a message's embeds may hold together.
const LIST: usize = 3700;

/// A page of an environment's bots, worst first. A page that is not there is the last one.
pub fn page(of: View<'_>, environment: &Environment, show: Show, page: u16) -> Message {
    let bots = of.picture.fleet.bots_in(environment);
    let mut judged: Vec<_> = bots.iter().map(|view| of.judge(view)).collect();
    judged.sort_by_cached_key(|bot| (words::rank(bot.face), bot.view.bot.name.to_lowercase()));
    let takes = |bot: &&Judged<'_>, show: Show| show.takes(bot.view, words::is_trouble(bot.face));
    let shown: Vec<_> = judged.iter().filter(|bot| takes(bot, show)).collect();
    let last = shown.len().saturating_sub(1) / PAGE;
    let page = usize::from(page).min(last);
    let here = shown.get(page * PAGE..).unwrap_or_default();
    let here = here.get(..PAGE).unwrap_or(here);

    let key = environment_key(environment);
    let mut filter = Select::new(&CustomId::Filter { environment: key.clone() }, "Show only some of the bots");
    for other in Show::ALL {
        let count = judged.iter().filter(|bot| takes(bot, other)).count();
        if count > 0 || other == show {
            filter = filter.option(other.word(), &format!("{} ({count})", title(other)), "");
        }
    }
    let mut details = Select::new(&CustomId::Details { environment: key.clone() }, "Details of a bot, worst first");
    for bot in here {
        let counts = words::impact(bot.level, bot.view.healthy(), bot.view.total(), bot.minimum, bot.view.unread());
        let name = told_apart(of, bot.view);
        details = details.option(bot.view.bot.id.key().as_str(), &name, &format!("{}: {counts}", bot.face.word));
    }
    let to = |page| CustomId::Overview { environment: key.clone(), show, page };
    let number = |page: usize| u16::try_from(page).unwrap_or(u16::MAX);
    let turn = |to_page: Option<usize>, label| to_page.map(|p| Button::new(&to(number(p)), label, Look::Secondary));
    let back = turn(page.checked_sub(1), "Previous page");
    let on = turn((page < last).then_some(page + 1), "Next page");
    let refresh = Button::new(&to(number(page)), "Refresh", Look::Secondary);
    let buttons = [back, on, Some(refresh)].into_iter().flatten().collect();

    let mut message = Message::of(summary(of, environment, &judged));
    if !judged.is_empty() {
        message = message.and(list(of, here, show, page * PAGE, shown.len()));
    }
    message = message.select(details);
    if filter.len() > 1 {
        message = message.select(filter);
    }
    message.buttons(buttons)
}

/// How it stands as a whole.
fn summary(of: View<'_>, environment: &Environment, judged: &[Judged<'_>]) -> Embed {
    let title = escape::name(&environment.title());
    let worst = judged.first().map_or_else(|| words::level_face(Level::NotInUse), |bot| bot.face);
    let unasked = !judged.is_empty() && judged.iter().all(|bot| bot.minimum == 0);
    let state =
        if unasked { format!("{title}: no minimum is asked here") } else { format!("{} in {title}", worst.word) };
    let bots = of.picture.fleet.bots_in(environment);
    let mut lines = vec![format!("{}{}", count(judged), of.read_at())];
    lines.extend(of.frozen(environment));
    lines.extend(of.warning());
    lines.extend(unread_line(of, bots));
    let embed = Embed::new(&format!("{} {state}", worst.icon), worst.colour).describe(lines.iter().map(String::as_str));
    if judged.is_empty() { embed } else { tiles(embed, Tiles::of(bots)) }
}

/// Adds the tiles: the vendor's four always, and what they leave out where there is any.
pub(super) fn tiles(embed: Embed, tiles: Tiles) -> Embed {
    let Tiles { connectors, active, without_cloud, without_server, stopped, otherwise, unread } = tiles;
    let always = [
        ("Active", active),
        ("Not connected to Conversational Cloud", without_cloud),
        ("Not connected to Bot Server", without_server),
        ("Stopped", stopped),
    ];
    let more = [("Not Online otherwise", otherwise), ("Could not be read", unread)];
    let all = always.into_iter().chain(more.into_iter().filter(|(_, count)| *count > 0));
    all.fold(embed, |embed, (name, count)| match name {
        "Active" => embed.field(name, &format!("**{count}** of {}", words::of(connectors, "connector")), true),
        _ => embed.field(name, &format!("**{count}**"), true),
    })
}

/// The bots of a page, of which the first has this place among all that are shown.
fn list(of: View<'_>, here: &[&Judged<'_>], show: Show, from: usize, all: usize) -> Embed {
    let face = here.first().map_or_else(|| words::level_face(Level::NotInUse), |bot| bot.face);
    if here.is_empty() {
        return Embed::new(title(show), face.colour).describe(["None just now."]);
    }
    let which = match all {
        all if all > here.len() => format!("{}: {} to {} of {all}", title(show), from + 1, from + here.len()),
        _ => title(show).to_owned(),
    };
    let mut lines: Vec<_> = here.iter().map(|bot| line(of, bot, escape::NAME * 2)).collect();
    if lines.iter().map(|line| length(line) + 1).sum::<usize>() > LIST {
        lines = here.iter().map(|bot| line(of, bot, room_for_name(bot, LIST / PAGE))).collect();
    }
    Embed::new(&which, face.colour).describe(lines.iter().map(String::as_str))
}

/// How much a name may take in a line of this length.
fn room_for_name(bot: &Judged<'_>, line: usize) -> usize {
    // The line break, the spaces and the signs around the name.
    line.saturating_sub(length(bot.face.icon) + length(&says(bot)) + 10)
}

fn line(of: View<'_>, bot: &Judged<'_>, room: usize) -> String {
    let name = told_apart(of, bot.view);
    // Escaping may double a name.
    let sizes = [escape::NAME, 45, 30, 20, 10];
    let cut = |size: &usize| escape::name(&escape::cut(&name, *size));
    let shown = sizes.iter().map(cut).find(|name| length(name) <= room);
    let name = shown.unwrap_or_else(|| escape::name(&escape::cut(&name, 5)));
    format!("{} **{name}** · {}", bot.face.icon, says(bot))
}

fn says(bot: &Judged<'_>) -> String {
    let view = bot.view;
    let counts = words::impact(bot.level, view.healthy(), view.total(), bot.minimum, view.unread());
    format!("{}: {counts}", bot.face.word)
}

fn title(show: Show) -> &'static str {
    match show {
        Show::Everything => "All bots",
        Show::Trouble => "In trouble",
        Show::WithoutCloud => "Not connected to Conversational Cloud",
        Show::WithoutServer => "Not connected to Bot Server",
        Show::Stopped => "Stopped",
        Show::Unread => "Could not be read",
    }
}

fn count(judged: &[Judged<'_>]) -> String {
    if judged.is_empty() {
        return "No bot is known here.".to_owned();
    }
    let total = words::of(u32::try_from(judged.len()).unwrap_or(u32::MAX), "bot");
    format!("{total}: {}.", tally(judged))
}

/// "1 outage, 2 at risk, 9 redundant", in the order in which they stand.
fn tally(judged: &[Judged<'_>]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for bot in judged {
        match counts.iter_mut().find(|(word, _)| *word == bot.face.word) {
            Some((_, count)) => *count += 1,
            None => counts.push((bot.face.word, 1)),
        }
    }
    let parts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {}", word.to_lowercase())).collect();
    parts.join(", ")
}

fn unread_line(of: View<'_>, bots: &[Arc<BotView>]) -> Option<String> {
    let unread = bots.iter().flat_map(|view| &view.sightings).filter(|s| s.sight != Sight::Fresh).count();
    let count = u32::try_from(unread).unwrap_or(u32::MAX).saturating_add(of.picture.fleet.unattributed());
    (count > 0).then(|| format!("❔ {} could not be read, so the counts may be too low.", words::of(count, "record")))
}
