//! Files for the tests.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

pub(super) const RED: [u8; 3] = [220, 30, 30];
pub(super) const GREEN: [u8; 3] = [30, 200, 30];
pub(super) const BLUE: [u8; 3] = [30, 30, 220];
pub(super) const GREY: [u8; 3] = [128, 128, 128];

/// A picture whose quarters are red, green, blue and grey.
pub(super) fn quarters(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => GREY,
        })
    }))
}

/// The picture as a file.
pub(super) fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// The quarters as JPEG of the best quality.
pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    quarters(width, height).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 100)).unwrap();
    bytes
}

/// A JPEG with an EXIF segment that says which way up it is, and where it was taken.
pub(super) fn jpeg_with_exif(orientation: u8, place: &str) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(place.as_bytes());
    let mut bytes = jpeg(64, 64);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let segment = [&[0xff, 0xe1], &length[..], &exif].concat();
    bytes.splice(2..2, segment);
    bytes
}

/// The head of a PNG that says how large it is, and no pixels.
pub(super) fn png_that_claims(width: u32, height: u32, bits: u8) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, 6, 0, 0, 0]].concat();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &head[..]), (b"IDAT", b""), (b"IEND", b"")] {
        let chunk = [name, data].concat();
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(&chunk);
        bytes.extend(crc(&chunk).to_be_bytes());
    }
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// A JPEG whose frame header says how large it is.
pub(super) fn jpeg_that_claims(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(8, 8);
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A WebP of one pixel that is compressed with loss.
pub(super) const WEBP_LOSSY: &[u8] =
    b"RIFF\x22\0\0\0WEBPVP8 \x16\0\0\0\x30\x01\0\x9d\x01\x2a\x01\0\x01\0\x0e\xc0\xfe\x25\
    \xa4\0\x03\x70\0\0\0\0";

/// A WebP of these chunks after a head that says it has 100 by 100 pixels.
pub(super) fn webp(flags: u8, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in [(b"VP8X", &[flags, 0, 0, 0, 99, 0, 0, 99, 0, 0][..])].iter().chain(chunks) {
        body.extend(*name);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend(*data);
        body.extend(&[0][..data.len() % 2]);
    }
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    bytes.extend(body);
    bytes
}
