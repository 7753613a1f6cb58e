//! A call through a real Asterisk to a real SIP telephone, run by `tests/phone/run`.
//!
//! Needs `ASTERISK_ARI_URL` and `ASTERISK_ARI_PASSWORD`, and a telephone that answers at the trunk.

use std::net::Ipv4Addr;
use std::time::Duration;

use bridge::audio::frame::Codec;
use bridge::driver;
use bridge::realtime::connection::Connector;
use bridge::session::{Control, Plan, Record};
use bridge::telephony::ari::{Ari, AriConfig};
use bridge::telephony::dial::AsteriskDialer;
use bridge::telephony::leg::{DialRequest, Dialer};
use domain::Secret;
use domain::calls::{EndReason, Outcome};
use openai_sim::{Sim, SimConfig, speech};
use tokio::sync::mpsc;
use tokio::time::timeout;

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real Asterisk and a telephone: run by tests/phone/run"]
async fn a_real_telephone_is_called_greeted_heard_and_hung_up() {
    let config = AriConfig {
        url: variable("ASTERISK_ARI_URL", "http://127.0.0.1:8088/ari").parse().unwrap(),
        user: variable("ASTERISK_ARI_USER", "bianca"),
        password: Secret::new(variable("ASTERISK_ARI_PASSWORD", "")),
        app: variable("ASTERISK_APP", "bianca"),
    };
    let (ari, _arrivals) = Ari::start(config).unwrap();
    let connected = async {
        while !ari.is_connected() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), connected).await.expect("Asterisk is there");

    let trunk = variable("ASTERISK_TRUNK", "PJSIP/{number}@trunk").parse().unwrap();
    let dialer = AsteriskDialer::new(ari.clone(), trunk, Ipv4Addr::LOCALHOST.into(), None);
    let call_id = format!("call-{}", std::process::id());
    let request = DialRequest {
        call_id: call_id.clone(),
        number: "+15550100042".parse().unwrap(),
        caller_id: None,
        ring_for: Duration::from_secs(20),
        codec: Codec::Ulaw,
    };
    let leg = dialer.dial(request).await.unwrap();

    let sim = Sim::start(SimConfig::default()).unwrap();
    let connector = Connector::new(sim.realtime_url().parse().unwrap(), Secret::new("sk-test".to_owned()));
    let (records, mut received) = mpsc::channel(64);
    let (commands, commanded) = mpsc::channel(1);
    let running = driver::run(Plan::new(&call_id, "en"), leg, connector, records, commanded);
    // Hangs up once the model has answered what the patient said.
    let listening = async {
        let mut complete = Vec::new();
        while let Some(record) = received.recv().await {
            if let Record::Turn(turn) = record
                && turn.complete
            {
                complete.push(turn.text.reveal().clone());
                if complete.len() == 3 {
                    let _ = commands.send(Control::End { reason: EndReason::EndedByCaregiver }).await;
                }
            }
        }
        complete
    };
    let both = async { tokio::join!(running, listening) };
    let (end, texts) = timeout(Duration::from_mins(1), both).await.expect("the call ends");

    assert_eq!((end.outcome, end.reason), (Outcome::Answered, EndReason::EndedByCaregiver));
    let said = [&speech::assistant("en")[0], &speech::patient("en")[0], &speech::assistant("en")[1]];
    assert_eq!(texts, said.map(|line| line.text));
    assert_eq!((end.leg.unsent, end.leg.strangers, end.leg.malformed, end.session.reanchored), (0, 0, 0, 0));
    let left = ari.channels().await.unwrap();
    assert!(left.iter().all(|channel| !channel.id.ends_with(&call_id)), "{left:?}");
    sim.shutdown().await;
}
