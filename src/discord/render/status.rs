//! One bot with its connectors, and what a status is made from.

use std::time::Duration;

use jiff::Timestamp;

use super::super::custom_id::{CustomId, environment_key};
use super::escape::{self, length};
use super::freeze;
use super::limits;
use super::message::{Button, Embed, Look, Message};
use super::words::{self, Face};
use crate::domain::action::Verb;
use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::{BotView, Sight, Sighting};
use crate::domain::freeze::holding;
use crate::domain::load::{Load, MOST_CONVERSATIONS};
use crate::domain::policy::{Picture, Policy, Terms};
use crate::domain::redundancy::{Level, is_starting, started_at};

/// What a status is made from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The fleet.
    pub picture: &'a Picture,
    /// What is asked of it.
    pub policy: &'a Policy,
    /// How often it is read: what is much older is said to be old.
    pub poll_interval: Duration,
    /// Now.
    pub now: Timestamp,
}

/// A bot as it is judged now.
pub(super) struct Judged<'a> {
    pub(super) view: &'a BotView,
    pub(super) level: Level,
    pub(super) face: Face,
    pub(super) minimum: u32,
}

impl View<'_> {
    pub(super) fn judge<'a>(&self, view: &'a BotView) -> Judged<'a> {
        let minimum = self.policy.minimum(&view.bot.id, &view.environment);
        let level = self.picture.level(view, self.policy, self.now);
        Judged { view, level, face: words::bot_face(level, view.into(), minimum), minimum }
    }

    /// What must be said when what is shown may no longer be true.
    pub(super) fn warning(&self) -> Option<String> {
        let read_at = self.picture.fleet.read_at()?;
        let seen = words::relative(read_at);
        if let Some(why) = &self.picture.trouble {
            let why = escape::text(why, 300);
            return Some(format!(
                "⚠️ Last seen {seen}, and not all of it can be read from the lifecycle service now, so this may be out of \
                 date. {why}"
            ));
        }
        if self.now.duration_since(read_at).unsigned_abs() >= self.old_after() {
            return Some(format!("⚠️ Last seen {seen}: no newer reading has come, so this may be out of date."));
        }
        None
    }

    /// Until when the environments look as they do now, if nothing is read meanwhile: a start's grace or a freeze ends, or the
    /// reading gets old.
    pub fn stands_until(&self) -> Timestamp {
        let connectors = self.picture.fleet.sightings().map(|s| &s.connector);
        let starting = connectors.filter(|c| is_starting(c, self.grace(c), self.now));
        let graces = starting.filter_map(|c| started_at(c)?.checked_add(self.grace(c)).ok());
        let freezes = self.picture.freezes.iter().map(|freeze| freeze.until);
        let old = self.picture.fleet.read_at().and_then(|at| at.checked_add(self.old_after()).ok());
        graces.chain(freezes).chain(old).filter(|at| *at > self.now).min().unwrap_or(Timestamp::MAX)
    }

    /// That the environment is frozen, if it is.
    pub(super) fn frozen(&self, environment: &Environment) -> Option<String> {
        holding(&self.picture.freezes, [environment], self.now).map(freeze::line)
    }

    fn grace(&self, connector: &Connector) -> Duration {
        self.policy.terms(&connector.bot.id, &connector.environment).start_grace
    }

    fn old_after(&self) -> Duration {
        self.poll_interval.saturating_mul(3)
    }

    pub(super) fn read_at(&self) -> String {
        let warned = self.warning().is_some();
        let read_at = self.picture.fleet.read_at().filter(|_| !warned);
        read_at.map(|at| format!(" Read {}.", words::relative(at))).unwrap_or_default()
    }
}

/// A bot's name, with its id where another bot bears the same name.
pub(super) fn told_apart(of: View<'_>, view: &BotView) -> String {
    if of.picture.fleet.bots_named(&view.environment, &view.bot.name).len() > 1 {
        let id = escape::cut(view.bot.id.as_str(), 20);
        format!("{} ({id})", escape::cut(&view.bot.name, 36))
    } else {
        view.bot.name.clone()
    }
}

/// One bot with its connectors; `may` says what the viewer may do, which only decides the buttons that are shown.
pub fn bot(of: View<'_>, view: &BotView, may: impl Fn(Verb) -> bool) -> Message {
    let judged = of.judge(view);
    let name = escape::name(&told_apart(of, view));
    let place = escape::name(&view.environment.title());
    let counts = words::impact(judged.level, view.healthy(), view.total(), judged.minimum, view.unread());
    let mut lines = vec![format!("{}.{}", words::sentence(&counts), of.read_at())];
    lines.extend(of.frozen(&view.environment));
    lines.extend(of.warning());
    lines.extend(load(view, of.policy.terms(&view.bot.id, &view.environment)));
    let title = format!("{} {}: {name} in {place}", judged.face.icon, judged.face.word);
    let mut embed = Embed::new(&title, judged.face.colour).describe(lines.iter().map(String::as_str));
    let mut sightings: Vec<&Sighting> = view.sightings.iter().map(AsRef::as_ref).collect();
    sightings.sort_by_key(|s| (s.is_surely_healthy(), s.connector.condition(), s.connector.name.clone()));
    for (place, sighting) in sightings.iter().enumerate() {
        let starting = is_starting(&sighting.connector, of.grace(&sighting.connector), of.now);
        let face = words::sighting_face(sighting, starting);
        let title = format!("{} {}: {}", face.icon, escape::name(&sighting.connector.name), face.word);
        let left = sightings.len() - place;
        let keeps_room = left == 1 || embed.room() > 900;
        if !(keeps_room
            && (left == 1 || place + 2 < limits::FIELDS)
            && embed.push_field(&title, &details(sighting), false))
        {
            embed.push_field(
                &format!("… and {left} more"),
                "They are left out here; a command can still name them.",
                false,
            );
            break;
        }
    }
    bot_buttons(view, &sightings, may).into_iter().fold(Message::of(embed), Message::buttons)
}

