//! What Bianca remembers of a patient, as far as there is room.

use super::{Briefing, CARE, MAX_TOKENS, budget, quoted, time};

/// The most that one summary or note may take, in tokens: five sentences.
const ITEM: usize = 300;

/// Adds what is remembered, the most important first, until the instructions are full: what caregivers were
/// told, what a caregiver wrote, when they last spoke, then summaries and notes in turn, newest first.
pub(super) fn append(text: &mut String, briefing: &Briefing<'_>) {
    let mut paper = Paper { text };
    if !briefing.concerns.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        for concern in briefing.concerns {
            if !names.contains(&concern.reveal().as_str()) {
                names.push(concern.reveal());
            }
        }
        let names = quoted(&names.join(", "), ITEM);
        paper.add("\n# Open concerns\nTheir caregivers were told of this in the last days. Ask gently how it is, and do not frighten them.\n");
        paper.add(&format!("- {names}\n"));
    }
    if let Some(notes) = &briefing.profile.notes {
        paper.add(&format!("\n# What their caregiver wants you to know\n- {}\n", quoted(notes.reveal(), CARE)));
    }
    paper.add("\n# Earlier calls\n");
    match briefing.last_contact {
        Some(last) => {
            let ago = time::ago(last, briefing.now, briefing.zone);
            paper.add(&format!("You last spoke {ago}. Do not ask again what you asked then, unless it matters.\n"));
        }
        None => paper.add("You have not spoken before. Say who you are in one sentence.\n"),
    }
    let rounds = briefing.summaries.len().max(briefing.notes.len());
    for round in 0..rounds {
        for (kind, items) in [("Summary", briefing.summaries), ("Note", briefing.notes)] {
            let Some(item) = items.get(round) else { continue };
            let line = format!("- {kind}: {}\n", quoted(item.reveal(), ITEM));
            // What is older stays out as well: memory without a gap.
            if !paper.fits(&line) {
                return;
            }
            paper.add(&line);
        }
    }
}

struct Paper<'a> {
    text: &'a mut String,
}

impl Paper<'_> {
    fn fits(&self, line: &str) -> bool {
        budget::tokens(self.text) + budget::tokens(line) <= MAX_TOKENS
    }

    fn add(&mut self, line: &str) {
        if self.fits(line) {
            self.text.push_str(line);
        }
    }
}
