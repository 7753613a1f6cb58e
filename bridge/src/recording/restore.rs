//! From segments back to one WAV file: for operators.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::segment::{self, Place, RecordingKey};
use super::track::SAMPLES;

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Segments that were there.
    pub segments: u32,
    /// Segments that were not: silence stands in their place.
    pub missing: u32,
    /// Length of the file.
    pub length: Duration,
    /// The recording was ended; otherwise it was cut off, or its last segments are gone.
    pub complete: bool,
}

/// Why nothing was restored.
#[derive(Debug)]
pub enum RestoreError {
    /// A file or folder could not be read or written.
    Io(PathBuf, io::Error),
    /// There are no segments.
    Empty(PathBuf),
    /// A segment is damaged, belongs elsewhere or was sealed with another key.
    Refused(PathBuf),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Empty(folder) => write!(f, "{}: there are no segments (*.seg) in this folder", folder.display()),
            Self::Refused(path) => write!(
                f,
                "{}: this segment does not open: it is damaged, has been moved (folder and file must have the \
                 names they were written with), or was written with another BRIDGE_RECORDING_KEY",
                path.display()
            ),
        }
    }
}

impl std::error::Error for RestoreError {}

/// Joins the segments in `folder`, which has the call's id as its name, to one stereo WAV file: the
/// caller left, Bianca right. Nothing is written unless every segment that is there opens; an
/// existing `out` is not touched.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(folder: &Path, key: &RecordingKey, out: &Path) -> Result<Restored, RestoreError> {
    // The call's id is the folder's name, which `.` does not tell.
    let folder = &folder.canonicalize().map_err(|error| RestoreError::Io(folder.to_owned(), error))?;
    let call =
        folder.file_name().and_then(|name| name.to_str()).ok_or_else(|| RestoreError::Refused(folder.clone()))?;
    let numbers = numbers(folder)?;
    let mut opened = Vec::with_capacity(numbers.len());
    for number in &numbers {
        let path = folder.join(format!("{number:06}.seg"));
        let sealed = fs::read(&path).map_err(|error| RestoreError::Io(path.clone(), error))?;
        let segment = segment::open(key, Place { call, number: *number }, sealed);
        opened.push((*number, segment.ok_or(RestoreError::Refused(path))?));
    }
    let Some((highest, end)) = opened.last() else { return Err(RestoreError::Empty(folder.to_owned())) };
    let (codec, complete) = (end.codec, end.last);
    let missing = highest + 1 - u32::try_from(opened.len()).unwrap_or(u32::MAX);
    let mut stereo = Vec::new();
    for (number, segment) in &opened {
        let begin = usize::try_from(*number).unwrap_or(usize::MAX).saturating_mul(SAMPLES * 2);
        stereo.resize(begin.max(stereo.len()), codec.silence());
        stereo.extend_from_slice(&segment.stereo);
    }
    let mut wav = segment::wav_head(codec, stereo.len()).to_vec();
    wav.extend_from_slice(&stereo);
    let io = |error| RestoreError::Io(out.to_owned(), error);
    let mut file = fs::File::create_new(out).map_err(io)?;
    io::Write::write_all(&mut file, &wav).map_err(io)?;
    let segments = u32::try_from(opened.len()).unwrap_or(u32::MAX);
    let samples = u64::try_from(stereo.len() / 2).unwrap_or(u64::MAX);
    let length = Duration::from_micros(samples.saturating_mul(125));
    Ok(Restored { segments, missing, length, complete })
}

/// The numbers of the segments in a folder, in order. Other files are nobody's business; an unfinished
/// one (`*.part`) was being written when the power failed.
fn numbers(folder: &Path) -> Result<Vec<u32>, RestoreError> {
    let io = |error| RestoreError::Io(folder.to_owned(), error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".seg")).filter(|number| number.len() == 6);
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
