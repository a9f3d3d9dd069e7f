//! Pictures, looked at by the pixel: what must be there is there, whatever the names and however many.

use super::canvas::Colour;
use super::*;
use crate::domain::history::{Change, Lane};
use crate::domain::ids::ConnectorId;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn lane(name: &str, changes: &[(i64, State)]) -> Lane {
    let changes = changes.iter().map(|(second, state)| Change { at: at(*second), state: *state }).collect();
    Lane { connector: ConnectorId::new(name), name: name.to_owned(), changes }
}

fn day(lanes: Vec<Lane>) -> History {
    let span = Span { from: at(0), until: at(86_400) };
    History { span, watched: vec![span], lanes }
}

struct Pixels {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

fn drawn(history: &History, minimum: u32) -> Pixels {
    let chart = Chart {
        bot: ("Billing Bot", "billing"),
        title: " in Production: the last 24 hours",
        history,
        minimum,
        operations: &[(at(40_000), Verb::Stop), (at(43_000), Verb::Start)],
        incidents: &[Span { from: at(20_000), until: at(24_000) }],
        zone: &TimeZone::UTC,
    };
    let png = chart.png().unwrap();
    assert!(png.len() < 200_000, "{} bytes", png.len());
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    Pixels { width: info.width, height: info.height, bytes }
}

impl Pixels {
    /// How many pixels of this colour there are in a part of the picture.
    fn count(&self, area: Area, colour: Colour) -> usize {
        let rows = area.top..area.top + area.height;
        let places = rows.flat_map(|y| (area.left..area.left + area.width).map(move |x| (y, x)));
        places
            .filter(|(y, x)| {
                let place = usize::try_from((y * self.width + x) * 3).unwrap();
                self.bytes[place..place + 3] == <[u8; 3]>::from(colour)
            })
            .count()
    }
}

/// The lane of this number among the connectors.
fn lane_area(place: u32) -> Area {
    Area { left: LEFT, top: TOP + PANEL + 20 + (place + 2) * PITCH, width: WIDTH - LEFT - RIGHT, height: THICK }
}

#[test]
fn a_short_drop_is_seen_on_its_lane_and_in_the_count() {
    let healthy = day(vec![lane("billing-1", &[(-9, State::Healthy)])]);
    let mut dropped = healthy.clone();
    dropped.lanes[0] =
        lane("billing-1", &[(-9, State::Healthy), (50_000, State::NotConnected), (50_005, State::Healthy)]);
    let panel = Area { left: LEFT, top: TOP, width: WIDTH - LEFT - RIGHT, height: PANEL };
    let (before, after) = (drawn(&healthy, 1), drawn(&dropped, 1));
    let all = usize::try_from((WIDTH - LEFT - RIGHT) * THICK).unwrap();
    assert_eq!(before.count(lane_area(0), palette::GREEN), all);
    assert_eq!(after.count(lane_area(0), palette::GREEN), all - usize::try_from(THICK).unwrap());
    assert!(after.count(lane_area(0), palette::VERMILION) > 5);
    assert_eq!(before.count(panel, palette::VERMILION), 0);
    assert!(after.count(panel, palette::VERMILION) > 10, "five seconds of outage are one column");
}

#[test]
fn every_letter_of_the_title_is_written() {
    let pixels = drawn(&day(Vec::new()), 1);
    let font = font::Font::read().unwrap();
    let (mut left, mut written) = (24, String::new());
    for character in "Billing Bot in Production: the last 24 hours".chars() {
        written.push(character);
        let right = 24 + font.width(TITLE, &written);
        let area = Area { left, top: 10, width: right - left, height: 36 };
        let ink = usize::try_from(area.width * area.height).unwrap() - pixels.count(area, palette::GROUND);
        assert_eq!(ink > 8, character != ' ', "{character:?}: {ink} pixels");
        left = right;
    }
}

#[test]
fn each_state_is_told_by_its_pattern_alone() {
    let inks = |state| {
        let one = day(vec![lane("a", &[(-9, state)])]);
        let pixels = drawn(&one, 1);
        let area = Area { width: 60, ..lane_area(0) };
        let top = area.top;
        // A pattern without its colours: where it changes from one pixel to the next.
        let mut edges = Vec::new();
        for y in top..top + area.height {
            for x in area.left..area.left + area.width - 1 {
                let place = usize::try_from((y * pixels.width + x) * 3).unwrap();
                edges.push(pixels.bytes[place..place + 3] != pixels.bytes[place + 3..place + 6]);
            }
        }
        edges
    };
    let patterns: Vec<_> = State::ALL.into_iter().filter(|state| *state != State::Gone).map(inks).collect();
    for (n, pattern) in patterns.iter().enumerate() {
        assert_eq!(patterns.iter().position(|other| other == pattern), Some(n), "{:?}", State::ALL[n]);
    }
}

#[test]
fn the_longest_names_and_the_most_connectors_have_room() {
    let name = "ünïcode 名前 *_~`|> ".repeat(9);
    let many = (0..60).map(|n| lane(&format!("{n} {name}"), &[(-9, State::Healthy), (n * 100, State::Stopped)]));
    let pixels = drawn(&day(many.collect()), 2);
    assert_eq!(pixels.width, WIDTH);
    assert!(pixels.height < 1200, "{}", pixels.height);
    let none = drawn(&day(Vec::new()), 0);
    assert!(none.height < pixels.height);
}
