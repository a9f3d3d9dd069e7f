//! Plays a script: does what it says at its time, lets the process do what it does by itself, and writes down what happens.
//!
//! What can be done:
//!
//! | line | what happens |
//! |---|---|
//! | `billing-1, billing-2 drop` | also `recover`, `vanish`, `return`, `lose the cloud`, `never come up`, `are stopped elsewhere`, `are started elsewhere` |
//! | `the service fails`, `… refuses the token`, `… answers again` | no poll succeeds, until it answers again |
//! | `the service garbles billing-1` | its record cannot be read, until it answers again |
//! | `pushes come`, `pushes are lost` | whether the service's events reach us; at first there is no stream of them |
//! | `Olga stops billing-1`, `… starts …` | confirmed, and carried out; `Olga begins to stop billing-1`: and nobody carries it on, until `Olga's operation goes on` |
//! | `Olga acknowledges Billing`, `… gives back …`, `Olga snoozes Billing for 1h` | |
//! | `Discord is down`, `Discord is back` | every request is answered 503, until it is back |
//! | `Discord limits posts for 90s`, `… edits …`, `… everything …` | the next such request is answered 429 |
//! | `Discord takes the next post without an answer`, `Discord loses the next post` | the connection closes after, or before, it is carried out |
//! | `the card of Billing is deleted` | |
//! | `Botswain is killed` | and another one starts; `… while it posts`: after the post, before that is recorded; `… before it posts`: after the claim |
//! | `Botswain is gone`, `Botswain is back` | nobody looks meanwhile |

use std::sync::Arc;
use std::time::Duration;

use botswain::domain::action::Verb;
use botswain::domain::ids::ConnectorId;
use botswain::incidents::{Ask, Handled};
use botswain::lifecycle::{Pushes, StreamState};
use botswain::sandbox::discord::Seen;
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::channel::Channel;
use crate::harbour::{Harbour, Outside, POLL};
use crate::script::{Effect, Happened, Script, squeezed};
use crate::witness::Witness;

/// How long anything may take that happens by itself.
const DEADLINE: Duration = Duration::from_secs(30);

/// When the process is killed, beside where a script says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kills {
    AsTheScriptSays,
    /// Whenever something was done: before anybody looked.
    AtEachDeed,
    /// After each look, before what it wrote is delivered, and once more after that.
    AtEachStep,
}

struct Stage {
    harbour: Harbour,
    script: Script,
    happened: Happened,
    seen: Channel,
    kills: Kills,
    is_gone: bool,
    carries_on: bool,
    stream: Option<(Arc<Pushes>, AbortOnDropHandle<()>)>,
    events_are_lost: bool,
    _witness: Witness,
}

/// Plays a script as it is.
pub(crate) async fn plays(text: &str) {
    play(text, Kills::AsTheScriptSays).await;
}

/// Plays a script as it is, and once more with a kill whenever something was done: it makes no difference.
pub(crate) async fn plays_also_killed(text: &str) {
    play(text, Kills::AsTheScriptSays).await;
    play(text, Kills::AtEachDeed).await;
}

pub(crate) async fn play(text: &str, kills: Kills) {
    let script = Script::read(text);
    let happened = Stage::open(script.clone(), kills).await.run().await;
    if let Err(differs) = script.judge(&happened) {
        panic!("played with kills {kills:?}:{differs}");
    }
}

impl Stage {
    async fn open(script: Script, kills: Kills) -> Self {
        let connectors = |(bot, many): &(String, u32)| {
            let (name, slug) = (format!("{bot} Bot"), bot.to_lowercase());
            (1..=*many).map(|n| healthy(&format!("{slug}-{n}"), &name, "Production")).collect::<Vec<_>>()
        };
        let fleet = script.bots.iter().flat_map(connectors).collect();
        let harbour = Harbour::open(Outside::new(fleet, None).await, &script.settings, None).await;
        let (happened, seen) = (Happened::default(), Channel::default());
        let _witness = harbour.witness();
        Self {
            harbour,
            _witness,
            script,
            happened,
            seen,
            kills,
            is_gone: false,
            carries_on: true,
            stream: None,
            events_are_lost: false,
        }
    }

