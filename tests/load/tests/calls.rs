//! Real calls through the bridge, in this process: many at once, and over bad networks.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use asterisk_sim::net::{Net, Trouble};
use asterisk_sim::{Config, Totals};
use bridge::telephony::media::MediaTransport;
use load::board::{Board, lock};
use load::bridge_side::{BridgeSide, Came, Neighbours};
use load::model::{Manner, Model};
use load::run::{self, Leaving};
use test_case::test_case;
use tokio::time::{sleep, timeout};

/// How long people talk over a bad network: enough for ten troubles and more.
const TROUBLED: Duration = Duration::from_secs(2);

/// What calls have left behind.
struct Seen {
    board: Arc<Board>,
    came: Vec<Came>,
    asterisk: Totals,
}

impl Seen {
    /// A counter of the bridge, over all calls.
    fn counter(&self, name: &str) -> u64 {
        self.came.iter().map(|came| came.counter(name)).sum()
    }
}

/// Lets so many people talk with the model for a while, over that network.
async fn talk(calls: u32, net: Net, time: Duration) -> Seen {
    talk_over(MediaTransport::Rtp, calls, net, time).await
}

/// The same over another transport.
async fn talk_over(media: MediaTransport, calls: u32, net: Net, time: Duration) -> Seen {
    let (board, leaving) = (Arc::new(Board::default()), Leaving::default());
    board.talking.store(true, Ordering::Relaxed);
    let config = Config { net, ..Config::default() };
    let asterisk = run::asterisk(config, &board, &leaving).await.unwrap();
    // Short answers, so that there are many.
    let manner = Manner { frames: (40, 40), ..Manner::default() };
    let model = Model::start(Arc::clone(&board), manner).await.unwrap();
    let neighbours =
        Neighbours { ari: asterisk.ari_url().parse().unwrap(), model: model.url().parse().unwrap(), media };
    let side = Arc::new(BridgeSide::connect(&neighbours).await.unwrap());
    let mut running = Vec::new();
    for call in 1..=calls {
        let side = Arc::clone(&side);
        running.push(tokio::spawn(async move { side.call(call).await.unwrap() }));
        sleep(Duration::from_millis(30)).await;
    }
    sleep(time).await;
    board.closing.store(true, Ordering::Relaxed);
    let mut came = Vec::new();
    for call in running {
        came.push(timeout(Duration::from_secs(15), call).await.expect("the call ends").unwrap());
    }
    Seen { board, came, asterisk: asterisk.totals() }
}

/// What holds in every call, however bad the network and however busy the machine: nothing is mixed up or changed, the
/// model is not told more time than has passed, every frame is somewhere.
fn assert_sound(seen: &Seen) {
    for came in &seen.came {
        assert_eq!(came.outcome, "Answered", "{came:?}");
        for name in ["malformed_events", "unknown_events", "overflows", "lost_links", "errors", "lost_records"] {
            assert_eq!(came.counter(name), 0, "{name}: {came:?}");
        }
    }
    for (number, call) in seen.board.calls() {
        assert!(call.answers.load(Ordering::Relaxed) > 0, "call {number} was never answered");
        let outward = lock(&call.outward).faults;
        assert_eq!(
            (outward.foreign, outward.corrupt, outward.lost, outward.repeated),
            (0, 0, 0, 0),
            "call {number} heard {outward:?}"
        );
        let inward = *lock(&call.inward);
        assert_eq!((inward.faults.foreign, inward.faults.repeated), (0, 0), "call {number}");
        // The model's clock is the sound it was given: 20 ms for each 20 ms of the telephone. Silence is fed when
        // this machine does not run us for 60 ms; that much the clock may be ahead, and never behind.
        let (first, last) = lock(&call.ends).unwrap();
        let (passed, appended) = (u64::from(last - first) + 1, call.appended.load(Ordering::Relaxed));
        let came = seen.came.iter().find(|came| came.call == number).unwrap();
        let fed = came.counter("silence_fed");
        assert!((passed..=passed + fed).contains(&appended), "call {number}: {appended} for {passed}, {fed} fed");
    }
    // When the first packet is lost or overtaken, nobody can know that it was the first.
    let net = seen.asterisk.net;
    let unaccounted = run::unaccounted(&seen.board, if net.lost + net.reordered > 0 { 4 } else { 0 });
    assert!(unaccounted.is_empty(), "{unaccounted:?}");
    let rtp = seen.asterisk.stream;
    assert_eq!(rtp.faults() - rtp.off_clock, 0, "{rtp:?}");
}

