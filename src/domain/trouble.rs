//! What keeps alerts out of their channel, which incidents go unseen for it, and what is to be said of it elsewhere.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ChannelId, Id};
use super::incident::Incident;

/// A channel into which no alert comes, as the store keeps it and its notice in the other channel shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its id.
    pub id: Id,
    /// The channel.
    pub channel: ChannelId,
    /// What is in the way.
    pub obstacle: Obstacle,
    /// Since when that is known.
    pub since: Timestamp,
    /// When alerts came into the channel again.
    pub mended_at: Option<Timestamp>,
    /// The open incidents that do not stand in the channel.
    pub unseen: Vec<Unseen>,
}

/// An open incident that does not stand in its channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unseen {
    /// The incident.
    pub incident: Incident,
    /// Whether the notice mentions the roles for it. (For what came later, a reply of its own does.)
    pub mention: bool,
}

/// Why a channel takes no alert, told apart by what a person does about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Obstacle {
    /// It was deleted, or never was there.
    Gone,
    /// We cannot see it.
    NoAccess,
    /// We may not post in it.
    NoPermission,
    /// It is a thread that is archived or locked.
    Archived,
    /// Discord refuses for another reason.
    Refused {
        /// Discord's words.
        why: String,
    },
}

/// How it is with a channel now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It takes alerts, or none waits for it.
    Open,
    /// It does not.
    Blocked(Obstacle),
    /// It was not tried yet.
    Untried,
}

/// What is to be written down of a trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The trouble, as its notice shows it from now on.
    pub trouble: Trouble,
    /// Incidents that went unseen after the notice was written, and for which policy pings: an edit would wake nobody.
    pub replies: Vec<Incident>,
}

/// Follows the trouble of a channel, given what is known of it, how the channel is now, and the open incidents that do not
/// stand in it, each with whether policy pings for it. `None` when there is nothing new to say.
pub fn follow(
    known: Option<&Trouble>,
    channel: ChannelId,
    passage: Passage,
    unseen: Vec<(Incident, bool)>,
    now: Timestamp,
) -> Option<Said> {
    match (known, passage) {
        (_, Passage::Untried) | (None, Passage::Open) => None,
        (None, Passage::Blocked(obstacle)) => {
            let unseen = unseen.into_iter().map(|(incident, mention)| Unseen { incident, mention }).collect();
            let trouble = Trouble { id: Id::random(), channel, obstacle, since: now, mended_at: None, unseen };
            Some(Said { trouble, replies: Vec::new() })
        }
        (Some(known), Passage::Open) => {
            let trouble = Trouble { mended_at: Some(now), unseen: Vec::new(), ..known.clone() };
            Some(Said { trouble, replies: Vec::new() })
        }
        (Some(known), Passage::Blocked(obstacle)) => {
            let mut replies = Vec::new();
            let mut listed = Vec::new();
            for (incident, ping) in unseen {
                let said = known.unseen.iter().find(|said| is_said_by(said, &incident));
                if said.is_none() && ping {
                    replies.push(incident.clone());
                }
                listed.push(Unseen { mention: said.is_some_and(|said| said.mention), incident });
            }
            let trouble = Trouble { obstacle, unseen: listed, ..known.clone() };
            (trouble != *known).then_some(Said { trouble, replies })
        }
    }
}

/// Whether what was listed says it already: the same incident, not worse than it was then.
fn is_said_by(listed: &Unseen, incident: &Incident) -> bool {
    listed.incident.id == incident.id && incident.announced <= listed.incident.announced
}

#[cfg(test)]
mod tests {
    use super::super::incident::{Blind, Blindness, Facts, Severity, Subject};
    use super::*;

    const ALERTS: ChannelId = ChannelId(9);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn incident(announced: Severity) -> Incident {
        let blind = Blind { since: at(0), seen_well_at: None, why: String::new(), kind: Blindness::default() };
        Incident { announced, ..Incident::new(Subject::Blind, Facts::Blind(blind), at(0)) }
    }

    fn blocked() -> Passage {
        Passage::Blocked(Obstacle::NoPermission)
    }

    #[test]
    fn a_trouble_is_said_once_and_mentions_for_what_is_unseen_then() {
        let (loud, quiet) = (incident(Severity::Outage), incident(Severity::Quiet));
        let unseen = vec![(loud.clone(), true), (quiet, false)];
        let said = follow(None, ALERTS, blocked(), unseen.clone(), at(1)).unwrap();
        assert_eq!(said.trouble.unseen.iter().map(|unseen| unseen.mention).collect::<Vec<_>>(), [true, false]);
        assert_eq!((said.replies.len(), said.trouble.since), (0, at(1)));
        assert_eq!(follow(Some(&said.trouble), ALERTS, blocked(), unseen, at(2)), None);
        assert_eq!(follow(Some(&said.trouble), ALERTS, Passage::Untried, Vec::new(), at(3)), None);
        let mended = follow(Some(&said.trouble), ALERTS, Passage::Open, Vec::new(), at(4)).unwrap();
        assert_eq!((mended.trouble.mended_at, mended.trouble.unseen.len()), (Some(at(4)), 0));
    }

    #[test]
    fn what_goes_unseen_later_has_a_reply_and_so_has_what_got_worse() {
        let first = incident(Severity::AtRisk);
        let said = follow(None, ALERTS, blocked(), vec![(first.clone(), true)], at(1)).unwrap();
        let (later, quiet) = (incident(Severity::AtRisk), incident(Severity::Quiet));
        let worse = Incident { announced: Severity::Outage, ..first };
        let unseen = vec![(worse.clone(), true), (later.clone(), true), (quiet, false)];
        let more = follow(Some(&said.trouble), ALERTS, blocked(), unseen.clone(), at(2)).unwrap();
        assert_eq!(more.replies, [worse, later]);
        assert_eq!(follow(Some(&more.trouble), ALERTS, blocked(), unseen, at(3)), None);
    }
}
