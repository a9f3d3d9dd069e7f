//! A history as a picture: healthy connectors over time against the minimum, what happened, and a lane for each connector.
//!
//! Legible on any ground, since it brings its own; and to whoever does not tell colours apart, since each state has a pattern
//! besides its colour (Okabe and Ito's, <https://jfly.uni-koeln.de/color/>) and the legend names both.

mod canvas;
mod columns;
mod font;
mod ticks;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::canvas::Unpainted;
use self::canvas::{Align, Area, Canvas, Paint, palette};
use self::columns::{Scale, counts, lane};
use crate::domain::action::Verb;
use crate::domain::history::{History, Span, State};

/// Pixels of a picture's width. Discord shows it at about half of that, so that it is sharp on any screen.
const WIDTH: u32 = 1200;
/// Where the time begins, and how much is left free at its end.
const LEFT: u32 = 210;
const RIGHT: u32 = 30;
/// The panel of the counts.
const TOP: u32 = 74;
const PANEL: u32 = 200;
/// How large the title is, and all else.
const TITLE: u32 = 22;
const SMALL: u32 = 15;
/// From one lane to the next, and how thick it is.
const PITCH: u32 = 32;
const THICK: u32 = 22;
/// The most connectors that get a lane: those that were unwell for longest.
const LANES: usize = 20;
/// How far apart the signs of two operations are at least.
const SIGNS_APART: u32 = 14;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What stands above it: whose history it is, by name and by id,
    pub bot: (&'a str, &'a str),
    /// and of what it is one.
    pub title: &'a str,
    /// What was seen.
    pub history: &'a History,
    /// The least number of healthy connectors wanted; 0 where nothing is asked.
    pub minimum: u32,
    /// What was done, and when.
    pub operations: &'a [(Timestamp, Verb)],
    /// When an incident was open.
    pub incidents: &'a [Span],
    /// The time zone of the axis.
    pub zone: &'a TimeZone,
}

