//! The outline of a file: whether it is whole, and where the picture in it ends.
//!
//! The decoders are lenient, as a viewer should be: they make something of a JPEG that was cut short, and one of them
//! believes a size that only the outer header of a WebP tells. What is uploaded is meant to be whole.

use domain::{Error, Result};
use image::ImageFormat;

use super::decode::{broken, fits};

/// Scans of a JPEG, each of which may pass over all of the pixels. Real files have about ten; 4 MB hold 400,000 of
/// them, and decoding those takes half a minute.
const MAX_SCANS: usize = 32;

/// The picture without what follows it.
pub(super) fn trim(format: ImageFormat, bytes: &[u8]) -> Result<&[u8]> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes).ok_or_else(broken),
        ImageFormat::WebP => webp(bytes),
        _ => png(bytes).ok_or_else(broken),
    }
}

/// From chunk to chunk until the one that ends the picture.
fn png(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        let name = at + 4;
        at += usize::try_from(length).ok()?.checked_add(12)?;
        let whole = bytes.get(..at)?;
        if bytes[name..].starts_with(b"IEND") {
            return Some(whole);
        }
    }
}

/// From marker to marker, over what each says is its length, until the one that ends the picture.
fn jpeg(bytes: &[u8]) -> Option<&[u8]> {
    const START: u8 = 0xd8;
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    // Within a scan, 0xff is followed by 0 or by a restart marker; before a marker it may be repeated.
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0..=1 | 0xd0..=0xd7 | 0xff);
    let mut at = 2;
    let whole = loop {
        at += bytes.get(at..)?.windows(2).position(is_marker)?;
        match bytes[at + 1] {
            END => break bytes.get(..at + 2)?,
            START => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes(*bytes.get(at + 2..)?.first_chunk()?)),
        }
    };
    // Wherever they stand: a decoder that meets nonsense may look for the next marker in places that are none.
    let scans = whole.windows(2).filter(|pair| *pair == [0xff, SCAN]).count();
    (scans <= MAX_SCANS).then_some(whole)
}

/// Every chunk must be there as a whole. A size within must fit as the outer one must, since memory is taken for it.
fn webp(bytes: &[u8]) -> Result<&[u8]> {
    let whole = length(bytes, 4).and_then(|length| bytes.get(..length.checked_add(8)?)).ok_or_else(broken)?;
    let mut at = 12;
    while at < whole.len() {
        let length = length(whole, at + 4).ok_or_else(broken)?;
        let chunk = whole.get(at + 8..).and_then(|rest| rest.get(..length)).ok_or_else(broken)?;
        match &whole[at..at + 4] {
            b"ANIM" | b"ANMF" => return Err(Error::invalid("picture_animated", "The picture must not move.")),
            b"VP8 " => match chunk {
                [_, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, ..] => {
                    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
                    fits(side(*a, *b), side(*c, *d))?;
                }
                _ => return Err(broken()),
            },
            _ => {}
        }
        at += 8 + length.next_multiple_of(2);
    }
    Ok(whole)
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*four)).ok()
}
