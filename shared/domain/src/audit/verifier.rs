//! Checking a chain.

use serde::Serialize;

use super::{GENESIS, Seal, Sealed};

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Fault {
    /// A record, or its seal, is not what it was.
    Changed {
        /// Its number.
        seq: u64,
    },
    /// Records between these numbers are gone, or numbers were changed.
    Gap {
        /// The number that was expected.
        expected: u64,
        /// The number that was found.
        found: u64,
    },
    /// The chain ends before the record that was sealed last.
    Shortened {
        /// The number it ends with.
        ends: u64,
        /// The number it must reach.
        expected: u64,
    },
}

/// A record of a chain as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It can be read.
    Whole(Box<Sealed>),
    /// It cannot be read any more, or what is stored beside it to find it says something else.
    Damaged {
        /// Its number.
        seq: u64,
        /// Its seal, if that can be read.
        seal: Option<Seal>,
    },
}

impl Link {
    /// Its number.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Whole(sealed) => sealed.seq,
            Self::Damaged { seq, .. } => *seq,
        }
    }

    /// Its seal, if that can be read.
    pub const fn seal(&self) -> Option<Seal> {
        match self {
            Self::Whole(sealed) => Some(sealed.seal),
            Self::Damaged { seal, .. } => *seal,
        }
    }
}

/// What was found out about a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Number of the first record that was checked; 0 when there was none.
    pub first: u64,
    /// Number of the last one; 0 when there was none.
    pub last: u64,
    /// How many were checked.
    pub checked: u64,
    /// What is wrong; empty when all is well.
    pub faults: Vec<Fault>,
}

/// Checks a chain record by record.
pub struct Verifier<'a> {
    good: &'a (dyn Fn(&[u8], &Seal) -> bool + Sync),
    last: Option<(u64, Seal)>,
    found: Findings,
}

/// Faults that are kept; a chain with more is broken enough.
const MOST_FAULTS: usize = 100;

impl<'a> Verifier<'a> {
    /// For a chain whose seals `good` knows: whether a seal is that of these bytes.
    pub const fn new(good: &'a (dyn Fn(&[u8], &Seal) -> bool + Sync)) -> Self {
        Self { good, last: None, found: Findings { first: 0, last: 0, checked: 0, faults: Vec::new() } }
    }

    /// The next record, in order. The first one may have any number: older ones were kept for
    /// their time and are gone.
    pub fn next(&mut self, link: &Link) {
        let seq = link.seq();
        self.found.checked += 1;
        let before = match self.last {
            None if seq == 1 => Some(GENESIS),
            // The seal before the oldest record that is left is gone with its record.
            None => None,
            Some((last, seal)) => {
                if seq != last + 1 {
                    self.fault(Fault::Gap { expected: last + 1, found: seq });
                }
                Some(seal)
            }
        };
        let holds = match (link, before) {
            (Link::Damaged { .. }, _) => false,
            (Link::Whole(_), None) => true,
            (Link::Whole(sealed), Some(before)) => (self.good)(&sealed.record.bytes(seq, &before), &sealed.seal),
        };
        if !holds {
            self.fault(Fault::Changed { seq });
        }
        if self.last.is_none() {
            self.found.first = seq;
        }
        // After a seal that cannot be read nothing can be vouched for: the next record is named too.
        self.last = Some((seq, link.seal().unwrap_or(GENESIS)));
    }

    /// What was found out. `reaches` is the number that the end of the chain is known to have
    /// reached from elsewhere.
    pub fn finish(mut self, reaches: Option<u64>) -> Findings {
        let ends = self.last.map_or(0, |(seq, _)| seq);
        self.found.last = ends;
        if let Some(expected) = reaches.filter(|expected| *expected > ends) {
            self.fault(Fault::Shortened { ends, expected });
        }
        self.found
    }

