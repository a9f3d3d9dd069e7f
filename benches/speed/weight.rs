//! What the program weighs, before and after many interactions, and how soon it is there.

use crate::Measure;
use crate::crowd;
use crate::figures::median;
use crate::process::{Harbour, Kind};

/// How many interactions are under way at once while it is made to work.
const AT_ONCE: usize = 16;

pub async fn measure(measure: Measure) {
    println!("\nStart: ms until on the gateway, and until the commands are registered; memory: MiB resident");
    for (name, kind, connectors) in [
        ("pong", Kind::Pong, 0),
        ("botswain, demo's fleet", Kind::Botswain, 0),
        ("botswain, large fleet", Kind::Botswain, measure.connectors),
    ] {
        let mut harbour = Harbour::open(kind, connectors).await;
        let mut starts = Vec::new();
        for _ in 0..measure.rounds {
            harbour.kill();
            starts.push(harbour.start().await);
        }
        let ready = median(starts.iter().map(|(ready, _)| ready.as_secs_f64() * 1e3));
        let registered = median(starts.iter().map(|(_, registered)| registered.as_secs_f64() * 1e3));
        // A few polls.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let idle = harbour.resident();
        let mut line = format!("{name:<26}READY {ready:>6.0}  registered {registered:>6.0}  idle {idle:>6.1} MiB");
        let mut done = 0;
        for share in [10, 2, 1] {
            let count = measure.heavy / share - done;
            work(&harbour, kind, count).await;
            done += count;
            line.push_str(&format!("  after {done}: {:>6.1}", harbour.resident()));
        }
        println!("{line}");
    }
}

async fn work(harbour: &Harbour, kind: Kind, count: usize) {
    let (what, body) = match kind {
        Kind::Pong => ("commands", crowd::command("ping", serde_json::json!([]))),
        Kind::Botswain => ("commands", crowd::bots("status", &[("env", "production")], false)),
    };
    let mut left = count;
    while left > 0 {
        let batch = left.min(1_000);
        crowd::act(harbour, what, vec![body.clone(); batch], AT_ONCE).await;
        left -= batch;
    }
}
