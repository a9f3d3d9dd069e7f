//! Figures: percentiles of one round, medians over rounds, and how long this disk takes to make a write durable.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// What was measured in one round, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Round(Vec<f64>);

impl Round {
    pub fn new(mut micros: Vec<f64>) -> Self {
        micros.sort_by(f64::total_cmp);
        Self(micros)
    }

    /// The least value that this share of them does not exceed.
    pub fn percentile(&self, share: f64) -> f64 {
        let place = (share * self.0.len() as f64).ceil() as usize;
        self.0[place.clamp(1, self.0.len()) - 1]
    }
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// How long this disk takes to make one page of a file durable, as SQLite does at each commit: p50 and p99.
pub fn fsync() -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = File::create(folder.path().join("page")).unwrap();
    let once = |file: &mut File| {
        file.write_all(&[7; 4096]).unwrap();
        let began = Instant::now();
        file.sync_data().unwrap();
        micros(began.elapsed())
    };
    let round = Round::new((0..200).map(|_| once(&mut file)).collect());
    (round.percentile(0.5), round.percentile(0.99))
}
