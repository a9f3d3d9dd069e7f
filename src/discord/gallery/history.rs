//! The gallery's histories: a day in which a little of everything happened, a quarter of a year, and a bot of which nothing
//! was seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde_json::json;

use super::sample::{HOUR, MINUTE, Sample, bot, production};
use super::{Exhibit, Kind};
use crate::discord::render::history::{self as shown, Drawn, FILE, Shown};
use crate::domain::action::Verb;
use crate::domain::attention::Done;
use crate::domain::history::{Change, History, Lane, Span, State};
use crate::domain::ids::ConnectorId;
use crate::domain::incident::{Incident, Phase};
use crate::domain::operation::Operation;
use crate::domain::redundancy::Level;

use State::{Healthy, NotConnected, OnlineNotConnected, ReadyToStart, Stopped, Unread};

impl Sample<'_> {
    /// From so many seconds ago until now, with times in seconds ago as well.
    fn history(&self, length: i64, lanes: &[(&str, &[(i64, State)])]) -> History {
        let lane = |(name, changes): &(&str, &[(i64, State)])| Lane {
            connector: ConnectorId::new(name),
            name: (*name).to_owned(),
            changes: changes.iter().map(|(ago, state)| Change { at: self.ago(*ago), state: *state }).collect(),
        };
        let span = Span { from: self.ago(length), until: self.now };
        // For twelve minutes nobody looked.
        let (until, from) = (self.ago(6 * HOUR), self.ago(6 * HOUR - 12 * MINUTE));
        let watched = vec![Span { until, ..span }, Span { from, ..span }];
        History { span, watched, lanes: lanes.iter().map(lane).collect() }
    }

    fn over(&self, level: Level, from: i64, acknowledged: i64, until: i64) -> Incident {
        let mut incident = self.incident(level, 1, Vec::new());
        incident.opened_at = self.ago(from);
        incident.attention.acknowledged = Some(Done { by: self.cast.olga.clone(), at: self.ago(acknowledged) });
        incident.phase = Phase::Resolved { at: self.ago(until), by: None };
        incident
    }

    fn done_ago(&self, verb: Verb, connector: &str, ago: i64) -> Operation {
        let operation = self.operation(verb, &[connector], None, Vec::new());
        Operation { opened_at: self.ago(ago), ..operation }
    }

    fn pictured(&self, name: &str, shown: &Shown) -> Exhibit {
        // Without a picture it shows what people see then.
        let png = shown.picture(&TimeZone::UTC).unwrap_or_default();
        let picture = if png.is_empty() { Drawn::Failed } else { Drawn::Attached };
        let mut body = shown::message(shown, picture).private_body();
        let file = json!({
            "filename": FILE,
            "description": shown.alt(),
            "content_type": "image/png",
            "url": format!("data:image/png;base64,{}", STANDARD.encode(png)),
        });
        if let Some(map) = body.as_object_mut() {
            map.insert("attachments".to_owned(), json!([file]));
        }
        Exhibit { name: name.to_owned(), kind: Kind::Private, body }
    }
}

/// How bots did over time.
pub(super) fn histories(of: &Sample<'_>) -> Vec<Exhibit> {
    let day = of.history(
        24 * HOUR,
        &[
            ("billing-1", &[(99 * HOUR, Healthy), (9 * HOUR, NotConnected), (8 * HOUR + 30 * MINUTE, Healthy)]),
            (
                "billing-2",
                &[
                    (99 * HOUR, Healthy),
                    (20 * HOUR, OnlineNotConnected),
                    (19 * HOUR, Healthy),
                    (9 * HOUR - 5 * MINUTE, Stopped),
                    (8 * HOUR, NotConnected),
                    (8 * HOUR - 4 * MINUTE, Healthy),
                    (3 * HOUR, Unread),
                    (2 * HOUR + 30 * MINUTE, Healthy),
                ],
            ),
            (
                "billing-3",
                &[(14 * HOUR, ReadyToStart), (12 * HOUR, Healthy), (4 * HOUR, State::UnknownWord), (3 * HOUR, Healthy)],
            ),
        ],
    );
    let one = Shown {
        bot: bot("Billing Bot"),
        environment: production(),
        history: day,
        minimum: 2,
        operations: vec![
            of.done_ago(Verb::Stop, "billing-1", 9 * HOUR - 4 * MINUTE),
            of.done_ago(Verb::Start, "billing-2", 8 * HOUR),
        ],
        incidents: vec![
            of.over(Level::AtRisk, 20 * HOUR, 20 * HOUR - 6 * MINUTE, 19 * HOUR),
            of.over(Level::Outage, 9 * HOUR, 9 * HOUR - 2 * MINUTE, 8 * HOUR + 20 * MINUTE),
        ],
    };
    let flapping: Vec<_> =
        (0..300).map(|n| (90 * 24 * HOUR - n * 7 * HOUR, if n % 2 == 0 { Healthy } else { NotConnected })).collect();
    let quarter = of.history(90 * 24 * HOUR, &[("billing-1", &[(9999 * HOUR, Healthy)]), ("billing-2", &flapping)]);
    let quarter = Shown { history: quarter, operations: Vec::new(), incidents: Vec::new(), ..one.clone() };
    let nothing = Shown { history: of.history(HOUR, &[]), ..quarter.clone() };
    vec![
        of.pictured("A day of a bot", &one),
        of.pictured("A quarter of a year of one that flaps", &quarter),
        of.pictured("Nothing was seen", &nothing),
        Exhibit::private("When the picture cannot be drawn or attached", &shown::message(&one, Drawn::Failed)),
        Exhibit::private(
            "Where no file may be attached",
            &shown::message(&one, Drawn::Forbidden { channel: of.cast.channel }),
        ),
        Exhibit::private("Not a range", &shown::not_a_range("yesterday")),
    ]
}
