//! `/bots explain`: which rule decided, and why a bot is or is not in alert. For the person who asked.

use super::escape;
use super::freeze;
use super::message::{Embed, Message};
use super::words;
use crate::domain::authority::grants::Said;
use crate::domain::authority::{Denied, Right};
use crate::domain::ids::RoleId;
use crate::domain::incident::Phase;
use crate::domain::operation::Operation;
use crate::domain::redundancy::Level;
use crate::operations::{Explained, InDoubt, Judged, Watched};

/// The most roles, and the most operations, that are named.
const NAMED: usize = 10;

/// What decides for this person, there and now.
pub fn explained(of: &Explained) -> Message {
    let place = escape::name(&of.environment.title());
    let about = match &of.bot {
        Some(watched) => format!("{} in {place}", escape::name(&watched.bot.name)),
        None => place.clone(),
    };
    let mut lines: Vec<_> = of.rights.iter().map(|judged| right(judged, of)).collect();
    lines.push("👀 look: everybody may".to_owned());
    let mut embed = Embed::new(&format!("What you may do: {about}"), words::BLUE)
        .describe(lines.iter().map(String::as_str))
        .field("Now in the way", &in_the_way(of), false);
    if let Some(watched) = &of.bot {
        let title = format!("{} Why it is {} alert", words::level_face(watched.level).icon, in_alert(watched));
        embed = embed.field(&title, &why(watched), false);
    }
    Message::of(embed)
}

fn right(judged: &Judged, of: &Explained) -> String {
    let word = words::right(judged.right);
    if judged.right.is_by_name_only() && judged.roles.is_empty() {
        return format!("⛔ **{word}**: nobody may ({})", said_of(judged.from, of));
    }
    let rule = format!("{} ({})", roles(&judged.roles), said_of(judged.from, of));
    match &judged.judged {
        Ok(_) if is_kept(judged.right, of) => format!("🧊 **{word}**: you may, but it is frozen"),
        Ok(by) if by.is_empty() => {
            format!("✅ **{word}**: you manage the server, and no role is named{}", second_person(judged.right, of))
        }
        Ok(by) => format!("✅ **{word}**: by {}; open to {rule}{}", roles(by), second_person(judged.right, of)),
        Err(Denied::CannotTell) => format!("❔ **{word}**: Discord did not say enough to tell, so no; open to {rule}"),
        Err(_) => format!("⛔ **{word}**: open to {rule}"),
    }
}

/// That somebody else must agree, if so.
fn second_person(right: Right, of: &Explained) -> &'static str {
    match right {
        Right::Change(verb) if of.second_person.contains(&verb) => "; it needs a second person",
        _ => "",
    }
}

/// Whether a freeze keeps everybody from it.
fn is_kept(right: Right, of: &Explained) -> bool {
    of.frozen.is_some() && matches!(right, Right::Change(verb) if verb.takes_away())
}

fn roles(roles: &[RoleId]) -> String {
    match roles {
        [] => "members who manage the server".to_owned(),
        roles => {
            // Named as mentions, which show the role's name; they notify nobody, as `allowed_mentions` says.
            let names: Vec<_> = roles.iter().take(NAMED).map(|role| format!("<@&{role}>")).collect();
            let more = if roles.len() > NAMED { " and others" } else { "" };
            format!("{}{more}", names.join(", "))
        }
    }
}

fn said_of(from: Said, of: &Explained) -> String {
    match from {
        Said::OfBot => "said of this bot".to_owned(),
        Said::OfEnvironment => format!("said of {}", escape::name(&of.environment.title())),
        Said::OfEverything => "said of everything".to_owned(),
    }
}

fn in_the_way(of: &Explained) -> String {
    let mut lines: Vec<_> = of.frozen.iter().map(freeze::line).collect();
    lines.extend(of.in_doubt.iter().take(NAMED).map(in_doubt));
    if of.in_doubt.len() > NAMED {
        lines.push(format!("… and {} more calls whose outcome is not known", of.in_doubt.len() - NAMED));
    }
    lines.extend(of.under_way.iter().take(NAMED).map(under_way));
    if of.under_way.len() > NAMED {
        lines.push(format!("… and {} more operations", of.under_way.len() - NAMED));
    }
    if lines.is_empty() {
        "Nothing: it is not frozen, no operation is under way, and none is in doubt.".to_owned()
    } else {
        lines.join("\n")
    }
}