    async fn run(mut self) -> Happened {
        let (mut deeds, mut stands) = (self.script.deeds.clone(), self.script.stands.clone());
        let (mut poll, mut due) = (0, None);
        loop {
            let deed = deeds.first().map(|(at, _)| *at);
            let stand = stands.first().map(|(at, _)| *at);
            let look = due.map_or(poll, |due: i64| poll.min(due));
            let next = [deed, stand, Some(look)].into_iter().flatten().min().unwrap();
            if next > self.script.over {
                break;
            }
            let later = next - self.harbour.second;
            if later > 0 {
                self.harbour.passes(later);
            }
            if deed == Some(next) {
                let (_, deed) = deeds.remove(0);
                self.does(&deed).await;
                if self.kills != Kills::AsTheScriptSays && !self.is_gone {
                    self.is_killed().await;
                }
            } else if look == next {
                due = self.look().await;
                poll = if poll == next { poll + POLL } else { poll };
            } else {
                stands.remove(0);
                self.happened.stands.push((next, self.seen.stands()));
            }
        }
        self.ends_well().await;
        self.happened
    }

    async fn is_killed(&mut self) {
        self.harbour.is_killed().await;
        // What the old process was told went with it.
        if self.stream.take().is_some() {
            self.listen().await;
        }
    }

    /// One look of the process, and what follows from it; when it wants to look again, if that is sooner than the next poll.
    async fn look(&mut self) -> Option<i64> {
        if self.is_gone {
            return None;
        }
        if self.carries_on {
            self.harbour.carry_on().await;
        }
        let ticked = self.harbour.look().await;
        if self.kills == Kills::AtEachStep {
            self.is_killed().await;
        }
        if self.harbour.deliver().await | self.harbour.tell().await {
            self.take_down().await;
        }
        if self.kills == Kills::AtEachStep {
            self.is_killed().await;
        }
        let now = self.harbour.now();
        // Rounded up: nothing is due before it is.
        let later = |due: jiff::Timestamp| (due.as_millisecond() - now.as_millisecond() + 999) / 1000;
        ticked.due.map(later).filter(|later| *later > 0).map(|later| self.harbour.second + later)
    }

    /// Writes down what is new in the channel.
    async fn take_down(&mut self) {
        let now = Channel::of(&self.harbour).await;
        let at = self.harbour.second;
        let effects = now.since(&self.seen).into_iter();
        let effects = effects.map(|what| Effect { from: at, to: at, what: squeezed(&what) });
        self.happened.effects.extend(effects);
        self.seen = now;
    }

    async fn does(&mut self, deed: &str) {
        if let Some(deed) = deed.strip_prefix("the service ") {
            self.service(deed);
        } else if let Some(deed) = deed.strip_prefix("Discord ") {
            self.discord(deed).await;
        } else if let Some(deed) = deed.strip_prefix("Olga ") {
            self.olga(deed).await;
        } else if deed == "Olga's operation goes on" {
            self.carries_on = true;
        } else if let Some(deed) = deed.strip_prefix("Botswain is ") {
            self.botswain(deed).await;
        } else if let Some(deed) = deed.strip_prefix("pushes ") {
            self.pushes(deed).await;
        } else if let Some(bot) = deed.strip_prefix("the card of ").and_then(|deed| deed.strip_suffix(" is deleted")) {
            let is_its = |line: &str| line.contains(&format!("{bot} Bot in Production")) && !line.starts_with('↳');
            let card = self.seen.standing.iter().rev().find(|(_, standing)| is_its(&standing.line));
            let id = card.map(|(id, _)| *id).unwrap_or_else(|| panic!("no card of {bot} stands"));
            self.harbour.deletes(&id.to_string()).await;
            self.take_down().await;
        } else {
            self.connectors(deed).await;
        }
    }

