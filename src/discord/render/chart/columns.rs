//! What each column of pixels shows: the worst of what happened in its time, so that nothing is too short to be seen.

use jiff::Timestamp;

use crate::domain::history::{Count, Lane, Span, State, Step};

/// Where in the picture a time is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) span: Span,
    /// The first column, counted from the picture's left edge.
    pub(super) left: u32,
    /// How many columns there are.
    pub(super) width: u32,
}

impl Scale {
    /// How many columns a moment is from the first one.
    fn column(&self, at: Timestamp) -> u32 {
        let (all, after) = (self.span.length().as_millis(), at.duration_since(self.span.from).as_millis());
        let after = u128::try_from(after).unwrap_or(0);
        let column = (after * u128::from(self.width)).checked_div(all).unwrap_or(0);
        u32::try_from(column).unwrap_or(u32::MAX).min(self.width)
    }

    /// Where a moment is, from the picture's left edge, if it is there.
    pub(super) fn place(&self, at: Timestamp) -> Option<u32> {
        (self.span.from <= at && at <= self.span.until).then(|| self.left + self.column(at))
    }

    /// The columns of a stretch, at least one: the first, and the one after the last.
    pub(super) fn stretch(&self, span: Span) -> Option<(u32, u32)> {
        let within = span.within(self.span)?;
        let from = self.column(within.from).min(self.width.saturating_sub(1));
        Some((from, self.column(within.until).max(from + 1)))
    }
}

/// How one connector was in each column; `None` while nobody looked. Before it was there, it is as if it were gone.
pub(super) fn lane(lane: &Lane, watched: &[Span], scale: Scale) -> Vec<Option<State>> {
    let mut columns = blank(scale);
    for watched in watched {
        paint(&mut columns, scale, *watched, |_| Some(State::Gone));
    }
    for (stretch, state) in watched.iter().filter_map(|w| w.within(scale.span)).flat_map(|w| lane.stretches(w)) {
        paint(&mut columns, scale, stretch, |before| {
            let worse = before.is_none_or(|before| badness(state) > badness(before));
            if worse { Some(state) } else { before }
        });
    }
    columns
}

/// How many were healthy in each column: the fewest.
pub(super) fn counts(steps: &[Step], scale: Scale) -> Vec<Option<Count>> {
    let mut columns = blank(scale);
    for step in steps {
        let Some(count) = step.count else { continue };
        paint(&mut columns, scale, step.span, |before| {
            let fewer = before.is_none_or(|before: Count| (count.best, count.healthy) < (before.best, before.healthy));
            if fewer { Some(count) } else { before }
        });
    }
    columns
}

fn blank<T: Clone>(scale: Scale) -> Vec<Option<T>> {
    vec![None; usize::try_from(scale.width).unwrap_or(0)]
}

fn paint<T: Copy>(columns: &mut [Option<T>], scale: Scale, span: Span, with: impl Fn(Option<T>) -> Option<T>) {
    let Some((from, until)) = scale.stretch(span) else { return };
    let (from, until) = (usize::try_from(from).unwrap_or(0), usize::try_from(until).unwrap_or(0));
    for column in columns.get_mut(from..until).unwrap_or_default() {
        *column = with(*column);
    }
}

/// What is shown of several states in one column.
fn badness(state: State) -> u8 {
    match state {
        State::NotConnected => 7,
        State::OnlineNotConnected => 6,
        State::UnknownWord => 5,
        State::Unread => 4,
        State::Stopped => 3,
        State::ReadyToStart => 2,
        State::Healthy => 1,
        State::Gone => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::Change;
    use crate::domain::ids::ConnectorId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const fn span(from: Timestamp, until: Timestamp) -> Span {
        Span { from, until }
    }

    /// Ten columns of ten seconds each.
    fn scale() -> Scale {
        Scale { span: span(at(0), at(100)), left: 5, width: 10 }
    }

    #[test]
    fn what_is_shorter_than_a_column_is_seen_all_the_same() {
        let change = |second, state| Change { at: at(second), state };
        let changes = vec![
            change(-9, State::Healthy),
            change(44, State::NotConnected),
            change(45, State::Healthy),
            change(80, State::Gone),
        ];
        let of = Lane { connector: ConnectorId::new("a"), name: "a".into(), changes };
        let shown = lane(&of, &[span(at(-50), at(20)), span(at(30), at(200))], scale());
        let (well, gone) = (Some(State::Healthy), Some(State::Gone));
        assert_eq!(
            shown,
            [well, well, None, well, Some(State::NotConnected), well, well, well, gone, gone],
            "and nothing is made up for when nobody looked"
        );
    }

    #[test]
    fn of_several_counts_the_lowest_is_shown() {
        let step = |from, until, healthy| Step {
            span: span(at(from), at(until)),
            count: Some(Count { healthy, best: healthy }),
        };
        let shown = counts(&[step(0, 51, 2), step(51, 52, 0), step(52, 90, 2)], scale());
        let healthy: Vec<_> = shown.iter().map(|count| count.map(|count| count.healthy)).collect();
        let two = Some(2);
        assert_eq!(healthy, [two, two, two, two, two, Some(0), two, two, two, None]);
    }

    #[test]
    fn a_moment_has_its_place_or_none() {
        assert_eq!(
            (scale().place(at(0)), scale().place(at(100)), scale().place(at(55))),
            (Some(5), Some(15), Some(10))
        );
        assert_eq!((scale().place(at(-1)), scale().place(at(101))), (None, None));
        assert_eq!(scale().stretch(span(at(99), at(300))), Some((9, 10)));
        assert_eq!(scale().stretch(span(at(100), at(300))), None);
    }
}
