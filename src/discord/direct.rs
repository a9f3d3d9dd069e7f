//! Posts alerts directly while they cannot be written down, so that a full disk or a database that is gone silences none.
//!
//! Each incident once for each severity, said to be perhaps repeated, and edited as it changes. Once the store works again
//! its card takes over, and what was posted says where that is. What stands where is known here only: a process that is
//! killed leaves its posts as they are.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::delivery::body::Face;
use super::delivery::pace::{Route, Then, after};
use super::delivery::{Outlet, lock};
use super::render::Context;
use super::render::direct::{Standing, alert as rendered};
use crate::discord_api::ApiError;
use crate::domain::ids::{ChannelId, GuildId, Id, MessageId};
use crate::domain::incident::Severity;
use crate::domain::notice::Slot;
use crate::monitor::direct::{DirectAlert, DirectAlerts};
use crate::store::Store;

/// How often it is looked whether a card stands that is to be pointed at, and for how long.
const LOOK_FOR_CARD: Duration = Duration::from_secs(2);
const CARD_WITHIN: Duration = Duration::from_secs(600);
/// The longest and the shortest sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);
/// How much is done about one incident before the others have their turn.
const DEEDS_AT_ONCE: usize = 8;
/// How long the last edits may take when the process ends.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Posts what cannot be written down.
#[derive(Debug)]
pub struct Direct {
    alerts: DirectAlerts,
    store: Store,
    outlet: Outlet,
    context: Context,
    guild: GuildId,
    elsewhere: Option<ChannelId>,
    posted: BTreeMap<Id, Posted>,
}

/// What was posted of one incident.
#[derive(Debug, Default)]
struct Posted {
    posts: Vec<Post>,
    failures: u32,
    /// Nothing is tried before this.
    due: Option<Timestamp>,
    /// Its own channel refused it, so the other one is tried.
    elsewhere: bool,
    /// What Discord would not take: the digest of it.
    gave_up: Option<String>,
    /// Since when it is known to be written down.
    kept_since: Option<Timestamp>,
}

#[derive(Debug)]
struct Post {
    channel: ChannelId,
    /// `None` once somebody deleted it.
    message: Option<MessageId>,
    digest: String,
    announced: Severity,
}

/// What is to be done next about an incident.
enum Deed {
    Post(Face),
    Edit { post: usize, face: Face },
    Forget,
    Wait(Timestamp),
    Nothing,
}

/// What was tried: to edit this post, or to make one.
struct Tried<'a> {
    post: Option<usize>,
    route: Route,
    face: &'a Face,
}

impl Direct {
    /// Posts `alerts` through the delivery's own outlet, so that both keep one quiet. Where an alert's own channel takes
    /// nothing, it is posted `elsewhere`.
    pub fn new(
        alerts: DirectAlerts,
        store: Store,
        outlet: Outlet,
        context: Context,
        guild: GuildId,
        elsewhere: Option<ChannelId>,
    ) -> Self {
        Self { alerts, store, outlet, context, guild, elsewhere, posted: BTreeMap::new() }
    }

