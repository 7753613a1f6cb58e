//! Adding many phrases at once.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use domain::audit::{self, Subject};
use domain::phrases::{Draft, MOST, MOST_AT_ONCE, Phrase};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Error, Kind, Language, Result};
use store::mongo::{Kinds, Phrases};

use super::create::{new, too_many};
use crate::Ctx;
use crate::audit::{by, note, watch};

/// Phrases that are written in one transaction.
const TOGETHER: usize = 500;

/// How long expressions are read in one import, so that it is answered before the gateway gives up (29 s): ten thousand
/// ordinary ones take a second or two, the costliest that are allowed some milliseconds each.
pub const READING: Duration = Duration::from_secs(10);

/// What became of an import.
#[derive(Debug, Default)]
pub struct Imported {
    /// Those that were added: their places in the import, and what they became.
    pub added: Vec<(usize, Phrase)>,
    /// Those that were not.
    pub refused: Vec<Refused>,
}

/// A phrase that was not added.
#[derive(Debug)]
pub struct Refused {
    /// Its place in the import.
    pub index: usize,
    /// Its words, as they were sent.
    pub phrase: String,
    /// Why.
    pub error: Error,
}

/// Adds what can be added of many phrases, each with its words as they were sent, and says of each what became of it. Doing it
/// again adds what is missing: what is there already is refused as `phrase_taken`, and what was not looked at within
/// `reading` ([`READING`]) as `import_cut_short`.
///
/// # Errors
/// When there are none or more than [`MOST_AT_ONCE`]; `role_not_allowed`.
pub async fn import(
    ctx: &Ctx,
    caller: &Caller,
    rows: Vec<(String, Result<Draft>)>,
    reading: Duration,
) -> Result<Imported> {
    let work = async {
        policy::grant(caller, Action::Create, Resource::Phrase)?;
        if !(1..=MOST_AT_ONCE).contains(&rows.len()) {
            return Err(Error::field("phrases", format!("must be 1 to {MOST_AT_ONCE}")));
        }
        let (mut imported, wanted) = sorted_out(ctx, caller, rows, reading).await?;
        for some in wanted.chunks(TOGETHER) {
            add(ctx, caller, some, &mut imported).await;
        }
        imported.refused.sort_by_key(|refused| refused.index);
        Ok(imported)
    };
    watch(ctx, caller, audit::Action::Create, Subject::Phrase, "import", work).await
}

/// What can be added, as far as it is known before it is tried.
async fn sorted_out(
    ctx: &Ctx,
    caller: &Caller,
    rows: Vec<(String, Result<Draft>)>,
    reading: Duration,
) -> Result<(Imported, Vec<(usize, Phrase)>)> {
    let known = ctx.store.phrases().every(caller.org, Kinds::default()).await?;
    let mut room: HashMap<Language, usize> = HashMap::new();
    let mut taken: HashSet<(Language, String)> = HashSet::new();
    for Phrase { draft, .. } in known {
        *room.entry(draft.language).or_insert(MOST) = room.get(&draft.language).unwrap_or(&MOST).saturating_sub(1);
        taken.insert((draft.language, draft.phrase));
    }
    let (mut imported, mut wanted) = (Imported::default(), Vec::new());
    let (began, mut read) = (Instant::now(), 0_u32);
    for (index, (phrase, draft)) in rows.into_iter().enumerate() {
        let checked = draft.map(Draft::trimmed).and_then(|draft| {
            let room = room.entry(draft.language).or_insert(MOST);
            if *room == 0 {
                return Err(too_many());
            }
            let words = (draft.language, draft.phrase.clone());
            if taken.contains(&words) {
                return Err(already());
            }
            // One at least, so that every import gets further.
            if read > 0 && began.elapsed() > reading {
                return Err(cut_short());
            }
            read += 1;
            let draft = draft.checked()?;
            taken.insert(words);
            *room -= 1;
            Ok(draft)
        });
        match checked {
            Ok(draft) => wanted.push((index, new(ctx, caller, draft))),
            Err(error) => imported.refused.push(Refused { index, phrase, error }),
        }
    }
    Ok((imported, wanted))
}

/// Adds some together; one by one when somebody else added one of them meanwhile.
async fn add(ctx: &Ctx, caller: &Caller, some: &[(usize, Phrase)], imported: &mut Imported) {
    match committed(ctx, caller, some).await {
        Ok(()) => imported.added.extend_from_slice(some),
        Err(error) if error.kind == Kind::Conflict && some.len() > 1 => {
            for one in some.chunks(1) {
                // In a box: it calls itself, once.
                Box::pin(add(ctx, caller, one, imported)).await;
            }
        }
        Err(error) => {
            for (index, phrase) in some {
                let error = if error.kind == Kind::Conflict { already() } else { not_stored() };
                imported.refused.push(Refused { index: *index, phrase: phrase.draft.phrase.clone(), error });
            }
        }
    }
}

async fn committed(ctx: &Ctx, caller: &Caller, some: &[(usize, Phrase)]) -> Result<()> {
    let phrases: Vec<Phrase> = some.iter().map(|(_, phrase)| phrase.clone()).collect();
    let mut writes = vec![Phrases::add_all(&phrases)?];
    for ids in phrases.chunks(domain::audit::MOST_IDS) {
        let record = by(ctx, caller, audit::Action::Create, Subject::Phrase).within(caller.org);
        writes.push(note(&record.about(ids.iter().map(|phrase| phrase.id)))?);
    }
    ctx.store.commit(writes).await
}

fn already() -> Error {
    Error::conflict("phrase_taken", "There is such a phrase in this language already.")
}

fn cut_short() -> Error {
    Error::invalid("import_cut_short", "The expressions before this one took too long to read: import it again.")
}

fn not_stored() -> Error {
    Error::unavailable("documents", "some phrases were not stored")
}
