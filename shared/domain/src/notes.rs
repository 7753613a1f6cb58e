//! Notes that Bianca takes in a call, for caregivers and for later calls.

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::id::{CallId, NoteId, OrgId, PatientId};
use crate::phi::Phi;

/// Characters a note may have.
pub const MAX_TEXT: usize = 2_000;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient.
    pub patient: PatientId,
    /// The call it was taken in.
    pub call: CallId,
    /// Names it within its call: the same key again is the same note.
    pub key: String,
    /// What it says.
    pub text: Phi<String>,
    /// When it was taken.
    pub taken_at: Timestamp,
}

/// Trims a note and checks it.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) at `text` when it is empty or longer than [`MAX_TEXT`].
pub fn checked(text: &Phi<String>) -> Result<Phi<String>> {
    let text = text.reveal().trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(Error::field("text", format!("must have 1 to {MAX_TEXT} characters")));
    }
    Ok(Phi::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_trimmed_and_bounded() {
        assert_eq!(checked(&" likes roses ".to_owned().into()).unwrap().reveal(), "likes roses");
        for wrong in [" ".to_owned(), "x".repeat(MAX_TEXT + 1)] {
            assert_eq!(checked(&wrong.into()).unwrap_err().fields[0].path, "text");
        }
    }
}
