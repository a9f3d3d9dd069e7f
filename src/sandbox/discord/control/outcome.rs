//! What became of an interaction, for those who acted and for those who wait.
use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Bad, Input};
use crate::sandbox::discord::{
    refusal::{self, Refused},
    shared::Shared,
    snowflake::Snowflake,
    world::{Interaction, NO_ANSWER, Outcome, State as Stage, World},
};

/// An interaction as it stands, or why there is none.
pub(super) type Told = Result<Json<Value>, Bad>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    interaction_id: Snowflake,
    timeout_ms: u64,
}

pub(super) async fn wait(State(shared): State<Arc<Shared>>, Input(input): Input<Wait>) -> Told {
    shared.look(|inner| {
        inner
            .world
            .interactions
            .get(&input.interaction_id)
            .map(|_| ())
            .ok_or(Refused::from(refusal::UNKNOWN_INTERACTION))
    })?;
    let done = |found: &Interaction| matches!(found.state, Stage::Answered | Stage::Failed);
    until(&shared, input.interaction_id, Duration::from_millis(input.timeout_ms), done).await;
    Ok(Json(shared.look(|inner| {
        inner.world.interactions.get(&input.interaction_id).map_or(Value::Null, |found| told(&inner.world, found))
    })))
}

/// Waits for the first answer, or until its time is over. The time runs on even if the asker goes away.
pub(super) async fn first_answer(shared: &Arc<Shared>, id: Snowflake) -> Told {
    let watched = Arc::clone(shared);
    let deadline = tokio::spawn(async move {
        let answered = |found: &Interaction| found.state != Stage::Waiting;
        if !until(&watched, id, watched.options.interaction_deadline, answered).await {
            watched.act(|inner, _| inner.world.expire(id));
        }
    });
    deadline.await.map_err(|why| Bad(axum::http::StatusCode::INTERNAL_SERVER_ERROR, why.to_string()))?;
    Ok(Json(
        shared.look(|inner| inner.world.interactions.get(&id).map_or(Value::Null, |found| told(&inner.world, found))),
    ))
}

/// Waits until the interaction is as asked; says whether it came to that within the time.
async fn until(shared: &Shared, id: Snowflake, time: Duration, done: impl Fn(&Interaction) -> bool) -> bool {
    let mut changes = shared.changes();
    let reached = async {
        while !shared.look(|inner| inner.world.interactions.get(&id).is_none_or(&done)) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        outcome = tokio::time::timeout(time, reached) => outcome.is_ok(),
        () = shared.closed.cancelled() => false,
    }
}

/// An interaction as those who acted are told.
pub(super) fn told(world: &World, interaction: &Interaction) -> Value {
    let mut whole = json!({"interaction_id": interaction.id, "state": interaction.state});
    let Some(map) = whole.as_object_mut() else {
        return whole;
    };
    let outcome = match interaction.outcome {
        Some(outcome) => json!(outcome),
        None if interaction.state == Stage::Failed => json!("failed"),
        None => Value::Null,
    };
    map.insert("outcome".into(), outcome);
    let after = |at: Option<Timestamp>| at.map(|at| at.duration_since(interaction.created).as_micros());
    map.insert("first_us".into(), json!(after(interaction.first)));
    map.insert("settled_us".into(), json!(after(interaction.settled)));
    match interaction.outcome {
        Some(Outcome::Choices) => {
            map.insert("choices".into(), json!(interaction.choices));
        }
        Some(Outcome::Modal) => {
            map.insert("modal".into(), json!(interaction.modal));
        }
        Some(_) => {
            let message = interaction.original.and_then(|id| world.messages.get(&id));
            map.insert("message".into(), message.map_or(Value::Null, |message| world.seen_message(message)));
            let further: Vec<Value> = interaction
                .messages
                .iter()
                .filter(|id| Some(**id) != interaction.original)
                .filter_map(|id| world.messages.get(id))
                .map(|message| world.seen_message(message))
                .collect();
            map.insert("follow_ups".into(), json!(further));
        }
        None if interaction.state == Stage::Failed => {
            map.insert("error".into(), json!(NO_ANSWER));
        }
        None => {}
    }
    whole
}
