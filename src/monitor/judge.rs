//! From what is seen to what is written: bots, then what many of them make together, then what is grouped.

use super::Monitor;
use super::observe::{Glance, Lookout};
use super::round::{Case, Open, Seen, Told, changes, own_incidents, tell};
use super::storm::{self, Part};
use crate::domain::ids::Id;
use crate::domain::incident::{Blind, Subject};
use crate::domain::judging::{Observation, Patience, Standing};

use jiff::Timestamp;

impl Monitor {
    /// Judges these bots, and what they make of a storm together with all others that are kept.
    pub(super) async fn judge_bots<'a>(
        &self,
        lookout: &Lookout<'_>,
        glances: &[Glance<'_>],
        open: &'a Open,
    ) -> Vec<Case<'a>> {
        let on = open.get(&Subject::Storm).map(|kept| &kept.incident);
        let of_bots = open.of_bots();
        let seen = glances.iter().filter_map(|glance| {
            let kept = of_bots.get(&(&glance.view.bot.id, &glance.view.environment)).copied();
            let matters = kept.is_some() || Standing::of(glance.level) == Standing::Incident;
            matters.then(|| Seen {
                observation: lookout.failover(*glance, kept.map(|kept| &kept.incident)),
                open: kept,
                patience: Patience::of(glance.terms),
                channel: glance.terms.alert_channel,
            })
        });
        let mut bots = self.cases(seen.collect(), on.map(|storm| &storm.id), lookout.now).await;
        let mut cases: Vec<_> = self.storm(lookout, &mut bots, open).await.into_iter().collect();
        cases.append(&mut bots);
        cases
    }

    /// Judges what takes a whole look to be seen: environments, and our own sight.
    pub(super) async fn judge_together<'a>(
        &self,
        lookout: &Lookout<'_>,
        bots: &[Case<'_>],
        glances: &[Glance<'_>],
        open: &'a Open,
        blind: Option<Blind>,
    ) -> Vec<Case<'a>> {
        let seen = self.seen_together(lookout, bots, glances, open, blind);
        self.cases(seen, None, lookout.now).await
    }

    /// Writes what follows, and says so in the log.
    pub(super) async fn write(&self, cases: &[Case<'_>], now: Timestamp) -> Told {
        let (changes, ends) = changes(cases);
        let written = self.keeper.write_incidents(&changes, now).await;
        tell(cases, &written, &ends)
    }

    async fn cases<'a>(&self, seen: Vec<Seen<'a>>, storm: Option<&Id>, now: Timestamp) -> Vec<Case<'a>> {
        let asked = seen.iter().filter(|seen| seen.asks_for_the_last(now)).map(|seen| &seen.observation.subject);
        let mut last = self.keeper.last_incidents(&asked.collect::<Vec<_>>()).await;
        let judge = |seen: Seen<'a>| {
            let last = if last.is_empty() { None } else { last.remove(&seen.observation.subject.name()) };
            seen.judge(last, storm, now)
        };
        seen.into_iter().map(judge).collect()
    }

    /// Judges whether there is a storm, and lets it take up the bots that it is made of, or leave behind those that outlast it.
    async fn storm<'a>(&self, lookout: &Lookout<'_>, bots: &mut [Case<'_>], open: &'a Open) -> Option<Case<'a>> {
        let (policy, now) = (lookout.policy, lookout.now);
        let kept = open.get(&Subject::Storm);
        let on = kept.map(|kept| &kept.incident);
        let observation = storm::observe(bots, open, &self.in_use, policy.storm_bots, lookout)?;
        let patience = Patience::with_what_has_lasted(policy.everywhere());
        let channel = storm::channel(bots, now).unwrap_or(policy.everywhere().alert_channel);
        let seen = Seen { observation, open: kept, patience, channel };
        let storm = self.cases(vec![seen], None, now).await.pop();
        let after = storm.as_ref().and_then(Case::incident).filter(|storm| storm.resolved_at().is_none());
        for case in bots {
            match (storm::part_of(case, on, now), after) {
                (Some(Part::Newly), Some(storm)) => case.judge_again(Some(&storm.id), now),
                (Some(Part::Swept), None) => case.judge_again(None, now),
                _ => {}
            }
        }
        storm
    }

    /// What is seen of environments as a whole, and of our own sight.
    fn seen_together<'a>(
        &self,
        lookout: &Lookout<'_>,
        bots: &[Case<'_>],
        glances: &[Glance<'_>],
        open: &'a Open,
        blind: Option<Blind>,
    ) -> Vec<Seen<'a>> {
        let (fleet, policy) = (&lookout.picture.fleet, lookout.policy);
        let mut environments = fleet.environments();
        environments.extend(open.all().filter_map(|kept| match &kept.incident.subject {
            Subject::NeverRedundant { environment } | Subject::Load { environment } => Some(environment.clone()),
            _ => None,
        }));
        environments.sort();
        environments.dedup();
        let own = own_incidents(bots);
        let there = glances.get(..fleet.bots().len()).unwrap_or_default();
        let mut seen = Vec::new();
        for environment in environments.iter().filter(|_| self.eye.read_once()) {
            let from = there.partition_point(|glance| glance.view.environment < *environment);
            let to = there.partition_point(|glance| glance.view.environment <= *environment);
            let here = there.get(from..to).unwrap_or_default();
            let terms = policy.terms_in(environment);
            let mut add = |observation: Observation| {
                let (patience, channel) = (Patience::of(terms), terms.alert_channel);
                seen.push(Seen { open: open.get(&observation.subject), observation, patience, channel });
            };
            let known = open.incident(&Subject::NeverRedundant { environment: environment.clone() });
            add(lookout.never_redundant(environment, here, known, &own));
            let known = open.incident(&Subject::Load { environment: environment.clone() });
            add(lookout.load(environment, here, known, &own));
        }
        let terms = policy.everywhere();
        let observation = lookout.sight(blind, self.eye.sees_all(), open.incident(&Subject::Blind));
        seen.push(Seen {
            observation,
            open: open.get(&Subject::Blind),
            patience: Patience::with_what_has_lasted(terms),
            channel: terms.alert_channel,
        });
        seen
    }
}
