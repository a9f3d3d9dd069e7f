//! The font that the program brings along: what it can write, how wide a text is, and a text as pixels.
//!
//! It is read anew for each picture, which costs nothing, so that nothing of it stays in memory between two.

use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, FontFamily};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};
use zeno::{Command, Mask, Vector};

use super::canvas::{Align, Colour, Unpainted, unpainted};
use crate::discord::render::escape::plain;

/// Capitals of this font are so high, of its size.
const CAPITALS: f32 = 0.73;

/// The font.
#[derive(Clone)]
pub(super) struct Font(FontRef<'static>);

impl Font {
    /// Reads it.
    pub(super) fn read() -> Result<Self, Unpainted> {
        FontRef::new(dejavu::sans::regular()).map(Self).map_err(unpainted)
    }

    /// Whether it can write a character as it should stand. It has some of the scripts that go from right to left or join
    /// their letters, but nothing here lays those out.
    fn has(&self, character: char) -> bool {
        let is_laid_out =
            matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
        !is_laid_out && self.0.charmap().map(character).is_some_and(|glyph| glyph != GlyphId::NOTDEF)
    }

    /// What stands for something with this name: the name without the signs that the font has not, such as emoji; but if
    /// letters would be missing, its id, in which what is missing is a question mark.
    pub(super) fn legible(&self, name: &str, id: &str) -> String {
        let name = plain(name);
        let kept = plain(&name.chars().filter(|c| self.has(*c)).collect::<String>());
        let is_whole = name.chars().all(|c| !c.is_alphanumeric() || self.has(c));
        if is_whole && !kept.is_empty() {
            return kept;
        }
        plain(id).chars().map(|c| if self.has(c) { c } else { '?' }).collect()
    }

    /// How far it is from the beginning of each character to the first's, and at last to the end.
    fn places(&self, size: u32, text: &str) -> Vec<f32> {
        let metrics = self.0.glyph_metrics(em(size), LocationRef::default());
        let advance = |c| metrics.advance_width(self.glyph(c)).unwrap_or_default();
        let mut at = 0.0;
        let mut places = vec![at];
        for character in text.chars() {
            at += advance(character);
            places.push(at);
        }
        places
    }

    fn glyph(&self, character: char) -> GlyphId {
        self.0.charmap().map(character).unwrap_or_default()
    }

    /// How many pixels wide a text is.
    pub(super) fn width(&self, size: u32, text: &str) -> u32 {
        self.places(size, text).last().map_or(0, |width| width.ceil() as u32)
    }

    /// A text, cut if it would be wider than so many pixels.
    pub(super) fn fit(&self, size: u32, text: &str, width: u32) -> String {
        if self.width(size, text) <= width {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let cut = kept.iter().collect::<String>().trim_end().to_owned() + "…";
            if self.width(size, &cut) <= width {
                return cut;
            }
        }
        String::new()
    }
}

fn em(size: u32) -> Size {
    Size::new(size as f32)
}

/// How a text is written: the font in a size (of an em, in pixels) and a colour, and where it stands.
pub(super) struct Style<'a> {
    pub(super) font: &'a Font,
    pub(super) size: u32,
    pub(super) colour: Colour,
    pub(super) align: Align,
}

impl BackendTextStyle for Style<'_> {
    type FontError = Unpainted;

    fn color(&self) -> BackendColor {
        BackendColor { alpha: 1.0, rgb: self.colour }
    }

    fn size(&self) -> f64 {
        f64::from(self.size)
    }

    fn anchor(&self) -> Pos {
        let horizontal = match self.align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        Pos::new(horizontal, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::SansSerif
    }

    /// As wide as the text, and as high as its capitals, so that it is their middle that is centred.
    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Unpainted> {
        let width = i32::try_from(self.font.width(self.size, text)).map_err(unpainted)?;
        let height = (CAPITALS * self.size as f32).round() as i32;
        Ok(((0, -height), (width, 0)))
    }

    fn draw<E, DrawFunc: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (left, base): BackendCoord,
        mut draw: DrawFunc,
    ) -> Result<Result<(), E>, Unpainted> {
        let outlines = self.font.0.outline_glyphs();
        for (character, x) in text.chars().zip(self.font.places(self.size, text)) {
            let Some(outline) = outlines.get(self.font.glyph(character)) else { continue };
            // A letter may begin between two pixels: that is what keeps the spaces between letters even.
            let mut pen = Pen { x, path: Vec::new() };
            outline.draw(DrawSettings::unhinted(em(self.size), LocationRef::default()), &mut pen).map_err(unpainted)?;
            if pen.path.is_empty() {
                continue;
            }
            let (coverage, place) = Mask::new(&pen.path[..]).render();
            let columns = usize::try_from(place.width.max(1)).map_err(unpainted)?;
            for (y, row) in (base + place.top..).zip(coverage.chunks(columns)) {
                for (x, covered) in (left + place.left..).zip(row) {
                    let alpha = f64::from(*covered) / 255.0;
                    if *covered > 0
                        && let Err(error) = draw(x, y, BackendColor { alpha, rgb: self.colour })
                    {
                        return Ok(Err(error));
                    }
                }
            }
        }
        Ok(Ok(()))
    }
}

/// An outline as the rasteriser takes it: from this place on, and downwards, as pixels are counted.
struct Pen {
    x: f32,
    path: Vec<Command>,
}

impl Pen {
    const fn at(&self, x: f32, y: f32) -> Vector {
        Vector::new(self.x + x, -y)
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::MoveTo(self.at(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::LineTo(self.at(x, y)));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.push(Command::QuadTo(self.at(cx, cy), self.at(x, y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.path.push(Command::CurveTo(self.at(cx0, cy0), self.at(cx1, cy1), self.at(x, y)));
    }

    fn close(&mut self) {
        self.path.push(Command::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legible(name: &str, id: &str) -> String {
        Font::read().unwrap().legible(name, id)
    }

    #[test]
    fn a_name_that_the_font_can_write_stands_as_it_is_and_a_sign_that_it_has_not_is_left_out() {
        assert_eq!(legible("billing-1", "x"), "billing-1");
        assert_eq!(legible("Größe Łódź Ελλάς Киев", "x"), "Größe Łódź Ελλάς Киев");
        assert_eq!(legible("🤖 Billing 💳 Bot", "x"), "Billing Bot");
    }

    #[test]
    fn a_name_of_which_letters_would_be_missing_gives_way_to_the_id() {
        assert_eq!(legible("請求ボット", "billing-1"), "billing-1");
        assert_eq!(legible("Billing 請求", "billing-1"), "billing-1");
        assert_eq!(legible("בוט", "billing-1"), "billing-1", "from right to left is not laid out here");
        assert_eq!(legible("🤖", "billing-1"), "billing-1");
        assert_eq!(legible("請求", "請求-7"), "??-7");
    }

    #[test]
    fn a_text_is_cut_where_its_room_ends() {
        let font = Font::read().unwrap();
        assert_eq!(font.fit(16, "billing-1", 500), "billing-1");
        let cut = font.fit(16, "billing connectors of the north", 120);
        assert!(cut.ends_with('…') && cut.starts_with("billing"), "{cut}");
        assert!((100..=120).contains(&font.width(16, &cut)), "{cut}");
        assert_eq!(font.fit(16, "billing", 3), "");
    }
}
