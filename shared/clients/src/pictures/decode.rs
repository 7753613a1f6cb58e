//! From an upload to a picture that may be shown.

use std::io::Cursor;

use domain::pictures::MAX_PICTURE;
use domain::{Error, Result};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, GenericImageView, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, Rgb};
use image::{RgbImage, Rgba};

use super::outline;

/// The longest side of a picture that is kept, in pixels.
pub const SIDE: u32 = 512;
/// How much the JPEG keeps, of 100.
const QUALITY: u8 = 85;
/// The longest side of a picture that is taken.
const MAX_SIDE: u32 = 8000;
/// The most pixels of a picture that is taken: more than most telephones make.
const MAX_PIXELS: u64 = 25_000_000;
/// What decoding may take for the pixels: four bytes each.
const MAX_MEMORY: u64 = 4 * MAX_PIXELS;

/// Makes of an upload the picture that is kept: upright, its middle cut to a square, at most [`SIDE`] pixels wide, on
/// white, as JPEG. Nothing else of the upload remains: not where and when it was taken, and nothing that was hidden
/// in it.
///
/// What the upload is, is told by what it begins with. This takes up to a second of the processor: see
/// [`prepare`](super::prepare).
///
/// # Errors
/// [`Kind::TooLarge`](domain::Kind::TooLarge) above [`MAX_PICTURE`]. [`Kind::Invalid`](domain::Kind::Invalid):
/// `picture_type` when it is neither PNG, JPEG nor WebP; `picture_dimensions` when it has too many pixels, which is
/// found before they are decoded; `picture_animated` when it moves; `picture_broken` when it is not whole.
pub fn normalise(upload: &[u8]) -> Result<Vec<u8>> {
    if upload.len() > MAX_PICTURE {
        return Err(Error::too_large(MAX_PICTURE));
    }
    let format = image::guess_format(upload).ok();
    let taken = |format: &ImageFormat| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP);
    let format = format
        .filter(taken)
        .ok_or_else(|| Error::invalid("picture_type", "The picture must be a PNG, JPEG or WebP file."))?;
    let upload = outline::trim(format, upload)?;
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    fits(width, height)?;
    if decoder.total_bytes() > MAX_MEMORY {
        return Err(too_many_pixels());
    }
    let orientation = decoder.orientation().map_err(refused)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    // The middle is the same whichever way up, and the small picture is turned sooner.
    let mut square = DynamicImage::ImageRgb8(small(&Square::middle(&picture)));
    square.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    square.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).map_err(Error::internal)?;
    Ok(jpeg)
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

/// Whether a picture of this size is taken.
pub(super) fn fits(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS { Err(too_many_pixels()) } else { Ok(()) }
}

fn too_many_pixels() -> Error {
    let message = format!("The picture may have at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all.");
    Error::invalid("picture_dimensions", message)
}

/// The error that a file is not what it begins as.
pub(super) fn broken() -> Error {
    Error::invalid("picture_broken", "The picture cannot be read. It may not have been sent whole.")
}

fn refused(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_many_pixels(),
        _ => broken(),
    }
}

/// The largest square in the middle of a picture, on white.
struct Square<'a> {
    picture: &'a DynamicImage,
    left: u32,
    top: u32,
    side: u32,
}

impl<'a> Square<'a> {
    fn middle(picture: &'a DynamicImage) -> Self {
        let (width, height) = picture.dimensions();
        let side = width.min(height);
        Self { picture, left: (width - side) / 2, top: (height - side) / 2, side }
    }
}

/// Pixels are turned when they are asked for, so that a large picture is in memory only once.
impl GenericImageView for Square<'_> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.side, self.side)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let Rgba([red, green, blue, alpha]) = self.picture.get_pixel(self.left + x, self.top + y);
        let (alpha, white) = (u32::from(alpha), 255 - u32::from(alpha));
        let mixed = |colour| (u32::from(colour) * alpha + 255 * white + 127) / 255;
        Rgb([red, green, blue].map(|colour| u8::try_from(mixed(colour)).unwrap_or(u8::MAX)))
    }
}

/// The square with at most [`SIDE`] pixels a side.
fn small(square: &Square<'_>) -> RgbImage {
    // Averages of blocks are quick and good as long as a block has many pixels; the filter does the rest.
    let near = if square.side > 4 * SIDE {
        imageops::thumbnail(square, 2 * SIDE, 2 * SIDE)
    } else {
        RgbImage::from_fn(square.side, square.side, |x, y| square.get_pixel(x, y))
    };
    if near.width() > SIDE { imageops::resize(&near, SIDE, SIDE, FilterType::Lanczos3) } else { near }
}
