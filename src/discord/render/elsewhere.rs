//! What is said in another channel when alerts do not come into theirs.

use jiff::Timestamp;

use super::message::{Embed, Message};
use super::{Context, escape, incident, words};
use crate::domain::ids::RoleId;
use crate::domain::incident::Incident;
use crate::domain::trouble::{Obstacle, Trouble};

/// The notice of a channel that takes no alerts; it mentions the roles of what goes unseen for it.
pub(super) fn trouble(trouble: &Trouble, context: &Context) -> Message {
    let footer = format!("ref {} · trouble {}", context.reference, trouble.id.reference());
    if let Some(at) = trouble.mended_at {
        let lasted = words::between(trouble.since, at);
        let text = match trouble.obstacle {
            Obstacle::Gone => {
                format!("What was to be said in the channel that is not there stands elsewhere. It took {lasted}.")
            }
            _ => format!("<#{}> takes alerts again, those that waited included. It took {lasted}.", trouble.channel),
        };
        let title = "✅ Alerts come into their channel again";
        return Message::of(Embed::new(title, words::GREEN).footer(&footer).describe([text.as_str()]));
    }
    let title = "📵 Alerts do not come into their channel";
    let mut said = vec![
        format!("**{} in <#{channel}>** (id {channel}).", extent(&trouble.obstacle), channel = trouble.channel),
        remedy(&trouble.obstacle),
        format!("It has been so since {}.", words::relative(trouble.since)),
    ];
    if !trouble.unseen.is_empty() {
        said.push("**Open, and not seen there:**".to_owned());
        said.extend(trouble.unseen.iter().map(|unseen| incident::line(&unseen.incident)));
    }
    let embed = Embed::new(title, words::RED).footer(&footer).describe(said.iter().map(String::as_str));
    let message = Message::of(embed);
    // What a telephone shows of it is the content.
    match trouble.unseen.iter().find(|unseen| unseen.mention) {
        Some(first) => {
            let text = format!("{title}: {}", incident::line(&first.incident));
            message.mentioning(&roles(trouble, context), &text)
        }
        None => message,
    }
}

/// The reply to that for an incident that came later.
pub(super) fn unseen(incident: &Incident, context: &Context) -> Message {
    incident::beside_card(incident, true, "Its card cannot be posted in the channel for alerts: see above.", context)
}

/// A test alert.
pub(super) fn drill(at: Timestamp, reference: &str) -> Message {
    let said = [
        "Alerts come into this channel, like this one. It pings nobody, and is removed in a moment.".to_owned(),
        format!("Somebody asked for it {}, with `botswain check --alert`.", words::relative(at)),
    ];
    let footer = format!("ref {reference} · test");
    let embed = Embed::new("🧪 Test alert: nothing is wrong", words::BLUE).footer(&footer);
    Message::of(embed.describe(said.iter().map(String::as_str)))
}

fn roles(trouble: &Trouble, context: &Context) -> Vec<RoleId> {
    let mentioned = trouble.unseen.iter().filter(|unseen| unseen.mention);
    let mut roles: Vec<_> = mentioned.flat_map(|unseen| unseen.incident.alert_roles(&context.policy)).collect();
    roles.sort();
    roles.dedup();
    roles
}

fn extent(obstacle: &Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Gone | Obstacle::NoAccess | Obstacle::NoPermission | Obstacle::Archived => "No alert can be posted",
        Obstacle::Refused { .. } => "Not every alert can be posted",
    }
}

/// What is wrong, and what to do about it.
fn remedy(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Gone => "The channel is not there. Whoever runs Botswain has to name another one for alerts \
                           (DISCORD_ALERT_CHANNEL_ID), and start it anew."
            .to_owned(),
        Obstacle::NoAccess => {
            "Botswain cannot see the channel: give it View Channel there. It tries every five minutes.".to_owned()
        }
        Obstacle::NoPermission => {
            "Botswain may not post there: give it View Channel, Send Messages, Embed Links and Read \
                                   Message History there. It tries every five minutes."
                .to_owned()
        }
        Obstacle::Archived => {
            "It is a thread that is archived or locked: open it again. Botswain tries every five minutes.".to_owned()
        }
        Obstacle::Refused { why } => {
            format!("Discord refuses it: “{}”. Whoever runs Botswain finds more in its log.", escape::text(why, 300))
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::tests::{masked, opened};
    use super::*;
    use crate::domain::ids::ChannelId;
    use crate::domain::redundancy::Level;
    use crate::domain::trouble::{Passage, follow};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn context() -> Context {
        Context { reference: "0000abcd".into(), ..super::super::tests::context() }
    }

    #[test]
    fn a_trouble_names_the_channel_what_to_do_and_what_is_not_seen() {
        let incident = opened("Billing Bot", Level::Outage, 0);
        let said = follow(
            None,
            ChannelId(82),
            Passage::Blocked(Obstacle::NoPermission),
            vec![(incident.clone(), true)],
            at(60),
        );
        let before = said.unwrap().trouble;
        assert_snapshot!(masked(&trouble(&before, &context()), &[&before.id]), @r"
        <@&70> 📵 Alerts do not come into their channel: **🔴 Outage: Billing Bot in Production**: 0 of 2 healthy: nothing is left to take conversations
        # 📵 Alerts do not come into their channel
        **No alert can be posted in <#82>** (id 82).
        Botswain may not post there: give it View Channel, Send Messages, Embed Links and Read Message History there. It tries every five minutes.
        It has been so since <t:60:R>.
        **Open, and not seen there:**
        **🔴 Outage: Billing Bot in Production**: 0 of 2 healthy: nothing is left to take conversations
        ~ ref 0000abcd · trouble ab12cd34
        pings 70
        ");
        let after = follow(Some(&before), ChannelId(82), Passage::Open, Vec::new(), at(360)).unwrap().trouble;
        assert_snapshot!(masked(&trouble(&after, &context()), &[&before.id]), @r"
        # ✅ Alerts come into their channel again
        <#82> takes alerts again, those that waited included. It took 5 min.
        ~ ref 0000abcd · trouble ab12cd34
        ");
        assert_snapshot!(masked(&unseen(&incident, &context()), &[&incident.id]), @r"
        <@&70> 🔴 Outage: Billing Bot in Production
        # 🔴 Outage: Billing Bot in Production
        Its card cannot be posted in the channel for alerts: see above.
        **0 of 2 healthy: nothing is left to take conversations.**
        Opened <t:1000:R>.
        ~ ref 0000abcd · incident ab12cd34
        pings 70
        ");
    }

    #[test]
    fn p8_a_test_alert_says_that_it_is_one_and_pings_nobody() {
        assert_snapshot!(masked(&drill(at(60), "0000abcd"), &[]), @r"
        # 🧪 Test alert: nothing is wrong
        Alerts come into this channel, like this one. It pings nobody, and is removed in a moment.
        Somebody asked for it <t:60:R>, with `botswain check --alert`.
        ~ ref 0000abcd · test
        ");
    }

    #[test]
    fn p8_what_discord_says_renders_nothing_and_mentions_nobody() {
        let why = Obstacle::Refused { why: "@everyone **no**".into() };
        let said = follow(None, ChannelId(82), Passage::Blocked(why), Vec::new(), at(60)).unwrap().trouble;
        let body = trouble(&said, &context()).body();
        assert!(!body.to_string().contains("@everyone") && !body.to_string().contains("**no**"), "{body}");
        assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
    }
}