    /// Posts until `shutdown`; then says on what stands there that nobody edits it any more.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let now = Timestamp::now();
            let sleep = self.step(now).await.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.alerts.changed() => {}
                () = tokio::time::sleep(sleep.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)) => {}
            }
        }
        if tokio::time::timeout(LEAVE_WITHIN, self.leave(Timestamp::now())).await.is_err() {
            tracing::warn!("what was posted directly could not be edited to say that this process ended");
        }
    }

    /// Does what there is to do now; when there is more to do later, it says when.
    pub async fn step(&mut self, now: Timestamp) -> Option<Timestamp> {
        let mut next = None;
        for alert in self.alerts.list() {
            let due = self.tend(&alert, now).await;
            next = [next, due].into_iter().flatten().min();
        }
        next
    }

    async fn tend(&mut self, alert: &DirectAlert, now: Timestamp) -> Option<Timestamp> {
        for _ in 0..DEEDS_AT_ONCE {
            let held = self.posted.get(&alert.incident.id).and_then(|posted| posted.due).filter(|due| *due > now);
            if held.is_some() {
                return held;
            }
            let done = match self.next(alert, now).await {
                Deed::Post(face) => self.post(alert, &face, now).await,
                Deed::Edit { post, face } => self.edit(alert, post, &face, now).await,
                Deed::Wait(until) => return Some(until),
                Deed::Nothing => return None,
                Deed::Forget => {
                    self.posted.remove(&alert.incident.id);
                    self.alerts.forget(&alert.incident.id);
                    return None;
                }
            };
            let posted = self.posted.entry(alert.incident.id.clone()).or_default();
            match done {
                Ok(()) => (posted.failures, posted.due) = (0, None),
                Err(due) => (posted.failures, posted.due) = (posted.failures.saturating_add(1), Some(due)),
            }
        }
        Some(now)
    }

    async fn next(&mut self, alert: &DirectAlert, now: Timestamp) -> Deed {
        let standing = match &alert.kept_as {
            None => Standing::Alone,
            Some(_) if !self.posted.contains_key(&alert.incident.id) => return Deed::Forget,
            Some(kept) => match self.card(&alert.incident.id, kept, now).await {
                Ok(standing) => standing,
                Err(until) => return Deed::Wait(until),
            },
        };
        let face = Face::new(rendered(&alert.incident, alert.ping, &standing, &self.context).body());
        let posted = self.posted.entry(alert.incident.id.clone()).or_default();
        let outdated = |post: &Post| post.message.is_some() && post.digest != face.digest;
        if standing == Standing::Alone {
            posted.kept_since = None;
            let announced = alert.incident.announced;
            let worst = posted.posts.iter().map(|post| post.announced).max();
            let is_news = worst.is_none_or(|worst| alert.ping && announced > worst);
            if is_news && posted.gave_up.as_ref() != Some(&face.digest) {
                return Deed::Post(face);
            }
        }
        match posted.posts.iter().position(outdated) {
            Some(post) => Deed::Edit { post, face },
            None if standing == Standing::Alone => Deed::Nothing,
            None => Deed::Forget,
        }
    }

    /// Where the card stands by which the incident is known now; or until when to wait for it.
    async fn card(&mut self, incident: &Id, kept: &Id, now: Timestamp) -> Result<Standing, Timestamp> {
        let posted = self.posted.entry(incident.clone()).or_default();
        let since = *posted.kept_since.get_or_insert(now);
        match self.store.place_of(&Slot::Card(kept.clone())).await {
            Ok(Some((channel, message))) => {
                let card = format!("https://discord.com/channels/{}/{channel}/{message}", self.guild);
                Ok(Standing::Over { card: Some(card) })
            }
            Ok(None) if now.duration_since(since).unsigned_abs() >= CARD_WITHIN => Ok(Standing::Over { card: None }),
            Ok(None) => Err(later(now, LOOK_FOR_CARD)),
            Err(error) => {
                tracing::warn!(%error, "where a card stands cannot be read");
                Err(later(now, LOOK_FOR_CARD))
            }
        }
    }

    async fn post(&mut self, alert: &DirectAlert, face: &Face, now: Timestamp) -> Result<(), Timestamp> {
        let incident = &alert.incident;
        let elsewhere = self.posted.get(&incident.id).is_some_and(|posted| posted.elsewhere);
        let channel = self.elsewhere.filter(|_| elsewhere).unwrap_or(alert.channel);
        let name = format!("direct:{}:{}", incident.id, incident.announced.word());
        let route = Route::Post(channel);
        self.outlet.may_send(route, now)?;
        match self.outlet.api.create_message(channel, &face.post_once(&name, None)).await {
            Ok(message) => {
                tracing::warn!(incident = incident.id.reference(), %channel, %message, ping = alert.ping, "posted directly");
                if alert.ping {
                    self.alerts.mentioned(&incident.id, incident.announced);
                }
                let digest = face.digest.clone();
                let post = Post { channel, message: Some(message), digest, announced: incident.announced };
                self.posted.entry(incident.id.clone()).or_default().posts.push(post);
                Ok(())
            }
            Err(error) => Err(self.failed(alert, Tried { post: None, route, face }, &error, now)),
        }
    }

    async fn edit(&mut self, alert: &DirectAlert, at: usize, face: &Face, now: Timestamp) -> Result<(), Timestamp> {
        let posted = self.posted.entry(alert.incident.id.clone()).or_default();
        let Some(post) = posted.posts.get_mut(at) else { return Ok(()) };
        let Some(message) = post.message else { return Ok(()) };
        let route = Route::Edit(post.channel);
        self.outlet.may_send(route, now)?;
        match self.outlet.api.edit_message(post.channel, message, &face.edit()).await {
            Ok(()) => {
                post.digest.clone_from(&face.digest);
                Ok(())
            }
            Err(error) => Err(self.failed(alert, Tried { post: Some(at), route, face }, &error, now)),
        }
    }

    /// Takes in that something was not sent; until when to wait.
    fn failed(&mut self, alert: &DirectAlert, tried: Tried<'_>, error: &ApiError, now: Timestamp) -> Timestamp {
        let incident = &alert.incident;
        let posted = self.posted.entry(incident.id.clone()).or_default();
        tracing::error!(incident = incident.id.reference(), channel = %alert.channel, %error, "an alert could not be sent directly");
        let then = after(error, posted.failures);
        match (then, tried.post) {
            (Then::Quiet { wait, global }, _) => {
                let until = later(now, wait);
                lock(&self.outlet.quiet).keep(tried.route, global, until);
                until
            }
            (Then::Again(wait), _) => later(now, wait),
            (Then::Mend(wait), None) => {
                // The two channels take turns, for as long as neither takes it.
                posted.elsewhere = !posted.elsewhere && self.elsewhere.is_some_and(|other| other != alert.channel);
                if posted.elsewhere { now } else { later(now, wait) }
            }
            (Then::Mend(wait), Some(_)) if alert.kept_as.is_none() => later(now, wait),
            (Then::GiveUp | Then::Continue, None) => {
                posted.gave_up = Some(tried.face.digest.clone());
                now
            }
            // It was posted before, and somebody deleted it, and so has seen it.
            (Then::Anew, None) => {
                posted.posts.push(Post {
                    channel: alert.channel,
                    message: None,
                    digest: tried.face.digest.clone(),
                    announced: incident.announced,
                });
                now
            }
            // What stands there stays as it is.
            (Then::Anew | Then::Continue | Then::GiveUp | Then::Mend(_), Some(post)) => {
                if let Some(post) = posted.posts.get_mut(post) {
                    post.message = None;
                }
                now
            }
        }
    }

    /// Says on everything that stands there that nobody edits it any more.
    async fn leave(&mut self, now: Timestamp) {
        for alert in self.alerts.list().into_iter().filter(|alert| alert.kept_as.is_none()) {
            let face = Face::new(rendered(&alert.incident, false, &Standing::Left, &self.context).body());
            let posts = self.posted.get(&alert.incident.id).map_or(0, |posted| posted.posts.len());
            for post in 0..posts {
                // What does not succeed now is not tried again: what it says is true for then.
                self.edit(&alert, post, &face, now).await.ok();
            }
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