#[test_case(MediaTransport::Rtp; "over rtp")]
#[test_case(MediaTransport::WebSocket; "over websockets")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_calls_at_once_none_hears_another_and_every_frame_is_accounted_for(media: MediaTransport) {
    let seen = talk_over(media, 50, Net::default(), Duration::from_secs(6)).await;
    assert_sound(&seen);
    assert_eq!(seen.came.len(), 50);
    let [inward, outward] = seen.board.flows();
    assert_eq!((inward.faults.corrupt, inward.faults.lost), (0, 0), "bit for bit");
    assert!(inward.intact > 50 * 250 && outward.intact > 50 * 60, "{inward:?} {outward:?}");
    assert!(seen.counter("barge_ins") > 0, "somebody cut in");
}

#[test_case(Trouble::Lengths, "malformed_packets")]
#[test_case(Trouble::Versions, "malformed_packets")]
#[test_case(Trouble::PayloadTypes, "malformed_packets")]
#[test_case(Trouble::Strangers, "strangers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_sound_of_the_call_is_dropped_and_counted(trouble: Trouble, counter: &str) {
    let seen = talk(3, Net::with(trouble), TROUBLED).await;
    assert_sound(&seen);
    let [inward, _] = seen.board.flows();
    assert_eq!((inward.faults.corrupt, inward.faults.lost), (0, 0), "bit for bit");
    let sent = seen.asterisk.net.unwanted + seen.asterisk.net.strangers;
    let counted = seen.counter(counter);
    // What came after the hang-up was not looked at any more.
    assert!(sent > 10 && counted <= sent && counted + 3 >= sent, "{counted} of {sent}");
}

#[test_case(Trouble::Sources)]
#[test_case(Trouble::Duplicates)]
#[test_case(Trouble::Extensions)]
#[test_case(Trouble::Halves)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_odd_but_harmless_leaves_no_trace_in_the_sound(trouble: Trouble) {
    let seen = talk(3, Net::with(trouble), TROUBLED).await;
    assert_sound(&seen);
    let [inward, _] = seen.board.flows();
    assert_eq!((inward.faults.corrupt, inward.faults.lost), (0, 0), "bit for bit");
    let net = seen.asterisk.net;
    assert!(net.sources + net.duplicates + net.reshaped > 10, "{net:?}");
    let twice = seen.counter("packets_late") + seen.counter("packets_duplicate");
    assert!(twice <= net.duplicates && twice + 3 >= net.duplicates, "{twice} of {}", net.duplicates);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_out_of_order_are_put_in_order() {
    let seen = talk(3, Net::with(Trouble::Reorder), TROUBLED).await;
    assert_sound(&seen);
    let [inward, _] = seen.board.flows();
    assert!(seen.asterisk.net.reordered > 10, "{:?}", seen.asterisk.net);
    // One that was overtaken by three comes 60 ms late: on a busy machine that is sometimes too late.
    assert!(inward.faults.lost * 10 <= seen.asterisk.net.reordered, "{:?}", inward.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_every_packet_that_is_lost_the_model_is_given_another_sound_as_long() {
    let seen = talk(3, Net::with(Trouble::Loss), TROUBLED).await;
    assert_sound(&seen);
    let [inward, _] = seen.board.flows();
    let lost = seen.asterisk.net.lost;
    assert!(lost > 10 && inward.faults.lost <= lost && inward.faults.lost + 9 >= lost, "{:?} of {lost}", inward.faults);
    assert!(seen.counter("packets_lost") <= lost);
}