    async fn connectors(&mut self, said: &str) {
        const DEEDS: &[(&str, Deed)] = &[
            ("drop", Deed::Drop),
            ("recover", Deed::Recover),
            ("vanish", Deed::Vanish),
            ("return", Deed::Return),
            ("lose the cloud", Deed::DisconnectCloud),
            ("never come up", Deed::NeverComesUp { on: true }),
            ("are stopped elsewhere", Deed::StopElsewhere),
            ("are started elsewhere", Deed::StartElsewhere),
        ];
        let singular = [
            (" drops", " drop"),
            (" recovers", " recover"),
            (" vanishes", " vanish"),
            (" returns", " return"),
            (" loses the", " lose the"),
            (" never comes", " never come"),
            (" is stopped", " are stopped"),
            (" is started", " are started"),
        ];
        let said = singular
            .iter()
            .fold(format!("{said} "), |said, (one, many)| said.replace(&format!("{one} "), &format!("{many} ")));
        let found = DEEDS.iter().find_map(|(words, deed)| Some((said.trim().strip_suffix(words)?, deed.clone())));
        let (names, deed) = found.unwrap_or_else(|| panic!("nobody knows how to do {said:?}"));
        for name in names.split(',').map(str::trim) {
            self.harbour.does(name, deed.clone());
            if !self.events_are_lost
                && let Some((pushes, _)) = &self.stream
            {
                let told = loop {
                    let told = tokio::time::timeout(DEADLINE, pushes.told()).await.expect("a push");
                    if told.named.contains_key(&ConnectorId::new(name)) {
                        break told;
                    }
                };
                let now = self.harbour.now();
                self.harbour.monitor().glance(told, now).await.unwrap();
                self.harbour.deliver().await;
                self.harbour.tell().await;
                self.take_down().await;
            }
        }
    }

    fn service(&mut self, deed: &str) {
        let fleet = self.harbour.fleet();
        match deed {
            "fails" => fleet.add_fault(FaultKind::ServerError { status: 503 }),
            "refuses the token" => fleet.add_fault(FaultKind::Refuse { problem: "unauthorized".to_owned() }),
            "answers again" => fleet.clear_faults(),
            _ => {
                let name = deed.strip_prefix("garbles ").unwrap_or_else(|| panic!("the service cannot {deed:?}"));
                fleet.add_fault(FaultKind::MalformedRecord { connector: name.to_owned() });
            }
        }
    }

    async fn discord(&mut self, deed: &str) {
        let (post, edit) = ("POST /channels/{id}/messages", "PATCH /channels/{id}/messages/{id}");
        let limits = |what: &str| {
            deed.strip_prefix(&format!("limits {what} for ")).and_then(|s| s.strip_suffix('s')?.parse::<f64>().ok())
        };
        let limit = |seconds: f64, route: Option<&str>| match route {
            Some(route) => json!({"kind": "rate_limit", "retry_after": seconds, "route": route, "times": 1}),
            None => json!({"kind": "rate_limit", "retry_after": seconds, "global": true, "times": 1}),
        };
        let fault = match deed {
            "is back" => return self.harbour.no_faults().await,
            "is down" => json!({"kind": "server_error", "status": 503}),
            "takes the next post without an answer" => json!({"kind": "drop_after", "route": post, "times": 1}),
            "loses the next post" => json!({"kind": "drop", "route": post, "times": 1}),
            _ => {
                let posts = limits("posts").map(|seconds| limit(seconds, Some(post)));
                let edits = limits("edits").map(|seconds| limit(seconds, Some(edit)));
                let all = limits("everything").map(|seconds| limit(seconds, None));
                posts.or(edits).or(all).unwrap_or_else(|| panic!("Discord cannot {deed:?}"))
            }
        };
        self.harbour.fault(fault).await;
    }

    async fn olga(&mut self, deed: &str) {
        let (what, whom) = deed.rsplit_once(' ').unwrap();
        let ask = match what {
            "stops" => return self.harbour.olga_begins(Verb::Stop, whom).await,
            "starts" => return self.harbour.olga_begins(Verb::Start, whom).await,
            "begins to stop" => {
                self.harbour.olga_begins(Verb::Stop, whom).await;
                self.harbour.carry_on().await;
                self.carries_on = false;
                return;
            }
            "acknowledges" => (whom, Ask::Acknowledge),
            "gives back" => (whom, Ask::GiveBack),
            _ => {
                let bot = what.strip_prefix("snoozes ").and_then(|what| what.strip_suffix(" for"));
                (bot.unwrap_or_else(|| panic!("Olga cannot {deed:?}")), Ask::Snooze(whom))
            }
        };
        let (bot, ask) = ask;
        let incident =
            self.harbour.incident(&format!("{bot} Bot")).await.unwrap_or_else(|| panic!("no incident of {bot}"));
        let handled =
            self.harbour.parts().incidents.handle(&self.harbour.olga(), &incident.id, ask, self.harbour.now()).await;
        assert!(matches!(handled, Ok(Handled::Done(_))), "{handled:?}");
    }

