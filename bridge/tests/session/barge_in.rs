//! The caller cuts in: the model falls silent at once and learns what was heard of its words.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::ServerEvent;
use proptest::prelude::*;

fn truncated(call: &SimCall) -> Vec<(String, u64)> {
    let cut = call.commands().filter_map(|c| match c {
        Command::Truncate { item_id, audio_end_ms, .. } => Some((item_id.clone(), *audio_end_ms)),
        _ => None,
    });
    cut.collect()
}

fn deleted(call: &SimCall) -> Vec<String> {
    let gone = call.commands().filter_map(|c| match c {
        Command::Delete { item_id } => Some(item_id.clone()),
        _ => None,
    });
    gone.collect()
}

#[test]
fn the_answer_is_cut_at_the_sample_that_was_heard() {
    let mut call = SimCall::answered();
    call.model_says("item_1", "one two three four five six seven eight", 4000);
    call.run_for(ms(1200));
    call.interrupts("item_2", 1100);
    let cut = truncated(&call);
    assert_eq!(cut.len(), 1);
    assert!(cut[0].0 == "item_1" && (1180..=1220).contains(&cut[0].1), "{cut:?}");

    call.played.clear();
    call.delta("r_item_1", "item_1", 400);
    call.run_for(ms(1000));
    assert_eq!(call.voice_ms(), 0);
    assert_eq!(call.played.len(), 50);
    assert_eq!(call.session.stats().stale_deltas, 1);
    assert_eq!(call.texts().last().unwrap(), "one two");
}

#[test]
fn a_response_in_progress_is_cancelled_before_its_item_is_cut() {
    let mut call = SimCall::answered();
    call.model_begins("item_1", "a long story", 2000);
    call.run_for(ms(500));
    call.forget();
    call.interrupts("u", 0);
    let commands: Vec<_> = call.commands().cloned().collect();
    assert_eq!(commands[0], Command::ResponseCancel { response_id: Some("r_item_1".into()) });
    assert!(matches!(&commands[1], Command::Truncate { item_id, .. } if item_id == "item_1"));
    assert_eq!(commands.len(), 2);
}

#[test]
fn the_end_of_a_response_may_come_before_or_after_the_cut() {
    for done_first in [true, false] {
        let mut call = SimCall::answered();
        call.model_begins("item_1", "a long story", 3000);
        call.run_for(ms(1000));
        if done_first {
            call.end_response("r_item_1", "cancelled", vec![]);
        }
        call.interrupts("u", 0);
        if !done_first {
            call.end_response("r_item_1", "cancelled", vec![]);
        }
        call.played.clear();
        for _ in 0..50 {
            call.delta("r_item_1", "item_1", 20);
        }
        call.run_for(ms(500));
        assert_eq!(call.voice_ms(), 0, "done first: {done_first}");
        assert_eq!(truncated(&call).len(), 1);

        call.speech_stops("u");
        call.model_says("item_2", "Yes?", 300);
        call.run_for(ms(500));
        assert_eq!(call.voice_ms(), 300);
    }
}

#[test]
fn items_nobody_heard_are_deleted_and_earlier_ones_are_left_alone() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    for item in ["a", "b", "c", "d"] {
        call.begin_item("r", item);
    }
    for item in ["a", "b", "c"] {
        call.text("r", item, "some words");
        call.delta("r", item, 500);
        call.model(ServerEvent::AudioDone(item_ref(item)));
    }
    call.run_for(ms(800));
    call.forget();
    call.interrupts("u", 0);
    // While her words were held, those on their way arrived.
    assert_eq!(truncated(&call), [("b".to_owned(), 300)]);
    assert_eq!(deleted(&call), ["c", "d"]);
}

#[test]
fn an_item_of_which_nothing_was_heard_is_deleted() {
    let mut call = SimCall::answered();
    call.model_says("item_1", "a long story", 2000);
    call.interrupts("u", 0);
    assert_eq!(deleted(&call), ["item_1"]);
    assert!(truncated(&call).is_empty());
    call.run_for(ms(2000));
    assert!(call.turns().iter().all(|turn| turn.item_id != "item_1"));
}

