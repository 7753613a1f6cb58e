//! What is made of files, good and bad.

use domain::{Kind, Result};
use image::{DynamicImage, ImageFormat, Luma, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use test_case::test_case;

use super::samples::{self, BLUE, GREEN, GREY, RED, WEBP_LOSSY, file, jpeg, jpeg_with_exif, quarters};
use super::{normalise, prepare};

/// The prepared picture, which is a JPEG and square.
fn shown(upload: &[u8]) -> RgbImage {
    let jpeg = normalise(upload).unwrap();
    assert_eq!(image::guess_format(&jpeg).unwrap(), ImageFormat::Jpeg);
    let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    assert_eq!(picture.width(), picture.height());
    picture
}

fn code(result: Result<Vec<u8>>) -> &'static str {
    // Without the bytes in the message of the test that fails.
    result.map(|jpeg| jpeg.len()).unwrap_err().code
}

/// The colours in the middle of the quarters.
fn colours(picture: &RgbImage) -> [[u8; 3]; 4] {
    let (near, far) = (picture.width() / 4, picture.width() * 3 / 4);
    [(near, near), (far, near), (near, far), (far, far)].map(|(x, y)| {
        let seen = picture.get_pixel(x, y).0;
        let like = |colour: &[u8; 3]| colour.iter().zip(seen).all(|(a, b)| a.abs_diff(b) < 16);
        [RED, GREEN, BLUE, GREY].into_iter().find(like).unwrap_or(seen)
    })
}

#[test_case(ImageFormat::Png; "png")]
#[test_case(ImageFormat::Jpeg; "jpeg")]
#[test_case(ImageFormat::WebP; "webp")]
fn the_middle_of_a_picture_becomes_a_small_square(format: ImageFormat) {
    let picture = shown(&file(&quarters(1500, 900), format));
    assert_eq!(picture.width(), 512);
    assert_eq!(colours(&picture), [RED, GREEN, BLUE, GREY]);
}

#[test]
fn a_jpeg_that_sharpens_as_it_arrives_is_one_too() {
    let upload = include_bytes!("../../tests/files/progressive.jpg");
    assert_eq!(upload.windows(2).filter(|pair| *pair == [0xff, 0xda]).count(), 10);
    assert_eq!(colours(&shown(upload)), [RED, GREEN, BLUE, GREY]);
}

#[test_case(2100, 3000 => 512; "averaged first")]
#[test_case(700, 513 => 512; "little more than wanted")]
#[test_case(512, 512 => 512; "as wanted")]
#[test_case(40, 300 => 40; "small stays small")]
#[test_case(1, 1 => 1; "one pixel")]
fn how_large_it_becomes(width: u32, height: u32) -> u32 {
    shown(&file(&quarters(width, height), ImageFormat::Png)).width()
}

#[test]
fn what_is_transparent_becomes_white() {
    let clear = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 0]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        assert_eq!(shown(&file(&clear.clone().into(), format)).get_pixel(9, 9).0, [255; 3]);
    }
    let half = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 128]));
    assert_eq!(shown(&file(&half.into(), ImageFormat::Png)).get_pixel(9, 9).0, [127; 3]);
}

#[test]
fn shades_of_grey_and_sixteen_bits_are_pictures_too() {
    let grey = image::ImageBuffer::from_pixel(30, 30, Luma([40_000_u16]));
    assert_eq!(shown(&file(&DynamicImage::ImageLuma16(grey), ImageFormat::Png)).get_pixel(9, 9).0, [156; 3]);
    assert_eq!(shown(WEBP_LOSSY).width(), 1);
}

#[test_case(1 => [RED, GREEN, BLUE, GREY])]
#[test_case(2 => [GREEN, RED, GREY, BLUE])]
#[test_case(3 => [GREY, BLUE, GREEN, RED])]
#[test_case(4 => [BLUE, GREY, RED, GREEN])]
#[test_case(5 => [RED, BLUE, GREEN, GREY])]
#[test_case(6 => [BLUE, RED, GREY, GREEN])]
#[test_case(7 => [GREY, GREEN, BLUE, RED])]
#[test_case(8 => [GREEN, GREY, RED, BLUE])]
#[test_case(99 => [RED, GREEN, BLUE, GREY])]
fn a_picture_is_turned_the_way_its_camera_was_held(orientation: u8) -> [[u8; 3]; 4] {
    colours(&shown(&jpeg_with_exif(orientation, "")))
}

