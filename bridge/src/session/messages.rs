//! The transcript: in the order of the conversation, not of arrival, and cut to what was heard.

use std::time::Duration;

use domain::Phi;
use domain::conversations::Speaker;

use super::output::Turn;
use crate::realtime::command::NewItem;

/// Most turns that are told to a new model session.
const REPLAYED: usize = 200;

/// How much of an assistant's item the caller was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Milliseconds heard by now.
    pub ms: u64,
    /// Milliseconds received from the model by now.
    pub of_ms: u64,
    /// Received and heard to its end.
    pub complete: bool,
}

/// An item of the conversation; items nobody speaks keep their place but make no turn.
#[derive(Debug)]
struct Entry {
    id: String,
    speaker: Option<Speaker>,
    text: String,
    /// The text will not grow any more.
    text_done: bool,
    /// Set once the caller was cut short or the call ended: the text is what was heard.
    cut_at_ms: Option<u64>,
    started_at: Option<Duration>,
    told: Option<Turn>,
}

/// All items of a call in spoken order.
#[derive(Debug, Default)]
pub struct Transcript {
    entries: Vec<Entry>,
    /// Speech that has begun, before its item exists.
    expected: Vec<(String, Duration)>,
}

impl Transcript {
    /// Puts an item after `previous`, or at the end when that is not known. An item that is
    /// already there moves only when it stands in the wrong place.
    pub fn place(&mut self, id: &str, previous: Option<&str>, speaker: Option<Speaker>) {
        let entry = match self.find(id) {
            Some(at) => {
                let known = &mut self.entries[at].speaker;
                *known = known.or(speaker);
                let before = at.checked_sub(1).map(|b| self.entries[b].id.as_str());
                if previous.is_none_or(|p| before == Some(p) || self.find(p).is_none()) {
                    return;
                }
                self.entries.remove(at)
            }
            None => self.entry(id, speaker),
        };
        let at = previous.and_then(|p| self.find(p)).map_or(self.entries.len(), |p| p + 1);
        self.entries.insert(at, entry);
    }

    fn entry(&mut self, id: &str, speaker: Option<Speaker>) -> Entry {
        let expected = self.expected.iter().position(|(item, _)| item == id);
        Entry {
            id: id.to_owned(),
            speaker,
            text: String::new(),
            text_done: false,
            cut_at_ms: None,
            started_at: expected.map(|at| self.expected.remove(at).1),
            told: None,
        }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.entries.iter().rposition(|e| e.id == id)
    }

