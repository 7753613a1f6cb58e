//! A text as a picture to scan. PNG, since the app's pictures cannot be SVG.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::{Error, Result};
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};

/// Pixels of one module, and light modules around the code (ISO/IEC 18004, 6.3.8: four).
const SCALE: usize = 6;
const QUIET: usize = 4;

/// The picture, as an address that holds it.
pub(crate) fn data_uri(text: &str) -> Result<String> {
    let code = QrCode::new(text).map_err(|error| Error::internal(error.to_string()))?;
    let png = png(&code).map_err(|error| Error::internal(error.to_string()))?;
    Ok(format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)))
}

fn png(code: &QrCode) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let modules = code.width();
    let side = (modules + 2 * QUIET) * SCALE;
    let dark = |pixel: usize| pixel.checked_div(SCALE)?.checked_sub(QUIET).filter(|module| *module < modules);
    let mut pixels = vec![u8::MAX; side * side];
    for (at, pixel) in pixels.iter_mut().enumerate() {
        if let (Some(x), Some(y)) = (dark(at % side), dark(at / side))
            && code[(x, y)] == Color::Dark
        {
            *pixel = 0;
        }
    }
    let mut file = Vec::new();
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = Encoder::new(&mut file, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}