#[test]
fn an_answer_asked_for_but_not_begun_is_cancelled_when_it_begins() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.run_for(ms(8100));
    assert!(call.asked(), "the overdue answer is asked for");
    call.speech_starts("u2", 0);
    call.begin_response("r_late");
    call.delta("r_late", "late", 500);
    call.run_for(ms(600));
    assert_eq!(call.voice_ms(), 0);
    let cancel = Command::ResponseCancel { response_id: Some("r_late".into()) };
    assert!(call.commands().any(|c| *c == cancel));
}

#[test]
fn a_whole_answer_that_was_heard_is_not_touched() {
    let mut call = SimCall::answered();
    call.model_says("item_1", "Good.", 500);
    call.run_for(ms(700));
    call.forget();
    call.speech_starts("u", 0);
    assert_eq!(call.commands().count(), 0);
}

#[test]
fn an_answer_longer_than_the_queue_is_cancelled_and_what_came_is_played() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.begin_item("r", "long");
    for _ in 0..130 {
        call.delta("r", "long", 1000);
    }
    call.run_for(ms(125_000));
    assert_eq!(call.voice_ms(), 120_000);
    assert_eq!(truncated(&call), [("long".to_owned(), 120_000)]);
    assert_eq!(call.session.stats().overflows, 1);
}

#[derive(Debug, Clone)]
enum Step {
    Delta(u64),
    NextItem,
    NextResponse,
    Done,
    Wait(u64),
    Interrupt,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..900u64).prop_map(Step::Delta),
        2 => Just(Step::NextItem),
        1 => Just(Step::NextResponse),
        1 => Just(Step::Done),
        6 => (0..700u64).prop_map(Step::Wait),
        2 => Just(Step::Interrupt),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_nothing_unheard_is_claimed_and_nothing_cancelled_is_played(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut call = SimCall::answered();
        let (mut response, mut item) = (0, 0);
        let mut received = std::collections::HashMap::<String, u64>::new();
        let mut cancelled = std::collections::HashSet::new();
        call.begin_response("r0");
        for step in steps {
            let (r, i) = (format!("r{response}"), format!("i{item}"));
            match step {
                Step::Delta(millis) => {
                    let before = call.session.queue().pushed();
                    call.delta(&r, &i, millis);
                    let taken = call.session.queue().pushed() - before;
                    prop_assert!(taken == 0 || !cancelled.contains(&r), "sound of a cancelled response was taken");
                    *received.entry(i.clone()).or_default() += taken / 8;
                }
                Step::NextItem => item += 1,
                Step::NextResponse => {
                    call.end_response(&r, "completed", vec![]);
                    response += 1;
                    item += 1;
                    call.begin_response(&format!("r{response}"));
                }
                Step::Done => call.end_response(&r, "completed", vec![]),
                Step::Wait(millis) => call.run_for(ms(millis)),
                Step::Interrupt => {
                    call.sent.clear();
                    call.hear(LOUD);
                    call.run_for(ms(320));
                    call.interrupts("u", 0);
                    call.hear(0xFF);
                    let playing = call.session.queue().playing();
                    prop_assert!(playing.is_none_or(|item| item.starts_with("recorded_")), "{playing:?}");
                    for (id, heard) in truncated(&call) {
                        prop_assert!(heard <= received[&id], "{id}: {heard} of {}", received[&id]);
                    }
                    for command in call.commands() {
                        if let Command::ResponseCancel { response_id: Some(id) } = command {
                            cancelled.insert(id.clone());
                        }
                    }
                    call.played.clear();
                    call.delta(&r, &i, 0);
                    call.speech_stops("u");
                }
            }
            let queue = call.session.queue();
            prop_assert_eq!(queue.pushed(), queue.played() + queue.flushed() + queue.queued());
        }
        call.assert_paced();
    }
}
