//! Until when, in people's words: for how long ("45m", "2h 30m", "3 days"), or until what time of day ("14:30", "tomorrow
//! 9:00"), in the time zone of the settings. Discord tells nobody's time zone. Pure.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Zoned};

/// The least time that anything can be put off.
const LEAST: Duration = Duration::from_secs(60);
/// What "tomorrow" means without a time of day.
const MORNING: Time = Time::constant(9, 0, 0, 0);
/// Until then the night belongs to the day before: whoever is woken at 3:00 and says "tomorrow" means after this night.
const NIGHT_ENDS: Time = Time::constant(5, 0, 0, 0);

/// Why a text says no time until which something could be put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotATime {
    /// It is neither a duration nor a time of day.
    NotUnderstood,
    /// It is over already, or in less than a minute.
    TooSoon,
    /// It is further away than anything may be put off.
    TooLate {
        /// How far that is.
        most: Duration,
    },
}

/// Reads until when something is to be put off, at most `most` from now.
///
/// # Errors
/// If it cannot be understood, or is too soon or too far away.
pub fn until(text: &str, zone: &TimeZone, most: Duration, now: Timestamp) -> Result<Timestamp, NotATime> {
    let text = text.trim().to_lowercase();
    let here = now.to_zoned(zone.clone());
    let then = match text.strip_prefix("tomorrow") {
        Some("") => tomorrow_at(&here, MORNING),
        Some(time) => time_of_day(time).and_then(|time| tomorrow_at(&here, time)),
        None => match time_of_day(&text) {
            Some(time) => next(&here, time),
            None => text.parse::<Span>().ok().and_then(|span| here.checked_add(span).ok()),
        },
    };
    let then = then.ok_or(NotATime::NotUnderstood)?.timestamp();
    if then < now.saturating_add(LEAST).unwrap_or(now) {
        return Err(NotATime::TooSoon);
    }
    if now.saturating_add(most).is_ok_and(|last| then > last) {
        return Err(NotATime::TooLate { most });
    }
    Ok(then)
}

/// In the night, tomorrow is after this night.
fn tomorrow_at(here: &Zoned, time: Time) -> Option<Zoned> {
    let in_the_night = here.time() < NIGHT_ENDS;
    let day = if in_the_night { here.date() } else { here.date().tomorrow().ok()? };
    at(here, day.to_datetime(time))
}

/// The next time that the clock shows this.
fn next(here: &Zoned, time: Time) -> Option<Zoned> {
    let today = at(here, here.date().to_datetime(time))?;
    if today > *here { Some(today) } else { at(here, here.date().checked_add(1.day()).ok()?.to_datetime(time)) }
}

/// A clock that is put forward leaves times out: then it is the time after.
fn at(here: &Zoned, then: jiff::civil::DateTime) -> Option<Zoned> {
    here.time_zone().to_zoned(then).ok()
}

/// "9:00", "09:00", "14:30".
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str, digits: usize| {
        let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.parse::<i8>().ok()).flatten()
    };
    let minute = number(minute, 2).filter(|_| minute.len() == 2)?;
    Time::new(number(hour, 2)?, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    /// Berlin's rule: CET, and CEST from the last Sunday of March to the last one of October.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told(text: &str, now: &str) -> Result<String, NotATime> {
        until(text, &berlin(), WEEK, at(now)).map(|then| then.to_string())
    }

    #[test]
    fn how_long_and_until_when_are_both_understood() {
        let now = "2027-01-15T12:00:00Z";
        for (text, then) in [
            ("45m", "2027-01-15T12:45:00Z"),
            (" 2h ", "2027-01-15T14:00:00Z"),
            ("1h30m", "2027-01-15T13:30:00Z"),
            ("1h 30m", "2027-01-15T13:30:00Z"),
            ("90 minutes", "2027-01-15T13:30:00Z"),
            ("2 days", "2027-01-17T12:00:00Z"),
            ("14:30", "2027-01-15T13:30:00Z"),
            ("9:00", "2027-01-16T08:00:00Z"),
            ("Tomorrow 09:15", "2027-01-16T08:15:00Z"),
            ("tomorrow", "2027-01-16T08:00:00Z"),
        ] {
            assert_eq!(told(text, now).as_deref(), Ok(then), "{text}");
        }
        for text in ["", "soon", "9", "9:5", "25:00", "12:60", "-1:30", "tomorrow soon", "1 fortnight", "+9:00"] {
            assert_eq!(told(text, now), Err(NotATime::NotUnderstood), "{text:?}");
        }
        for text in ["0m", "59s", "-2h", "2h ago"] {
            assert_eq!(told(text, now), Err(NotATime::TooSoon), "{text}");
        }
        for text in ["8 days", "9999 days"] {
            assert_eq!(told(text, now), Err(NotATime::TooLate { most: WEEK }), "{text}");
        }
    }

    #[test]
    fn tomorrow_is_after_this_night() {
        for (now, then) in [
            ("2027-01-15T22:59:00Z", "2027-01-16T08:00:00Z"),
            ("2027-01-16T02:00:00Z", "2027-01-16T08:00:00Z"),
            ("2027-01-16T04:00:00Z", "2027-01-17T08:00:00Z"),
            // The clock is put forward in this night.
            ("2027-03-27T23:30:00Z", "2027-03-28T07:00:00Z"),
        ] {
            assert_eq!(until("tomorrow 9:00", &berlin(), WEEK, at(now)), Ok(at(then)), "{now}");
        }
        // 2:30 is left out in that night.
        assert_eq!(told("2:30", "2027-03-28T00:00:00Z").as_deref(), Ok("2027-03-28T01:30:00Z"));
    }

    proptest! {
        #[test]
        fn no_text_puts_anything_off_for_longer_than_it_may(text in "\\PC{0,24}|[0-9]{1,6} ?[a-z]{1,8}", second in 0_i64..4_000_000_000) {
            let now = Timestamp::from_second(second).unwrap();
            if let Ok(then) = until(&text, &berlin(), WEEK, now) {
                let after = then.duration_since(now);
                prop_assert!(after.is_positive() && after.unsigned_abs() >= LEAST && after.unsigned_abs() <= WEEK);
            }
        }
    }
}
