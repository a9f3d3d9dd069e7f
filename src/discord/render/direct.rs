//! What is said of an incident while nothing can be written down: posted directly, and said to be perhaps repeated.

use super::message::{Embed, Message};
use super::{Context, incident, words};
use crate::domain::incident::Incident;

/// Why an alert stands there that is not its incident's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing can be written down now.
    Alone,
    /// It could not be written down for as long as this process ran.
    Left,
    /// It is written down: the card stands at this address, if it stands.
    Over {
        /// The card's address.
        card: Option<String>,
    },
}

/// An alert that is posted directly; it mentions the roles if `ping` says so.
pub fn alert(incident: &Incident, ping: bool, standing: &Standing, context: &Context) -> Message {
    match standing {
        Standing::Alone => incident::beside_card(incident, ping, ALONE, context),
        Standing::Left => incident::beside_card(incident, false, LEFT, context),
        Standing::Over { card } => over(incident, card.as_deref()),
    }
}

const ALONE: &str = "⚠️ **This may be repeated: Botswain's database cannot be written**, so this is posted without being \
    remembered. Its card follows as soon as that is mended. Until then nothing can be started or stopped from here: use Bots \
    Status in LivePerson. Whoever runs Botswain should look at its disk, or its database's server.";

const LEFT: &str = "⚠️ **Botswain ended before its database could be written again.** This is how it was then; what is still so \
    when it runs again gets a card of its own.";

fn over(incident: &Incident, card: Option<&str>) -> Message {
    let text = match card {
        Some(address) => format!("It is remembered now, on [its card]({address})."),
        None => "The database can be written again, and there is nothing left to say of it.".to_owned(),
    };
    let footer = format!("incident {}", incident.id.reference());
    let title = "📌 Posted while Botswain's database could not be written";
    let what = incident::subject(incident);
    Message::of(Embed::new(title, words::GREY).footer(&footer).describe([what.as_str(), text.as_str()]))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::tests::{context, masked, opened};
    use super::*;
    use crate::domain::redundancy::Level;

    #[test]
    fn an_alert_that_is_posted_directly_says_that_it_may_be_repeated_and_later_where_its_card_is() {
        let incident = opened("Billing Bot", Level::AtRisk, 1);
        let context = Context { reference: String::new(), ..context() };
        let said = |ping, standing| masked(&alert(&incident, ping, &standing, &context), &[&incident.id]);
        assert_snapshot!(said(true, Standing::Alone), @r"
        <@&70> 🟠 At risk: Billing Bot in Production
        # 🟠 At risk: Billing Bot in Production
        ⚠️ **This may be repeated: Botswain's database cannot be written**, so this is posted without being remembered. Its card follows as soon as that is mended. Until then nothing can be started or stopped from here: use Bots Status in LivePerson. Whoever runs Botswain should look at its disk, or its database's server.
        **1 of 2 healthy: no failover left.**
        Opened <t:1000:R>.
        ~ incident ab12cd34
        pings 70
        ");
        assert!(!said(true, Standing::Left).contains("pings"));
        assert_snapshot!(said(true, Standing::Over { card: Some("https://discord.com/channels/1/2/3".into()) }), @r"
        # 📌 Posted while Botswain's database could not be written
        **Billing Bot in Production**
        It is remembered now, on [its card](https://discord.com/channels/1/2/3).
        ~ incident ab12cd34
        ");
        assert!(said(true, Standing::Over { card: None }).contains("nothing left"));
    }
}
