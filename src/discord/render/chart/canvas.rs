//! Pixels, and what is put on them: areas with a pattern, lines, and text.

use plotters_backend::{BackendColor, DrawingBackend as _};
use plotters_bitmap::BitMapBackend;

use super::font::{Font, Style};

/// Red, green and blue.
pub(super) type Colour = (u8, u8, u8);

/// The colours. The states' are Okabe and Ito's, which people tell apart who do not see all colours.
pub(super) mod palette {
    use super::Colour;

    pub(in super::super) const GROUND: Colour = (0x1e, 0x1f, 0x24);
    pub(in super::super) const TEXT: Colour = (0xf2, 0xf3, 0xf5);
    pub(in super::super) const DIM: Colour = (0xb5, 0xba, 0xc1);
    pub(in super::super) const GRID: Colour = (0x38, 0x3a, 0x42);
    pub(in super::super) const GREEN: Colour = (0x00, 0x9e, 0x73);
    pub(in super::super) const ORANGE: Colour = (0xe6, 0x9f, 0x00);
    pub(in super::super) const VERMILION: Colour = (0xd5, 0x5e, 0x00);
    pub(in super::super) const SKY: Colour = (0x56, 0xb4, 0xe9);
    pub(in super::super) const PURPLE: Colour = (0xcc, 0x79, 0xa7);
    pub(in super::super) const GREY: Colour = (0x6d, 0x71, 0x7a);
}

/// A picture could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the picture could not be made: {0}")]
pub struct Unpainted(String);

pub(super) fn unpainted(why: impl std::fmt::Display) -> Unpainted {
    Unpainted(why.to_string())
}

/// What an area is filled with: a colour, and a pattern that nothing else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// Healthy, or enough of them: plain.
    Enough,
    /// Too few of them: plain, and below the line of the minimum.
    TooFew,
    /// None at all: thin slanting lines all the way up.
    Out,
    /// It may be or not: dots.
    Perhaps,
    /// Online, and not connected: slanting stripes.
    Deaf,
    /// Not connected: a lattice.
    Dropped,
    /// In a state that we do not know: waves of purple.
    Strange,
    /// Stopped: upright stripes.
    Stopped,
    /// Never started: an outline of upright dashes.
    Ready,
    /// Nobody looked: level lines.
    Unseen,
    /// An incident: plain.
    Incident,
    /// Nothing.
    Nothing,
}

impl Paint {
    /// The colour of a place in an area; `None` leaves what is there.
    fn at(self, x: u32, y: u32) -> Option<Colour> {
        use palette::{GREEN, GREY, GRID, GROUND, ORANGE, PURPLE, SKY, VERMILION};
        let slant = (x + y) % 10;
        Some(match self {
            Self::Enough => GREEN,
            Self::TooFew => ORANGE,
            Self::Out if slant < 3 => VERMILION,
            Self::Perhaps if x % 6 < 2 && y % 6 < 2 => SKY,
            Self::Perhaps => GRID,
            Self::Deaf if slant < 4 => GROUND,
            Self::Deaf => ORANGE,
            Self::Dropped if slant < 2 || (x + 10 - y % 10) % 10 < 2 => GROUND,
            Self::Dropped => VERMILION,
            Self::Strange if (x + y % 6) % 12 < 4 => GROUND,
            Self::Strange => PURPLE,
            Self::Stopped if x % 8 < 3 => GRID,
            Self::Stopped => GREY,
            Self::Ready if x % 8 < 2 => GREY,
            Self::Ready => GRID,
            Self::Unseen if y % 8 < 1 => GREY,
            Self::Incident => VERMILION,
            Self::Out | Self::Unseen | Self::Nothing => return None,
        })
    }
}

/// A part of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Where a text stands, seen from the place that it is given: it is always centred in height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// To the right of it.
    Left,
    /// Around it.
    Middle,
    /// To the left of it.
    Right,
}

/// The picture.
pub(super) struct Canvas {
    width: u32,
    height: u32,
    /// Red, green and blue, row by row.
    pixels: Vec<u8>,
    font: Font,
}

impl Canvas {
    /// An empty one.
    pub(super) fn new(width: u32, height: u32) -> Result<Self, Unpainted> {
        let size = usize::try_from(u64::from(width) * u64::from(height)).map_err(unpainted)?;
        let ground = <[u8; 3]>::from(palette::GROUND);
        Ok(Self { width, height, pixels: ground.repeat(size), font: Font::read()? })
    }

    /// Fills an area; what is beyond the edge is left out.
    pub(super) fn fill(&mut self, area: Area, paint: Paint) -> Result<(), Unpainted> {
        let right = area.left.saturating_add(area.width).min(self.width);
        let bottom = area.top.saturating_add(area.height).min(self.height);
        for y in area.top..bottom {
            for x in area.left..right {
                if let Some(colour) = paint.at(x, y) {
                    self.dot(x, y, colour)?;
                }
            }
        }
        Ok(())
    }

    fn dot(&mut self, x: u32, y: u32, colour: Colour) -> Result<(), Unpainted> {
        let place = usize::try_from(u64::from(y) * u64::from(self.width) + u64::from(x)).map_err(unpainted)? * 3;
        if let Some(pixel) = self.pixels.get_mut(place..place + 3) {
            pixel.copy_from_slice(&<[u8; 3]>::from(colour));
        }
        Ok(())
    }

    /// A thin line.
    pub(super) fn line(&mut self, from: (u32, u32), to: (u32, u32), colour: Colour) -> Result<(), Unpainted> {
        let (from, to) = (point(from)?, point(to)?);
        let mut backend = BitMapBackend::with_buffer(&mut self.pixels, (self.width, self.height));
        backend.draw_line(from, to, &BackendColor { alpha: 1.0, rgb: colour }).map_err(unpainted)
    }

    /// A level line of dashes, two pixels thick.
    pub(super) fn dashes(&mut self, (left, right): (u32, u32), y: u32, colour: Colour) -> Result<(), Unpainted> {
        for x in (left..right).filter(|x| (x - left) % 14 < 9) {
            self.dot(x, y, colour)?;
            self.dot(x, y + 1, colour)?;
        }
        Ok(())
    }

    /// A text of this size.
    pub(super) fn text(
        &mut self,
        x: u32,
        y: u32,
        size: u32,
        colour: Colour,
        align: Align,
        text: &str,
    ) -> Result<(), Unpainted> {
        let mut backend = BitMapBackend::with_buffer(&mut self.pixels, (self.width, self.height));
        let style = Style { font: &self.font, size, colour, align };
        backend.draw_text(text, &style, point((x, y))?).map_err(unpainted)
    }

    /// What it writes with.
    pub(super) const fn font(&self) -> &Font {
        &self.font
    }

    /// All of it as a PNG.
    pub(super) fn png(self) -> Result<Vec<u8>, Unpainted> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().map_err(unpainted)?;
        writer.write_image_data(&self.pixels).map_err(unpainted)?;
        writer.finish().map_err(unpainted)?;
        Ok(bytes)
    }
}

fn point((x, y): (u32, u32)) -> Result<(i32, i32), Unpainted> {
    Ok((i32::try_from(x).map_err(unpainted)?, i32::try_from(y).map_err(unpainted)?))
}