    fn fault(&mut self, fault: Fault) {
        if self.found.faults.len() < MOST_FAULTS {
            self.found.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Actor, Record, Subject};
    use crate::caller::Origin;
    use crate::id::{AuditId, Id};
    use jiff::Timestamp;

    /// Good enough to notice a change in a test.
    fn seal(bytes: &[u8]) -> Seal {
        let mut seal = [7_u8; 32];
        for (index, byte) in bytes.iter().enumerate() {
            seal[index % 32] = seal[index % 32].wrapping_mul(31).wrapping_add(*byte);
        }
        seal
    }

    fn chain(length: u64) -> Vec<Sealed> {
        let mut before = GENESIS;
        let record = |seq| {
            let actor = Actor::System { reason: format!("test {seq}") };
            let at = Timestamp::from_second(1_000).unwrap();
            let id = AuditId(Id::from_bytes([u8::try_from(seq).unwrap(); 12]));
            Record::new(actor, None, &Origin::default(), id, at, Action::Read, Subject::Patient).about(["a"])
        };
        (1..=length)
            .map(|seq| {
                let record = record(seq);
                before = seal(&record.bytes(seq, &before));
                Sealed { record, seq, seal: before }
            })
            .collect()
    }

    fn verify(chain: &[Sealed], reaches: Option<u64>) -> Vec<Fault> {
        let good = |bytes: &[u8], stored: &Seal| seal(bytes) == *stored;
        let mut verifier = Verifier::new(&good);
        for sealed in chain {
            verifier.next(&Link::Whole(Box::new(sealed.clone())));
        }
        verifier.finish(reaches).faults
    }

    #[test]
    fn an_untouched_chain_holds_also_when_its_oldest_records_were_let_go() {
        assert_eq!(verify(&chain(9), Some(9)), []);
        assert_eq!(verify(&chain(9)[4..], Some(9)), []);
        assert_eq!(verify(&[], None), []);
    }

    #[test]
    fn a_change_of_any_field_is_found() {
        let mut changed = chain(9);
        changed[3].record.ids = vec!["b".into()];
        assert_eq!(verify(&changed, None), [Fault::Changed { seq: 4 }]);
        let mut changed = chain(9);
        changed[3].record.high_risk = true;
        assert_eq!(verify(&changed, None), [Fault::Changed { seq: 4 }]);
    }

    #[test]
    fn a_record_that_is_taken_out_is_missed_wherever_it_was() {
        let mut gap = chain(9);
        gap.remove(3);
        assert_eq!(verify(&gap, None), [Fault::Gap { expected: 4, found: 5 }, Fault::Changed { seq: 5 }]);
        assert_eq!(verify(&chain(9)[..7], Some(9)), [Fault::Shortened { ends: 7, expected: 9 }]);
    }

    #[test]
    fn a_chain_that_was_numbered_anew_does_not_hold() {
        let mut renumbered = chain(9);
        renumbered.remove(3);
        renumbered.iter_mut().skip(3).for_each(|sealed| sealed.seq -= 1);
        assert!(!verify(&renumbered, None).is_empty());
    }

    #[test]
    fn a_record_that_cannot_be_read_any_more_is_named_and_the_rest_is_checked() {
        let good = |bytes: &[u8], stored: &Seal| seal(bytes) == *stored;
        let findings = |damage: &dyn Fn(&Sealed) -> Option<Seal>| {
            let mut verifier = Verifier::new(&good);
            for sealed in chain(9) {
                verifier.next(&match sealed.seq {
                    4 => Link::Damaged { seq: 4, seal: damage(&sealed) },
                    _ => Link::Whole(Box::new(sealed)),
                });
            }
            verifier.finish(None)
        };
        let found = findings(&|sealed| Some(sealed.seal));
        assert_eq!(found, Findings { first: 1, last: 9, checked: 9, faults: vec![Fault::Changed { seq: 4 }] });
        let found = findings(&|_| None);
        assert_eq!(found.faults, [Fault::Changed { seq: 4 }, Fault::Changed { seq: 5 }]);
    }
}
