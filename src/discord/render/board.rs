//! A board: an environment at a glance on one message, and what is said when one is put up or taken down.

use super::super::custom_id::{CustomId, environment_key};
use super::escape::{self, length};
use super::message::{Button, Embed, Look, Message, Select};
use super::overview::tiles;
use super::{handled, words};
use crate::domain::board::{Board, CHECKED_EVERY, Line, Shown};
use crate::domain::ids::UserId;
use crate::domain::redundancy::Level;
use crate::domain::tiles::Show;
use crate::incidents::Refused;

/// Characters of the list of bots.
const LIST: usize = 3500;

/// The board's message. The reference is how it is found again.
pub(super) fn message(board: &Board, reference: &str) -> Message {
    let place = escape::name(&board.environment.title());
    if let Some(done) = &board.ended {
        let said = format!("{} took it down {}.", words::mention(&done.by), words::relative(done.at));
        let embed = Embed::new(&format!("📋 The board of {place} was here"), words::GREY);
        return Message::of(embed.footer(&format!("ref {reference}")).describe([said.as_str()]));
    }
    let down = Button::new(&CustomId::Unboard(board.id.clone()), "Take this board down", Look::Secondary);
    let Some(shown) = &board.shown else {
        let embed = Embed::new(&format!("📋 {place}"), words::GREY).footer(&format!("ref {reference}"));
        return Message::of(embed.describe(["The fleet has not been read yet."])).buttons(vec![down]);
    };
    let key = environment_key(&board.environment);
    let mut details = Select::new(&CustomId::Details { environment: key.clone() }, "Details of a bot, worst first");
    for line in &shown.bots {
        let label = format!("{} ({})", escape::cut(&line.bot.name, 60), escape::cut(line.bot.id.as_str(), 20));
        let label = if twins(shown, line) { label } else { line.bot.name.clone() };
        details = details.option(line.bot.id.key().as_str(), &label, &says(line));
    }
    let to = |show| CustomId::Overview { environment: key.clone(), show, page: 0 };
    let buttons = vec![
        Button::new(&to(Show::Everything), "Show all bots", Look::Secondary),
        Button::new(&to(Show::Trouble), "Show bots in trouble", Look::Secondary),
        down,
    ];
    Message::of(summary(&place, shown, reference)).and(list(shown)).select(details).buttons(buttons)
}

fn summary(place: &str, shown: &Shown, reference: &str) -> Embed {
    let worst = shown.bots.first().map_or_else(|| words::level_face(Level::NotInUse), face);
    let unasked = !shown.bots.is_empty() && shown.bots.iter().all(|line| line.minimum == 0);
    let state =
        if unasked { format!("{place}: no minimum is asked here") } else { format!("{} in {place}", worst.word) };
    let all: u32 = shown.levels.iter().map(|(_, count)| count).sum();
    let count = |(level, count): &(Level, u32)| format!("{count} {}", words::level_face(*level).word.to_lowercase());
    let counted: Vec<_> = shown.levels.iter().map(count).collect();
    let counts = match (all, unasked) {
        (0, _) => "No bot is known here.".to_owned(),
        (all, true) => format!("{}.", words::of(all, "bot")),
        (all, false) => format!("{}: {}.", words::of(all, "bot"), counted.join(", ")),
    };
    let stale = shown
        .stale_since
        .map(|at| format!("⚠️ Last seen {}: it cannot be read now, so this may be out of date.", words::relative(at)));
    // Two edits may be late at the worst, and a third one was to come.
    let silent = words::duration(CHECKED_EVERY * 3);
    let checked = format!(
        "Checked {}. If that is more than {silent} ago, Botswain is silent and this is old.",
        words::relative(shown.checked_at)
    );
    let lines = [Some(counts), stale, Some(checked)];
    let embed = Embed::new(&format!("{} {state}", worst.icon), worst.colour).footer(&format!("ref {reference}"));
    tiles(embed.describe(lines.iter().flatten().map(String::as_str)), shown.tiles)
}

fn list(shown: &Shown) -> Embed {
    let colour = shown.bots.first().map_or(words::GREY, |line| face(line).colour);
    let mut said = Vec::new();
    let mut used = 0;
    for line in &shown.bots {
        let name = if twins(shown, line) {
            format!("{} ({})", escape::cut(&line.bot.name, 36), escape::cut(line.bot.id.as_str(), 20))
        } else {
            line.bot.name.clone()
        };
        let text = format!("{} **{}** · {}", face(line).icon, escape::name(&name), says(line));
        used += length(&text) + 1;
        if used > LIST {
            break;
        }
        said.push(text);
    }
    let all: u32 = shown.levels.iter().map(|(_, count)| count).sum();
    let more = usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(said.len());
    if more > 0 && !said.is_empty() {
        said.push(format!("… and {more} more that stand no worse"));
    }
    let said = if said.is_empty() { vec!["–".to_owned()] } else { said };
    Embed::new("Worst first", colour).describe(said.iter().map(String::as_str))
}

fn twins(shown: &Shown, of: &Line) -> bool {
    shown.bots.iter().filter(|line| line.bot.name == of.bot.name).count() > 1
}

fn face(line: &Line) -> words::Face {
    words::bot_face(line.level, words::Seen::from(line), line.minimum)
}

fn says(line: &Line) -> String {
    let counts = words::impact(line.level, line.healthy, line.total, line.minimum, line.unread);
    format!("{}: {counts}", face(line).word)
}

/// It is up.
pub fn up(board: &Board) -> Message {
    let place = escape::name(&board.environment.title());
    Message::text(&format!(
        "📋 The board of {place} is posted here. It is edited as things change, and taken down by its button. If it is \
         deleted, it comes back within {}.",
        words::duration(CHECKED_EVERY)
    ))
}

/// It is down.
pub fn down(board: &Board) -> Message {
    Message::text(&format!("The board of {} is not kept any more.", escape::name(&board.environment.title())))
}

/// Nothing was done, and why; to this person.
pub fn refused(refused: &Refused, link: Option<&str>, to: UserId) -> Message {
    match (refused, link) {
        (Refused::BoardBefore(board), Some(link)) => Message::text(&format!(
            "⛔ The board of {} stands in this channel already: {link}. Its button takes it down.",
            escape::name(&board.environment.title())
        )),
        _ => handled::refused(refused, to),
    }
}