    fn get(&mut self, id: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|e| e.id == id)
    }

    /// The caller began to speak; the item will follow.
    pub fn expect(&mut self, id: &str, started_at: Duration) {
        // Noise never becomes an item: keep only the latest few.
        if self.expected.len() == 16 {
            self.expected.remove(0);
        }
        self.expected.push((id.to_owned(), started_at));
    }

    /// The item is being heard from now on.
    pub fn started(&mut self, id: &str, at: Duration) {
        if let Some(entry) = self.get(id) {
            entry.started_at.get_or_insert(at);
        }
    }

    /// More text of an item.
    pub fn append(&mut self, id: &str, delta: &str) {
        if let Some(entry) = self.get(id).filter(|e| e.cut_at_ms.is_none() && !e.text_done) {
            entry.text.push_str(delta);
        }
    }

    /// The whole text of an item.
    pub fn complete(&mut self, id: &str, text: &str) {
        if let Some(entry) = self.get(id).filter(|e| e.cut_at_ms.is_none()) {
            text.trim().clone_into(&mut entry.text);
            entry.text_done = true;
        }
    }

    /// An item has another name on the connection that is used now, and its text is still to come.
    /// One of which something was told already keeps its name, and the text makes a turn of its own.
    pub fn rename(&mut self, before: &str, id: &str) {
        if let Some(entry) = self.get(before).filter(|e| e.told.is_none() && e.text.is_empty()) {
            id.clone_into(&mut entry.id);
            entry.text_done = false;
        }
    }

    /// What the caller said cannot be written down: no turn comes of it.
    pub fn fail(&mut self, id: &str) {
        if let Some(entry) = self.get(id) {
            entry.text_done = true;
        }
    }

    /// The item was cut short: `heard_ms` of `received_ms` were heard, and its text ends there.
    pub fn cut(&mut self, id: &str, heard_ms: u64, received_ms: u64) {
        if let Some(entry) = self.get(id).filter(|e| e.cut_at_ms.is_none()) {
            entry.text.truncate(heard_prefix(&entry.text, heard_ms, received_ms).len());
            entry.text_done = true;
            entry.cut_at_ms = Some(heard_ms);
        }
    }

    /// The item was never heard: it did not happen.
    pub fn remove(&mut self, id: &str) {
        self.entries.retain(|e| e.id != id);
    }

    /// No more text will come for anything: the connection it came from is gone.
    pub fn close_texts(&mut self) {
        for entry in &mut self.entries {
            entry.text_done = true;
        }
    }

    /// Whether something the caller said is still being written down.
    pub fn awaits_caller(&self) -> bool {
        self.entries.iter().any(|e| e.speaker == Some(Speaker::Patient) && !e.text_done)
    }

    /// The same, of words that began after `since`, counted from the answer.
    pub fn awaits_caller_since(&self, since: Duration) -> bool {
        let awaited = |e: &Entry| e.speaker == Some(Speaker::Patient) && !e.text_done;
        self.entries.iter().any(|e| awaited(e) && e.started_at.is_none_or(|at| at >= since))
    }

    /// What an item says by now, and whether that is all.
    pub fn text(&self, id: &str) -> Option<(&str, bool)> {
        self.entries.iter().rev().find(|e| e.id == id).map(|e| (e.text.as_str(), e.text_done))
    }

    /// What the caller said that was never written down to its end.
    pub fn unfinished(&self) -> Vec<String> {
        let unfinished = |e: &&Entry| e.speaker == Some(Speaker::Patient) && !e.text_done && !e.text.is_empty();
        self.entries.iter().filter(unfinished).map(|e| e.id.clone()).collect()
    }

    /// Whether the caller has said anything that was understood.
    pub fn has_caller(&self) -> bool {
        self.entries.iter().any(|e| e.speaker == Some(Speaker::Patient) && !e.text.trim().is_empty())
    }

    /// The words of the assistant's latest items, newest first.
    pub fn own_words(&self) -> impl Iterator<Item = &str> {
        let own = self.entries.iter().rev().filter(|e| e.speaker == Some(Speaker::Assistant));
        own.take(3).map(|e| e.text.as_str())
    }

    /// Turns that an earlier process has written down.
    pub fn restore(&mut self, turns: &[Turn]) {
        self.entries.extend(turns.iter().map(|turn| Entry {
            id: turn.item_id.clone(),
            speaker: Some(turn.speaker),
            text: turn.text.reveal().clone(),
            text_done: true,
            cut_at_ms: turn.heard_ms,
            started_at: Some(turn.started_at),
            told: Some(Turn { complete: true, ..turn.clone() }),
        }));
    }

    /// The latest items of the caller that have words, up to `most`, in spoken order.
    pub fn latest_of_caller(&self, most: usize) -> Vec<String> {
        let spoken =
            self.entries.iter().rev().filter(|entry| entry.speaker == Some(Speaker::Patient) && !entry.text.is_empty());
        let mut latest: Vec<_> = spoken.take(most).map(|entry| entry.id.clone()).collect();
        latest.reverse();
        latest
    }

    /// The turns that changed since they were last told. `heard` answers for assistant items.
    pub fn changes(&mut self, heard: impl Fn(&str) -> Option<Heard>) -> Vec<Turn> {
        let mut changed = Vec::new();
        let mut order = 0;
        for entry in &mut self.entries {
            let Some(turn) = entry.turn(order, &heard) else { continue };
            order += 1;
            let differs = entry.told.as_ref().is_none_or(|told| {
                (told.order, told.complete, told.text.reveal()) != (turn.order, turn.complete, turn.text.reveal())
            });
            if differs {
                entry.told = Some(turn.clone());
                changed.push(turn);
            }
        }
        changed
    }

    /// The conversation so far as items for a new session, in order, as text.
    pub fn replay(&self) -> Vec<NewItem> {
        let items = self.entries.iter().filter(|e| !e.text.trim().is_empty());
        let mut items: Vec<_> = items
            .filter_map(|e| {
                let role = match e.speaker? {
                    Speaker::Assistant => "assistant",
                    Speaker::Patient => "user",
                    Speaker::System => "system",
                };
                Some(NewItem::message(Some(e.id.clone()), role, e.text.trim().to_owned()))
            })
            .collect();
        items.drain(..items.len().saturating_sub(REPLAYED));
        items
    }
}

