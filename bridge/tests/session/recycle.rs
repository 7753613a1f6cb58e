//! A session of the model is changed before it expires or is full, and nobody hears it.

use crate::common::*;
use bridge::realtime::command::{Command, NewItem};
use bridge::realtime::event::{Response, ResponseEvent, ServerEvent, Usage};
use bridge::realtime::failure::Failure;
use bridge::session::{LinkEvent, NextEvent, PhoneEvent, Plan};

/// An answered call whose session expires after so many seconds.
fn expiring(seconds: i64) -> SimCall {
    let mut call = SimCall::dialing(Plan { max_call: ms(10_000_000), ..plan() });
    call.phone(PhoneEvent::Ringing);
    call.connect_until(Some(seconds));
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.answer_ask("greeting", "Good morning.", 400);
    call.run_for(ms(600));
    call.forget();
    call
}

/// Time passes until another socket is asked for, `limit` at most; gives how much.
fn until_next(call: &mut SimCall, limit: u64) -> u64 {
    let (before, from) = (call.opened_next, call.now);
    while call.opened_next == before && call.now - from < ms(limit) {
        call.run_for(ms(100));
    }
    assert!(call.opened_next > before, "no change in {limit} ms");
    u64::try_from((call.now - from).as_millis()).unwrap_or(u64::MAX)
}

fn said(call: &mut SimCall, user: &str, item: &str) {
    call.speech_starts(user, 0);
    call.run_for(ms(1000));
    call.speech_stops(user);
    call.transcribed(user, "My cat is called Mia.");
    call.model_says(item, "What a lovely name.", 1500);
    call.run_for(ms(2000));
}

#[test]
fn an_hour_has_one_change_at_a_quiet_moment_with_everything_told() {
    let mut call = expiring(3600);
    said(&mut call, "u1", "a1");
    let after = until_next(&mut call, 3_600_000);
    assert!((3_290_000..3_300_100).contains(&after), "five minutes before it expires, not {after}");
    call.forget();
    call.connect_next();
    assert_eq!(call.promoted.len(), 1);
    let told: Vec<_> = call
        .sent_next
        .iter()
        .filter_map(|(_, c)| match c {
            Command::ItemCreate { item: NewItem::Message { role, content, .. }, .. } => {
                Some((*role, content[0].text.reveal().clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told[1], ("user", "My cat is called Mia.".to_owned()));
    assert_eq!((told.len(), told[3].0), (4, "system"));

    call.run_for(ms(1000));
    call.assert_paced();
    assert_eq!(call.appended().len(), 4000 + 8000, "what the caller says goes to the new session");
    said(&mut call, "u2", "a2");
    call.run_for(ms(1500));
    assert_eq!(call.texts().last().map(String::as_str), Some("What a lovely name."));
    assert_eq!(call.opened, 1, "no connection was lost");
    assert_eq!(call.session.stats().recycles, 1);
}

#[test]
fn it_waits_until_nobody_speaks_but_not_for_ever() {
    let mut call = expiring(1200);
    call.run_for(ms(890_000));
    let mut told = 0;
    while call.opened_next == 0 && told < 10 {
        call.model_says(&format!("story_{told}"), "A long story.", 60_000);
        told += 1;
        for _ in 0..550 {
            if call.opened_next == 0 {
                call.run_for(ms(100));
            }
        }
    }
    let at = call.now - call.start;
    assert!((ms(1_139_000)..ms(1_142_000)).contains(&at), "a minute before it expires it is now or never: {at:?}");
    call.connect_next();
    assert_eq!(call.promoted.len(), 1);
}

#[test]
fn a_change_that_fails_is_tried_again_and_the_old_session_goes_on() {
    let mut call = expiring(1200);
    until_next(&mut call, 905_000);
    call.next(NextEvent::Link(LinkEvent::Down(Failure::Retry("test".into()))));
    until_next(&mut call, 11_000);
    call.run_for(ms(5_100));
    assert!(call.closed_next >= 1, "one that is never ready is closed");
    said(&mut call, "u1", "a1");
    assert!(call.promoted.is_empty());
    until_next(&mut call, 11_000);
    call.connect_next();
    assert_eq!(call.promoted.len(), 1);
}

#[test]
fn a_moment_that_is_not_quiet_any_more_is_not_used() {
    let mut call = expiring(1200);
    until_next(&mut call, 905_000);
    call.speech_starts("u", 0);
    call.connect_next();
    assert!(call.promoted.is_empty());
    call.run_for(ms(1000));
    call.speech_stops("u");
    call.transcribed("u", "Yes.");
    call.model_says("a", "Good.", 500);
    call.run_for(ms(700));
    assert_eq!(call.promoted.len(), 1, "as soon as it is quiet again");
}

#[test]
fn a_context_that_is_nearly_full_is_changed_too() {
    let mut call = expiring(3600);
    call.model_begins("a", "Good.", 20);
    let usage = Some(Usage { input_tokens: 25_000, ..Usage::default() });
    let response = Response { id: "r_a".into(), status: "completed".into(), usage, ..Response::default() };
    call.model(ServerEvent::ResponseDone(ResponseEvent { response }));
    call.run_for(ms(100));
    assert_eq!(call.opened_next, 1);
}

#[test]
fn half_an_hour_of_short_sessions_never_meet_an_expired_one() {
    let mut call = expiring(120);
    while call.now - call.start < ms(1_800_000) {
        call.forget();
        call.sent_next.clear();
        let lasted = until_next(&mut call, 120_000);
        assert!(lasted < 90_000, "it expires after 120 s: {lasted}");
        call.next(NextEvent::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
        call.next(NextEvent::Model(Box::new(ServerEvent::SessionCreated(session_with("audio/pcmu")))));
        let mut info = session_with("audio/pcmu");
        info.session.expires_at = Some(UNIX_NOW + 120);
        call.next(NextEvent::Model(Box::new(ServerEvent::SessionUpdated(info))));
        call.assert_paced();
    }
    assert!(call.promoted.len() >= 25, "{} changes", call.promoted.len());
    assert_eq!(call.session.stats().lost_links, 0);
}
