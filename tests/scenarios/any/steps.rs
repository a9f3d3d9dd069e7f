//! What may happen, drawn by lot from a seed: the same seed gives the same steps, and fewer of them are its beginning.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::model::Rules;

/// The fleet: each bot with its connectors.
pub(crate) const BOTS: &[(&str, usize)] = &[("billing", 2), ("orders", 3), ("returns", 2), ("faq", 1)];

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Drop(String),
    Recover(String),
    Vanish(String),
    Return(String),
    /// Everything is well again.
    AllRecover,
    /// So many polls fail.
    ServiceFails(u32),
    /// The next reading has a record that cannot be read.
    Garbled(String),
    Passes(i64),
    Look,
    /// All that can be delivered is.
    Deliver,
    /// At most so many messages are.
    DeliverSome(usize),
    Discord(Value),
    /// Somebody deletes a card that stood, by its number counted from the newest.
    Deleted(usize),
    Killed,
    /// Killed at so many turns into a look, or into a delivery (or, every other time, into what is told after that).
    KilledAmidLook(usize),
    KilledAmidDelivery(usize),
    /// Killed after a message was claimed, or after Discord took it.
    KilledAfterClaim,
    KilledAfterPost,
}

#[derive(Clone, Debug)]
pub(crate) struct Voyage {
    pub(crate) rules: Rules,
    /// Whether timelines are told: every eighth time, since that doubles what is sent.
    pub(crate) tells: bool,
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn connectors() -> Vec<String> {
    BOTS.iter().flat_map(|(bot, many)| (1..=*many).map(move |n| format!("{bot}-{n}"))).collect()
}

pub(crate) fn voyage(seed: u64) -> Voyage {
    let mut lot = StdRng::seed_from_u64(seed);
    let at_once = Rules {
        alert_after: 0,
        outage_after: 0,
        recover_after: 0,
        reopen_within: 0,
        remind_after: 600,
        escalate_after: 1500,
        storm_bots: 0,
    };
    let rules = match lot.random_range(0..4) {
        0 => at_once,
        1 => Rules { reopen_within: 900, ..at_once },
        2 => Rules { storm_bots: 3, ..at_once },
        _ => Rules { alert_after: 60, outage_after: 20, recover_after: 60, reopen_within: 900, ..at_once },
    };
    let tells = lot.random_ratio(1, 8);
    let many = lot.random_range(8..18);
    let mut steps = Vec::new();
    while steps.len() < many {
        steps.extend(some(&mut lot));
    }
    Voyage { rules, tells, steps }
}

/// A step, with what usually follows on it.
fn some(lot: &mut StdRng) -> Vec<Step> {
    let all = connectors();
    let any = |lot: &mut StdRng| all[lot.random_range(0..all.len())].clone();
    let some_time = |lot: &mut StdRng| {
        Step::Passes(if lot.random_ratio(1, 5) { lot.random_range(120..4000) } else { lot.random_range(5..60) })
    };
    match lot.random_range(0..100) {
        0..20 => vec![Step::Drop(any(lot))],
        20..30 => vec![Step::Recover(any(lot))],
        30..34 => vec![Step::AllRecover],
        34..37 => vec![Step::Vanish(any(lot))],
        37..41 => vec![Step::Return(any(lot))],
        41..44 => vec![Step::ServiceFails(lot.random_range(1..6))],
        44..47 => vec![Step::Garbled(any(lot)), Step::Drop(any(lot))],
        47..67 => vec![some_time(lot), Step::Look, Step::Deliver],
        67..73 => vec![some_time(lot), Step::Look],
        73..76 => vec![Step::DeliverSome(lot.random_range(1..3))],
        76..86 => vec![Step::Discord(trouble(lot))],
        86..90 => vec![Step::Deleted(lot.random_range(0..4))],
        90..92 => vec![Step::Killed],
        92..94 => vec![some_time(lot), Step::KilledAmidLook(lot.random_range(1..30))],
        94..96 => vec![some_time(lot), Step::Look, Step::KilledAmidDelivery(lot.random_range(1..20))],
        96..98 => vec![some_time(lot), Step::Look, Step::KilledAfterPost],
        _ => vec![some_time(lot), Step::Look, Step::KilledAfterClaim],
    }
}

/// What Discord does with the next requests.
fn trouble(lot: &mut StdRng) -> Value {
    let (post, edit) = ("POST /channels/{id}/messages", "PATCH /channels/{id}/messages/{id}");
    let mut fault = match lot.random_range(0..6) {
        0 => json!({"kind": "rate_limit", "retry_after": lot.random_range(1..400)}),
        1 => json!({"kind": "rate_limit", "retry_after": lot.random_range(1..400), "global": true}),
        2 => json!({"kind": "server_error", "status": lot.random_range(500..505)}),
        3 => json!({"kind": "drop"}),
        4 => json!({"kind": "drop_after"}),
        _ => json!({"kind": "refuse", "status": 403, "code": 50013, "message": "Missing Permissions"}),
    };
    // Where a channel may not be read back, what is in doubt is said again: that is meant, and would be seen here as a fault.
    let everywhere = fault["kind"] != "refuse" && lot.random_ratio(1, 3);
    if !everywhere {
        fault["route"] = json!(if lot.random_ratio(2, 3) { post } else { edit });
    }
    fault["times"] = json!(lot.random_range(1..4));
    fault
}