impl Entry {
    /// The turn as known by now; `None` as long as there is nothing to tell.
    fn turn(&self, order: u32, heard: impl Fn(&str) -> Option<Heard>) -> Option<Turn> {
        let speaker = self.speaker?;
        let (text, heard_ms, complete) = match speaker {
            Speaker::Patient | Speaker::System => (self.text.as_str(), None, self.text_done),
            Speaker::Assistant => match (self.cut_at_ms, heard(&self.id)) {
                (Some(cut), _) => (self.text.as_str(), Some(cut), true),
                (None, Some(heard)) if heard.complete && self.text_done => {
                    (self.text.as_str(), Some(heard.of_ms), true)
                }
                (None, Some(heard)) => {
                    let text = heard_prefix(&self.text, heard.ms, heard.of_ms);
                    (text, Some(heard.ms), false)
                }
                // Its sound is long played and forgotten: what was told last stays true.
                (None, None) => return self.told.clone().map(|told| Turn { order, ..told }),
            },
        };
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(Turn {
            item_id: self.id.clone(),
            order,
            speaker,
            text: Phi::new(text.to_owned()),
            started_at: self.started_at.unwrap_or_default(),
            heard_ms,
            complete,
        })
    }
}

/// The words that fit into the heard share of the sound. Ends at a word boundary; in scripts
/// without spaces, after a whole character.
fn heard_prefix(text: &str, heard_ms: u64, received_ms: u64) -> &str {
    if heard_ms >= received_ms {
        return text;
    }
    let characters = text.chars().count() as u64 * heard_ms / received_ms;
    let characters = usize::try_from(characters).unwrap_or(usize::MAX);
    let Some((end, next)) = text.char_indices().nth(characters) else { return text };
    let prefix = &text[..end];
    if next.is_whitespace() || prefix.is_empty() {
        return prefix;
    }
    match prefix.rfind(char::is_whitespace) {
        Some(space) => prefix[..space].trim_end(),
        None if text.contains(char::is_whitespace) => "",
        None => prefix,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("one two three four", 500, 1000 => "one two"; "back to the last whole word")]
    #[test_case("one two three four", 1000, 1000 => "one two three four"; "everything")]
    #[test_case("one two", 10, 1000 => ""; "less than a word")]
    #[test_case("こんにちは元気ですか", 500, 1000 => "こんにちは"; "a script without spaces")]
    #[test_case("", 500, 1000 => ""; "no text")]
    #[test_case("ab cd", 0, 0 => "ab cd"; "no sound at all")]
    fn text_is_cut_where_the_sound_was(text: &str, heard: u64, received: u64) -> &str {
        heard_prefix(text, heard, received)
    }

    fn order(transcript: &mut Transcript) -> Vec<(String, u32)> {
        let all = |_: &str| Some(Heard { ms: 1, of_ms: 1, complete: true });
        let mut turns = transcript.changes(all);
        turns.sort_by_key(|t| t.order);
        turns.into_iter().map(|t| (t.item_id, t.order)).collect()
    }

    #[test]
    fn a_late_transcription_takes_its_place_and_moves_the_later_ones() {
        let mut transcript = Transcript::default();
        transcript.place("a", None, Some(Speaker::Assistant));
        transcript.complete("a", "Good morning.");
        transcript.place("u", Some("a"), Some(Speaker::Patient));
        transcript.place("b", Some("u"), Some(Speaker::Assistant));
        transcript.complete("b", "I see.");
        assert_eq!(order(&mut transcript), [("a".into(), 0), ("b".into(), 1)]);
        transcript.complete("u", "I slept badly.");
        assert_eq!(order(&mut transcript), [("u".into(), 1), ("b".into(), 2)]);
        assert_eq!(order(&mut transcript), []);
    }

    #[test]
    fn items_stand_after_their_predecessor_whatever_the_order_of_arrival() {
        let mut transcript = Transcript::default();
        for (id, previous) in [("a", None), ("c", Some("b")), ("b", Some("a")), ("c", Some("b"))] {
            transcript.place(id, previous, Some(Speaker::Patient));
            transcript.complete(id, id);
        }
        let ids: Vec<_> = order(&mut transcript).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
    }

    #[test]
    fn a_failed_transcription_makes_no_turn() {
        let mut transcript = Transcript::default();
        transcript.place("u", None, Some(Speaker::Patient));
        assert!(transcript.awaits_caller());
        transcript.fail("u");
        assert!(!transcript.awaits_caller());
        assert_eq!(order(&mut transcript), []);
    }
}