#[test]
fn nothing_but_pixels_remains() {
    let mut upload = jpeg_with_exif(1, "52 31 12 N");
    upload.extend(b"PK\x03\x04 <script>");
    let kept = normalise(&upload).unwrap();
    for hidden in [&b"Exif"[..], b"52 31 12 N", b"PK\x03\x04", b"<script>"] {
        assert!(upload.windows(hidden.len()).any(|bytes| bytes == hidden));
        assert!(!kept.windows(hidden.len()).any(|bytes| bytes == hidden));
    }
    assert!(kept.ends_with(&[0xff, 0xd9]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let mut upload = file(&quarters(64, 64), format);
        let plain = normalise(&upload).unwrap();
        upload.extend(b"PK\x03\x04");
        assert!(normalise(&upload).unwrap() == plain);
    }
}

#[test_case(b""; "empty")]
#[test_case(b"hello"; "text")]
#[test_case(b"GIF89a\x01\0\x01\0\0\0\0;"; "gif")]
#[test_case(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"; "svg")]
#[test_case(b"%PDF-1.7\n"; "pdf")]
#[test_case(b"BM\x1e\0\0\0\0\0\0\0\x1a\0\0\0"; "bmp")]
#[test_case(b"\0\0\0\x1cftypheic\0\0\0\0"; "heic")]
#[test_case(b"RIFF\x04\0\0\0WAVE"; "sound")]
#[test_case(b"PK\x03\x04"; "zip")]
fn other_files_are_refused(upload: &[u8]) {
    assert_eq!(code(normalise(upload)), "picture_type");
}

#[test_case(&file(&quarters(300, 300), ImageFormat::Png); "png")]
#[test_case(&file(&quarters(300, 300), ImageFormat::WebP); "webp")]
#[test_case(&jpeg(300, 300); "jpeg")]
#[test_case(WEBP_LOSSY; "lossy webp")]
fn a_file_that_is_cut_short_is_broken(whole: &[u8]) {
    assert!(normalise(whole).is_ok());
    for cut in (12..whole.len() - 12).step_by(whole.len() / 64 + 1).chain(whole.len() - 12..whole.len()) {
        assert_eq!(code(normalise(&whole[..cut])), "picture_broken", "cut at {cut} of {}", whole.len());
    }
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_unread() {
    for (width, height) in [(60_000, 60_000), (8_001, 10), (10, 8_001), (6_000, 6_000), (u32::MAX >> 1, 1)] {
        assert_eq!(code(normalise(&samples::png_that_claims(width, height, 8))), "picture_dimensions");
    }
    for (width, height) in [(60_000, 60_000), (8_001, 8), (6_000, 6_000)] {
        assert_eq!(code(normalise(&samples::jpeg_that_claims(width, height))), "picture_dimensions");
    }
    // A head that says 100 by 100 around a picture that has 16383 by 16383, for which memory would be taken.
    let inner = [0x30, 0x01, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0];
    assert_eq!(code(normalise(&samples::webp(0, &[(b"VP8 ", &inner)]))), "picture_dimensions");
    // Not too many, but with twice the bits.
    assert_eq!(code(normalise(&samples::png_that_claims(5_000, 4_000, 16))), "picture_dimensions");
}

#[test]
fn a_picture_that_moves_is_refused() {
    let moving = samples::webp(2, &[(b"ANIM", &[0; 6]), (b"ANMF", &[0; 32])]);
    assert_eq!(code(normalise(&moving)), "picture_animated");
}

#[test]
fn a_chunk_that_claims_more_than_there_is_takes_no_memory() {
    let mut upload = samples::webp(8, &[(b"EXIF", b"x")]);
    let length = upload.len() - 6;
    upload[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(code(normalise(&upload)), "picture_broken");
}

#[test]
fn a_jpeg_that_is_passed_over_too_often_is_refused() {
    let whole = jpeg(64, 64);
    let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let (head, scan) = (&whole[..scan], &whole[scan..whole.len() - 2]);
    let often = [head, &scan.repeat(33), &[0xff, 0xd9]].concat();
    assert_eq!(code(normalise(&often)), "picture_broken");
}

#[test]
fn a_file_of_more_than_four_megabytes_is_too_large() {
    let mut upload = jpeg(64, 64);
    upload.resize(5 * 1024 * 1024, 0);
    assert_eq!(normalise(&upload).unwrap_err().kind, Kind::TooLarge);
    upload.truncate(4 * 1024 * 1024);
    assert!(normalise(&upload).is_ok());
}

#[tokio::test]
async fn a_picture_is_prepared_beside_other_work() {
    let upload = jpeg(64, 64);
    assert!(prepare(upload.clone()).await.unwrap() == normalise(&upload).unwrap());
    assert_eq!(code(prepare(b"text".to_vec()).await), "picture_type");
}

/// Files that begin well.
fn wholes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(file(&quarters(40, 30), ImageFormat::Png)),
        Just(file(&quarters(40, 30), ImageFormat::WebP)),
        Just(jpeg_with_exif(6, "here")),
        Just(WEBP_LOSSY.to_vec()),
        Just(samples::webp(0x10, &[(b"ALPH", &[0; 40]), (b"VP8 ", &WEBP_LOSSY[20..])])),
    ]
}

proptest! {
    #[test]
    fn bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(normalise(&bytes).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_or_becomes_a_picture(
        whole in wholes(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = whole;
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(kept) = normalise(&bytes) {
            prop_assert!(image::load_from_memory(&kept).unwrap().width() <= 512);
        }
    }
}
