//! Whether the lifecycle service answers, and with what.

use std::collections::BTreeSet;

use super::Finding;
use crate::config::LifecycleSettings;
use crate::domain::connector::Environment;
use crate::domain::policy::Policy;
use crate::lifecycle::{FleetAnswer, FleetRead, LifecycleClient};

/// Reads the fleet once.
pub(super) async fn look(settings: LifecycleSettings, policy: &Policy) -> Vec<Finding> {
    let client = match LifecycleClient::new(settings.into()) {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::wrong(
                format!("Lifecycle service: {error}."),
                "Put LIFECYCLE_URL and LIFECYCLE_TOKEN right.",
            )];
        }
    };
    match client.fleet(None).await {
        Ok(FleetAnswer::Read(read)) => judge(&read, policy),
        // Without a tag there is nothing that it could be the same as, and the client says so.
        Ok(FleetAnswer::NotModified) => Vec::new(),
        Err(error) => vec![Finding::wrong(
            format!("Lifecycle service: {error}."),
            format!(
                "{} Then see that it runs, and that LIFECYCLE_URL and LIFECYCLE_TOKEN are its own.",
                error.person()
            ),
        )],
    }
}

fn judge(read: &FleetRead, policy: &Policy) -> Vec<Finding> {
    let bots: BTreeSet<_> = read.connectors.iter().map(|connector| &connector.bot.id).collect();
    let places: BTreeSet<_> = read.connectors.iter().map(|connector| connector.environment.clone()).collect();
    let names: Vec<_> = places.iter().map(Environment::title).collect();
    let mut findings = vec![Finding::fine(format!(
        "Lifecycle service: it answers, with {} of {} in {}.",
        counted(read.connectors.len(), "connector"),
        counted(bots.len(), "bot"),
        if names.is_empty() { "no environment".to_owned() } else { names.join(", ") },
    ))];
    if !read.complete {
        findings.push(Finding::wrong(
            "Lifecycle service: not every page of the fleet could be read.",
            "Until it can, what is missing counts as unknown, and that is an alert. Look at the service's log.",
        ));
    }
    if let Some(first) = read.malformed.first() {
        findings.push(Finding::note(
            format!(
                "Lifecycle service: {} cannot be read; the first: {}.",
                counted(read.malformed.len(), "record"),
                crate::discord::render::escape::label(&first.why, 200)
            ),
            "Hold the service against its contract (botswain contract). What cannot be read counts as unknown.",
        ));
    }
    let watched = policy.watched.iter().chain(&policy.named).collect::<BTreeSet<_>>();
    for empty in watched.into_iter().filter(|environment| !places.contains(environment)) {
        findings.push(Finding::note(
            format!("Lifecycle service: nothing is deployed to {}, which the settings name.", empty.title()),
            "If that is a slip, put FAILOVER_ENVIRONMENTS right, or the file that BOTSWAIN_CONFIG names.",
        ));
    }
    findings
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
