//! The times that the axis names: round ones, by the clock of the people who read them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Unit, Zoned, ZonedRound};

use crate::domain::history::Span;

/// How many there are at most.
const MOST: i64 = 10;

/// A time, with what is written below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) at: Timestamp,
    pub(super) label: String,
}

/// How far apart they may be, in minutes.
const APART: [i64; 9] = [10, 30, 60, 180, 360, 1440, 3 * 1440, 7 * 1440, 15 * 1440];

/// The ticks of a time.
pub(super) fn of(span: Span, zone: &TimeZone) -> Vec<Tick> {
    let minutes = i64::try_from(span.length().as_secs() / 60).unwrap_or(i64::MAX);
    let apart = APART.into_iter().find(|apart| minutes / apart <= MOST).unwrap_or(minutes.max(1));
    let (first, until) = (span.from.to_zoned(zone.clone()), span.until.to_zoned(zone.clone()));
    let Some(mut tick) = round(&first, apart) else { return Vec::new() };
    let mut ticks = Vec::new();
    while tick <= until && ticks.len() < 100 {
        if tick >= first {
            ticks.push(Tick { at: tick.timestamp(), label: label(&tick, apart) });
        }
        // Days are as long as the clock makes them; the round hours are found again after a clock was changed.
        let next =
            if apart >= 1440 { tick.checked_add((apart / 1440).days()) } else { tick.checked_add(apart.minutes()) };
        match next {
            Ok(next) => {
                tick = if apart >= 1440 { next } else { round(&next, apart).filter(|r| *r > tick).unwrap_or(next) }
            }
            Err(_) => break,
        }
    }
    ticks
}

/// The last round time before one.
fn round(time: &Zoned, apart: i64) -> Option<Zoned> {
    let day = time.start_of_day().ok()?;
    if apart >= 1440 {
        return Some(day);
    }
    if apart <= 60 {
        let rounding = ZonedRound::new().smallest(Unit::Minute).increment(apart.min(30)).mode(jiff::RoundMode::Floor);
        let hour = ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor);
        return time.round(if apart == 60 { hour } else { rounding }).ok();
    }
    let hours = apart / 60;
    let hour = i64::from(time.hour()) / hours * hours;
    time.with().hour(i8::try_from(hour).ok()?).minute(0).second(0).subsec_nanosecond(0).build().ok()
}

fn label(time: &Zoned, apart: i64) -> String {
    let midnight = (time.hour(), time.minute()) == (0, 0);
    if apart >= 1440 || midnight { time.strftime("%-d %b").to_string() } else { time.strftime("%H:%M").to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: &str, until: &str) -> Vec<String> {
        // Berlin's rule: CET, and CEST from the last Sunday of March to the last one of October.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let span = Span { from: from.parse().unwrap(), until: until.parse().unwrap() };
        of(span, &zone).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn times_are_round_by_the_readers_clock() {
        assert_eq!(
            labels("2027-01-15T08:07:30Z", "2027-01-15T09:07:30Z"),
            ["09:10", "09:20", "09:30", "09:40", "09:50", "10:00"]
        );
        assert_eq!(
            labels("2027-01-14T12:30:00Z", "2027-01-15T12:30:00Z"),
            ["15:00", "18:00", "21:00", "15 Jan", "03:00", "06:00", "09:00", "12:00"]
        );
        assert_eq!(
            labels("2027-01-10T12:00:00Z", "2027-01-15T12:00:00Z"),
            ["11 Jan", "12 Jan", "13 Jan", "14 Jan", "15 Jan"]
        );
    }

    #[test]
    fn a_clock_that_is_put_forward_or_back_leaves_them_round() {
        let spring = labels("2027-03-27T22:00:00Z", "2027-03-28T22:00:00Z");
        assert_eq!(spring, ["28 Mar", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "29 Mar"]);
        let autumn = labels("2027-10-30T21:00:00Z", "2027-10-31T22:00:00Z");
        assert!(autumn.ends_with(&["18:00".into(), "21:00".into()]), "{autumn:?}");
    }

    #[test]
    fn there_are_never_many() {
        for hours in [1, 2, 6, 24, 100, 168, 720, 2160] {
            let from: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
            let span = Span { from, until: from.checked_add(hours.hours()).unwrap() };
            let count = of(span, &TimeZone::UTC).len();
            assert!((2..=11).contains(&count), "{hours} h: {count}");
        }
    }
}
