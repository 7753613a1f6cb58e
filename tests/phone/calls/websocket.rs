//! The same with the sound on a WebSocket instead of RTP between Asterisk and the bridge.

use super::{barge_in, ordinary};

const WEBSOCKET: (&str, &str) = ("ASTERISK_MEDIA", "websocket");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_whole_call_over_a_websocket_is_heard_byte_for_byte() {
    ordinary::goes_well(vec![WEBSOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn a_patient_who_cuts_in_over_a_websocket_is_listened_to_at_once() {
    barge_in::cuts_in(vec![WEBSOCKET]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Asterisk and telephones: run tests/phone/run"]
async fn after_a_cough_over_a_websocket_bianca_goes_on_from_the_same_byte() {
    barge_in::coughs(vec![WEBSOCKET]).await;
}