/// How many conversations there are, and how many connectors would do if that is more than is advised.
fn load(view: &BotView, terms: &Terms) -> Option<String> {
    let conversations = words::of(view.conversations()?, "conversation");
    let load = Load::of(view);
    let mut said = format!("Load: {conversations} on all of its connectors here.");
    if terms.minimum > 0 && load.is_too_much(terms.load) {
        let (each, wanted) = (terms.load, words::of(load.wanted(terms.load), "healthy connector"));
        said.push_str(&format!(" That is more than {each} for each healthy connector: {wanted} would do."));
    }
    if load.fullest >= MOST_CONVERSATIONS {
        said.push_str(&format!(" One is at {MOST_CONVERSATIONS}, beyond which none is assigned."));
    }
    Some(said)
}

fn details(sighting: &Sighting) -> String {
    let c = &sighting.connector;
    let mut lines = Vec::new();
    if sighting.sight != Sight::Fresh {
        lines.push(format!("Last read {}; as it was then:", words::relative(sighting.seen_at)));
    }
    lines.push(words::statuses(c.agent.word(), c.conversational_cloud.word(), c.bot_server.word()));
    let load = c.conversations.map_or_else(|| "load not known".to_owned(), |n| words::of(n, "conversation"));
    let since = c.since.map_or_else(|| "not known".to_owned(), words::relative);
    lines.push(format!("{} · last change {since}", words::sentence(&load)));
    if let Some(last) = &c.last_operation {
        let by = last.by.as_deref().map(|by| format!(" by {}", escape::name(by))).unwrap_or_default();
        let at = last.at.map(|at| format!(" {}", words::relative(at))).unwrap_or_default();
        lines.push(format!("Last operation: {}{by}{at}", escape::text(&last.what, 60)));
    }
    lines.join("\n")
}

/// Rows of buttons: first the ways to look on, then what may be done, a row for each connector where there is room.
fn bot_buttons(view: &BotView, sightings: &[&Sighting], may: impl Fn(Verb) -> bool) -> Vec<Vec<Button>> {
    let environment = environment_key(&view.environment);
    let bot = view.bot.id.key();
    let then = CustomId::History { environment: environment.clone(), bot: bot.clone(), hours: 24 };
    let again = CustomId::Status { environment: environment.clone(), bot: Some(bot) };
    let look_on = vec![
        Button::new(&again, "Refresh", Look::Secondary),
        Button::new(&then, "Last 24 hours", Look::Secondary),
        Button::new(
            &CustomId::Status { environment, bot: None },
            &format!("All bots in {}", view.environment.title()),
            Look::Secondary,
        ),
    ];
    let present = sightings.iter().filter(|s| s.sight != Sight::Missing).map(|s| &s.connector);
    let roomy = sightings.len() < limits::ROWS;
    let of = |connector: &Connector| {
        // What hangs is helped by a start, which stops it first.
        let start = (!connector.is_healthy()).then_some(Verb::Start);
        let stop = (!connector.is_down()).then_some(Verb::Stop);
        let verbs = [start, stop, roomy.then_some(Verb::Redeploy)];
        verbs.into_iter().flatten().filter(|verb| may(*verb)).map(|verb| ask_button(verb, connector)).collect()
    };
    let each: Vec<Vec<Button>> = present.map(of).collect();
    let mut rows = vec![look_on];
    if roomy {
        rows.extend(each)
    } else {
        rows.push(each.into_iter().flatten().collect())
    }
    rows
}

/// "Stop billing-2 in Production".
pub(super) fn ask_button(verb: Verb, connector: &Connector) -> Button {
    let label = verb_and_object(verb, &connector.name, &connector.environment);
    Button::new(&CustomId::Ask { verb, connector: connector.id.key() }, &label, look(verb, !connector.is_down()))
}

/// "Stop billing-2 in Production", of at most a button's label, with the verb and the place kept whole.
pub(super) fn verb_and_object(verb: Verb, connector: &str, environment: &Environment) -> String {
    let place = escape::cut(&environment.title(), 24);
    let room = limits::BUTTON_LABEL.saturating_sub(length(verb.title()) + length(&place) + 5);
    format!("{} {} in {place}", verb.title(), escape::label(connector, room))
}

/// Red only for what takes something down: a redeploy does where the connector runs.
pub(super) fn look(verb: Verb, runs: bool) -> Look {
    match verb {
        Verb::Stop | Verb::Restart => Look::Danger,
        Verb::Redeploy if runs => Look::Danger,
        Verb::Redeploy => Look::Primary,
        Verb::Start => Look::Success,
    }
}

/// Nothing has been read yet.
pub fn not_ready(trouble: Option<&str>) -> Message {
    let why = trouble.map(|why| format!(" {}", escape::text(why, 300))).unwrap_or_default();
    Message::text(&format!("The fleet has not been read yet, so nothing is known. Try again in a moment.{why}"))
}

/// No such environment, or no such bot there.
pub fn not_found(what: &str, known: &[String]) -> Message {
    let mut text = format!("There is no “{}”.", escape::name(what));
    if !known.is_empty() {
        let names: Vec<_> = known.iter().take(25).map(|name| escape::name(name)).collect();
        text.push_str(&format!(" Known are: {}.", names.join(", ")));
    }
    Message::text(&text)
}

/// Several bots bear the name.
pub fn ambiguous(name: &str) -> Message {
    let name = escape::name(name);
    Message::text(&format!(
        "More than one bot is called “{name}”. Pick one of the suggestions: each stands for one bot."
    ))
}