fn under_way(operation: &Operation) -> String {
    format!(
        "⏳ {} {}, for {}, since {} (ref {}): other changes of this bot wait for its end",
        words::present(operation.verb),
        escape::name(&operation.targets.names()),
        words::mention(&operation.requester),
        words::relative(operation.opened_at),
        operation.id.reference()
    )
}

/// An earlier call of unknown outcome: what it means, and what lifts it.
fn in_doubt(InDoubt { doubt, name }: &InDoubt) -> String {
    let name = escape::name(name);
    format!(
        "❔ {} of {name}, for {}: its outcome was not known when it ended {} (ref {}). It may be carried out yet, so nobody counts on \
         {name} until the lifecycle service says that nothing more comes of it. It is asked every few seconds; nobody need do \
         anything",
        words::sentence(doubt.action.verb().word()),
        words::mention(&doubt.requester),
        words::relative(doubt.since),
        doubt.operation.reference()
    )
}

/// Whether there is an alert of its own that everybody sees.
fn in_alert(watched: &Watched) -> &'static str {
    match watched.incident.as_ref().map(|incident| &incident.phase) {
        Some(Phase::Open | Phase::Recovering { .. }) => "in",
        Some(Phase::Suspected { .. } | Phase::Resolved { .. }) | None => "not in",
    }
}

fn why(watched: &Watched) -> String {
    let terms = &watched.terms;
    let mut lines = vec![counted(watched)];
    let patience = || {
        let (any, none) = (words::duration(terms.alert_after), words::duration(terms.outage_after));
        format!("It is an alert once that has lasted {any}, or {none} with none healthy.")
    };
    match watched.incident.as_ref().map(|incident| (&incident.phase, incident)) {
        Some((Phase::Open, incident)) => {
            lines.push(format!("Open {} (incident {}).", words::relative(incident.opened_at), incident.id.reference()));
        }
        Some((Phase::Recovering { since, .. }, _)) => lines.push(format!(
            "It looks well {}; its alert is resolved once that has lasted {}.",
            words::relative(*since),
            words::duration(terms.recover_after)
        )),
        Some((Phase::Suspected { since, .. }, _)) => {
            lines.push(format!("So it is {}. {}", words::relative(*since), patience()));
        }
        Some((Phase::Resolved { .. }, _)) | None if matches!(watched.level, Level::AtRisk | Level::Outage) => {
            lines.push(patience());
        }
        Some((Phase::Resolved { .. }, _)) | None => {}
    }
    if let Some(incident) = &watched.incident {
        if incident.storm.is_some() {
            lines.push("It stands on a storm's card with others.".to_owned());
        }
        if let Some(hush) = &incident.attention.muted {
            lines.push(format!("🔕 Muted by {} until {}.", words::mention(&hush.by), words::relative(hush.until)));
        }
        if let Some(snooze) = incident.attention.snooze() {
            let (by, until) = (words::mention(&snooze.by), words::relative(snooze.until));
            lines.push(format!("😴 Snoozed by {by} until {until}."));
        }
        if let Some(done) = &incident.attention.acknowledged {
            lines.push(format!("🙋 {} has it.", words::mention(&done.by)));
        }
    }
    lines.join("\n")
}

/// What its level comes from.
fn counted(watched: &Watched) -> String {
    let ((healthy, best), total, minimum) = (watched.healthy, watched.total, watched.terms.minimum);
    let counts = format!("{healthy} of {total} healthy");
    if minimum == 0 {
        return format!("{counts}. No minimum is asked of it here, so it is never in alert.");
    }
    let counts = format!("{counts}, {minimum} wanted");
    match watched.level {
        Level::Redundant => format!("{counts}: enough."),
        Level::Outage => format!("{counts}: none is left, even at best."),
        Level::AtRisk => format!("{counts}: fewer than wanted, and it had {} once.", watched.highest),
        Level::NeverRedundant => {
            format!(
                "{counts}: it never had them ({} at most), so it is in the notice of its environment.",
                watched.highest
            )
        }
        Level::Unknown => format!(
            "{counts}, and {best} at best: some of it cannot be read, and what is not known is no alert unless even the best \
             case is too little."
        ),
        Level::Starting => {
            format!(
                "{counts}: one was just started, and has {} to come up.",
                words::duration(watched.terms.start_grace)
            )
        }
        Level::NotInUse => {
            format!("{counts}: all of it was stopped before it was ever seen running, so nothing was lost.")
        }
    }
}