    async fn botswain(&mut self, deed: &str) {
        match deed {
            "killed" => self.is_killed().await,
            "gone" => self.is_gone = true,
            "back" => {
                self.is_killed().await;
                self.is_gone = false;
            }
            "killed before it posts" => {
                self.harbour.look().await;
                let claimed =
                    self.harbour.parts().store.claim_message(Duration::from_secs(60), self.harbour.now()).await;
                assert!(claimed.unwrap().is_some(), "nothing is to be posted");
                self.harbour.is_killed().await;
            }
            "killed while it posts" => {
                self.harbour.look().await;
                assert!(self.harbour.is_killed_while_it_delivers().await, "nothing is to be posted");
                self.take_down().await;
            }
            _ => panic!("Botswain cannot be {deed:?}"),
        }
    }

    async fn pushes(&mut self, deed: &str) {
        match deed {
            "come" => {
                self.events_are_lost = false;
                self.listen().await;
            }
            "are lost" => {
                self.events_are_lost = true;
                self.harbour.fleet().add_fault(Fault::from(FaultKind::LoseEvents));
            }
            _ => panic!("pushes cannot {deed:?}"),
        }
    }

    /// The event stream as the program follows it, once it stands.
    async fn listen(&mut self) {
        let events = self.harbour.events();
        let (pushes, mut state) = (events.pushes(), events.state());
        let task = AbortOnDropHandle::new(tokio::spawn(events.run(CancellationToken::new())));
        let stands = state.wait_for(|state| *state == StreamState::Stands);
        tokio::time::timeout(DEADLINE, stands).await.unwrap().unwrap();
        self.stream = Some((pushes, task));
    }

    /// Whatever happened: nothing waits that could be said, and nobody was mentioned but those who are configured.
    async fn ends_well(&self) {
        let backlog = self.harbour.parts().store.backlog().await.unwrap();
        assert_eq!((backlog.waiting, backlog.given_up), (0, 0), "something waits in the outbox");
        let waiting = self.harbour.parts().store.waiting_lines().await.unwrap();
        assert_eq!(waiting, 0, "something waits to be told in a thread");
        assert_eq!(self.harbour.mentioned_too_much().await, None, "P8");
    }
}

impl Harbour {
    /// The process is killed as soon as Discord has carried out its next request, before it hears of that. Whether there was
    /// one.
    pub(crate) async fn is_killed_while_it_delivers(&mut self) -> bool {
        let mut witness = self.stand_in().witness();
        let was_carried_out = async {
            loop {
                match witness.recv().await {
                    Some(Seen::Request(request)) if request["method"] != "GET" => return,
                    Some(_) => {}
                    None => std::future::pending().await,
                }
            }
        };
        let killed = tokio::select! {
            biased;
            () = was_carried_out => true,
            _ = self.deliver() => false,
        };
        self.is_killed().await;
        killed
    }

    /// What was sent with a mention of anybody else than the configured roles, or without saying whom it mentions.
    pub(crate) async fn mentioned_too_much(&self) -> Option<String> {
        let mine = [self.seed.on_call.id.to_string(), self.seed.viewers.id.to_string()];
        let all = self.control(reqwest::Method::GET, "/requests", serde_json::Value::Null).await;
        let is_wrong = |request: &&serde_json::Value| {
            let allowed = &request["body"]["allowed_mentions"];
            let roles = allowed["roles"].as_array().cloned().unwrap_or_default();
            let says = request["body"]["content"].is_string();
            says && (allowed["parse"] != json!([])
                || allowed["users"].as_array().is_some_and(|users| !users.is_empty())
                || !roles.iter().all(|role| role.as_str().is_some_and(|role| mine.contains(&role.to_owned()))))
        };
        all.as_array().unwrap().iter().find(is_wrong).map(ToString::to_string)
    }
}