impl Chart<'_> {
    /// Draws it as a PNG.
    ///
    /// # Errors
    /// If the font or the encoder fails, which no input makes them.
    pub fn png(&self) -> Result<Vec<u8>, Unpainted> {
        let mut lanes: Vec<_> = self.history.lanes.iter().collect();
        let left_out = lanes.len().saturating_sub(LANES);
        if left_out > 0 {
            lanes.sort_by_cached_key(|lane| std::cmp::Reverse(self.unwell(lane)));
            lanes.truncate(LANES);
            lanes.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let rows = u32::try_from(lanes.len()).unwrap_or(0) + 2;
        let lanes_top = TOP + PANEL + 20;
        let axis = lanes_top + rows * PITCH;
        let height = axis + 40 + if left_out > 0 { 24 } else { 0 } + 74;
        let mut canvas = Canvas::new(WIDTH, height)?;
        let scale = Scale { span: self.history.span, left: LEFT, width: WIDTH - LEFT - RIGHT };
        let (name, id) = self.bot;
        // A long name leaves room for what is said about it.
        let room = (WIDTH - 48).saturating_sub(canvas.font().width(TITLE, self.title));
        let name = canvas.font().fit(TITLE, &canvas.font().legible(name, id), room);
        canvas.text(24, 28, TITLE, palette::TEXT, Align::Left, &format!("{name}{}", self.title))?;
        self.axis(&mut canvas, scale, axis)?;
        self.panel(&mut canvas, scale)?;
        self.incidents(&mut canvas, scale, lanes_top)?;
        self.operations(&mut canvas, scale, lanes_top + PITCH)?;
        for (place, of) in (2..).zip(lanes) {
            let top = lanes_top + place * PITCH;
            let name = canvas.font().legible(&of.name, of.connector.as_str());
            label(&mut canvas, top, &name)?;
            let states = lane(of, &self.history.watched, scale);
            for (from, width, state) in runs(&states) {
                canvas.fill(Area { left: LEFT + from, top, width, height: THICK }, of_state(*state))?;
            }
        }
        let mut bottom = axis + 40;
        if left_out > 0 {
            let said = format!("and {left_out} more that were better than these");
            canvas.text(24, bottom, SMALL, palette::DIM, Align::Left, &said)?;
            bottom += 24;
        }
        self.legend(&mut canvas, bottom)?;
        canvas.png()
    }

    /// For how many seconds a connector was anything but healthy or stopped on purpose.
    fn unwell(&self, lane: &crate::domain::history::Lane) -> u64 {
        let is_unwell = |state| !matches!(state, State::Healthy | State::Stopped | State::ReadyToStart | State::Gone);
        let unwell = lane.stretches(self.history.span).filter(|(_, state)| is_unwell(*state));
        unwell.map(|(stretch, _)| stretch.length().as_secs()).sum()
    }

    /// Times below, and thin lines up from them.
    fn axis(&self, canvas: &mut Canvas, scale: Scale, bottom: u32) -> Result<(), Unpainted> {
        for tick in ticks::of(self.history.span, self.zone) {
            let Some(x) = scale.place(tick.at) else { continue };
            canvas.line((x, TOP), (x, bottom), palette::GRID)?;
            canvas.text(x, bottom + 14, SMALL, palette::DIM, Align::Middle, &tick.label)?;
        }
        Ok(())
    }

    /// How many were healthy: the sure ones as a solid ground, what may have been more as a faint one.
    fn panel(&self, canvas: &mut Canvas, scale: Scale) -> Result<(), Unpainted> {
        let counts = counts(&self.history.steps(), scale);
        let most = counts.iter().flatten().map(|count| count.best).max().unwrap_or(0).max(self.minimum).max(1);
        let height = |count: u32| PANEL.saturating_mul(count) / most.saturating_add(1);
        let bottom = TOP + PANEL;
        for (from, width, count) in runs(&counts) {
            let left = LEFT + from;
            let Some(count) = count else {
                canvas.fill(Area { left, top: TOP, width, height: PANEL }, Paint::Unseen)?;
                continue;
            };
            let (sure, best) = (height(count.healthy), height(count.best));
            let well = count.healthy >= self.minimum && count.healthy > 0;
            let paint = if well { Paint::Enough } else { Paint::TooFew };
            canvas.fill(Area { left, top: bottom - sure, width, height: sure }, paint)?;
            canvas.fill(Area { left, top: bottom - best, width, height: best - sure }, Paint::Perhaps)?;
            if count.best == 0 {
                canvas.fill(Area { left, top: TOP, width, height: PANEL }, Paint::Out)?;
            }
        }
        canvas.line((LEFT, bottom), (WIDTH - RIGHT, bottom), palette::DIM)?;
        let step = most.div_ceil(8);
        for count in (0..=most).step_by(usize::try_from(step).unwrap_or(1).max(1)) {
            canvas.text(LEFT - 12, bottom - height(count), SMALL, palette::DIM, Align::Right, &count.to_string())?;
        }
        canvas.text(24, TOP + PANEL / 2, SMALL, palette::TEXT, Align::Left, "Healthy connectors")?;
        if self.minimum > 0 {
            let y = bottom - height(self.minimum);
            canvas.dashes((LEFT, WIDTH - RIGHT), y, palette::TEXT)?;
            let said = format!("minimum {}", self.minimum);
            canvas.text(WIDTH - RIGHT - 6, y.saturating_sub(12), SMALL, palette::TEXT, Align::Right, &said)?;
        }
        Ok(())
    }

    fn incidents(&self, canvas: &mut Canvas, scale: Scale, top: u32) -> Result<(), Unpainted> {
        label(canvas, top, "Incidents")?;
        for (from, until) in self.incidents.iter().filter_map(|incident| scale.stretch(*incident)) {
            let width = (until - from).max(4);
            canvas.fill(Area { left: LEFT + from, top: top + 5, width, height: THICK - 10 }, Paint::Incident)?;
        }
        Ok(())
    }

    /// A sign for each operation. One that would stand on another's is left out: the list beside the picture has it.
    fn operations(&self, canvas: &mut Canvas, scale: Scale, top: u32) -> Result<(), Unpainted> {
        label(canvas, top, "Operations")?;
        let mut last = None;
        for (at, verb) in self.operations {
            let Some(x) = scale.place(*at) else { continue };
            if last.is_some_and(|last: u32| x.abs_diff(last) < SIGNS_APART) {
                continue;
            }
            last = Some(x);
            canvas.text(x, top + THICK / 2, 18, palette::TEXT, Align::Middle, sign(*verb))?;
        }
        Ok(())
    }

    /// What each pattern and sign means.
    fn legend(&self, canvas: &mut Canvas, top: u32) -> Result<(), Unpainted> {
        let states = [
            (of_state(Some(State::Healthy)), "healthy"),
            (of_state(Some(State::OnlineNotConnected)), "online, but not connected"),
            (of_state(Some(State::NotConnected)), "not connected"),
            (of_state(Some(State::Stopped)), "stopped"),
            (of_state(Some(State::ReadyToStart)), "ready to start"),
            (of_state(Some(State::UnknownWord)), "unknown state"),
            (of_state(Some(State::Unread)), "not read"),
            (Paint::Unseen, "nobody looked"),
        ];
        let mut left = 24;
        let mut top = top;
        for (paint, said) in states {
            let width = 44 + canvas.font().width(SMALL, said);
            if left + width > WIDTH - 24 {
                (left, top) = (24, top + 28);
            }
            canvas.fill(Area { left, top, width: 26, height: 16 }, paint)?;
            canvas.text(left + 32, top + 8, SMALL, palette::DIM, Align::Left, said)?;
            left += width + 14;
        }
        let signs = Verb::ALL.map(|verb| format!("{} {}", sign(verb), verb.word())).join("   ");
        canvas.text(WIDTH - 24, top + 8, SMALL, palette::DIM, Align::Right, &signs)?;
        Ok(())
    }
}

fn label(canvas: &mut Canvas, top: u32, text: &str) -> Result<(), Unpainted> {
    let text = canvas.font().fit(SMALL, text, LEFT - 24 - 12);
    canvas.text(24, top + THICK / 2, SMALL, palette::TEXT, Align::Left, &text)
}

fn sign(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "■",
        Verb::Start => "▶",
        Verb::Redeploy => "⇄",
        Verb::Restart => "↻",
    }
}

fn of_state(state: Option<State>) -> Paint {
    match state {
        Some(State::Healthy) => Paint::Enough,
        Some(State::OnlineNotConnected) => Paint::Deaf,
        Some(State::NotConnected) => Paint::Dropped,
        Some(State::UnknownWord) => Paint::Strange,
        Some(State::Stopped) => Paint::Stopped,
        Some(State::ReadyToStart) => Paint::Ready,
        Some(State::Unread) => Paint::Perhaps,
        Some(State::Gone) => Paint::Nothing,
        None => Paint::Unseen,
    }
}

/// Columns that are alike, side by side: from where, how many, and what.
fn runs<T: PartialEq>(columns: &[T]) -> Vec<(u32, u32, &T)> {
    let mut runs: Vec<(u32, u32, &T)> = Vec::new();
    for (x, column) in (0..).zip(columns) {
        match runs.last_mut() {
            Some((_, width, last)) if *last == column => *width += 1,
            _ => runs.push((x, 1, column)),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
