//! What a cell says about itself, with the simulator in the model's place.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bridge::breaker::Breaker;
use bridge::health::{Health, Load};
use bridge::metrics::{CallMeter, Metrics, Way};
use bridge::realtime::connection::Connector;
use bridge::telephony::leg::LegStats;
use domain::Secret;
use openai_sim::faults::FaultKind;
use openai_sim::{Sim, SimConfig};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

struct Telephone(AtomicBool);

impl Load for Telephone {
    fn live(&self) -> usize {
        3
    }

    fn room(&self) -> usize {
        97
    }

    fn telephone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Served {
    address: String,
    telephone: Arc<Telephone>,
    stop: CancellationToken,
    model: Sim,
}

impl Served {
    async fn start(model: SimConfig, media: IpAddr) -> Self {
        let model = Sim::start(model).unwrap();
        let metrics = Metrics::new();
        let key = Secret::new("key".to_owned());
        let connector = Connector::new(model.realtime_url().parse().unwrap(), key);
        let connector = connector.with_breaker(Breaker::new(metrics.clone()));
        let (telephone, stop) = (Arc::new(Telephone(AtomicBool::new(true))), CancellationToken::new());
        let health = Health::new(telephone.clone(), stop.clone(), metrics)
            .with_model(connector, "gpt-realtime")
            .with_media(media);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(health.serve(listener));
        Self { address, telephone, stop, model }
    }

    async fn asked(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("{}{path}", self.address)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The status of `/readyz` and the codes of its reasons.
    async fn readiness(&self) -> (u16, Vec<String>) {
        let (status, body) = self.asked("/readyz").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let reasons = body["reasons"].as_array().unwrap();
        (status, reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect())
    }

    /// How long it takes until `/readyz` answers with this status.
    async fn until(&self, status: u16) -> Duration {
        let began = Instant::now();
        while self.readiness().await.0 != status {
            assert!(began.elapsed() < Duration::from_secs(40), "not {status} after {:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        began.elapsed()
    }
}

fn here() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

#[tokio::test]
async fn a_revoked_key_shows_within_ten_seconds_and_so_does_its_return() {
    let faults = vec![FaultKind::Refuse { status: 401 }.in_session(2)];
    let cell = Served::start(SimConfig { faults, ..SimConfig::default() }, here()).await;
    assert_eq!(cell.readiness().await, (200, vec![]));
    // The first session has been let in; from now on the key is refused, once.
    let red_after = cell.until(503).await;
    assert!(red_after < Duration::from_secs(10), "{red_after:?}");
    assert_eq!(cell.readiness().await, (503, vec!["model".to_owned()]));
    assert_eq!(cell.asked("/livez").await.0, 200);
    let (_, text) = cell.asked("/metrics").await;
    assert!(text.contains("\nbridge_ready 0\n") && text.contains("bridge_breaker_state{state=\"open\"} 1\n"), "{text}");
    assert!(text.contains("bridge_model_connections_total{result=\"key\"} 1\n"), "{text}");
    let green_after = cell.until(200).await;
    assert!(green_after < Duration::from_secs(25), "{green_after:?}");
}

#[tokio::test]
async fn however_often_it_is_asked_the_model_is_not() {
    let cell = Served::start(SimConfig::default(), here()).await;
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(cell.readiness().await.0, 200);
    }
    let expected = 1 + usize::try_from(began.elapsed().as_secs() / 5).unwrap();
    assert!(cell.model.sessions().len() <= expected, "{} sessions", cell.model.sessions().len());
}

#[tokio::test]
async fn every_reason_is_named() {
    // An address that this machine does not have (RFC 5737, TEST-NET-1).
    let cell = Served::start(SimConfig::default(), Ipv4Addr::new(192, 0, 2, 1).into()).await;
    assert_eq!(cell.readiness().await, (503, vec!["media".to_owned()]));
    cell.telephone.0.store(false, Ordering::Relaxed);
    cell.stop.cancel();
    let all = ["draining", "telephone", "media"].map(str::to_owned).to_vec();
    assert_eq!(cell.readiness().await, (503, all));
    let (status, text) = cell.asked("/metrics").await;
    assert_eq!(status, 200);
    for line in ["bridge_draining 1", "bridge_calls_live 3", "bridge_calls_room 97"] {
        assert!(text.lines().any(|seen| seen == line), "{line} is not in\n{text}");
    }
    assert_eq!(cell.asked("/livez").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn a_model_that_says_nothing_is_not_waited_for_long() {
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("ws://{}/v1/realtime", mute.local_addr().unwrap());
    let connector = Connector::new(url.parse().unwrap(), Secret::new("key".to_owned()));
    let telephone = Arc::new(Telephone(AtomicBool::new(true)));
    let health = Health::new(telephone, CancellationToken::new(), Metrics::new()).with_model(connector, "gpt-realtime");
    let began = Instant::now();
    let readiness = health.readiness().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(readiness.reasons[0].code, "model");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figure is what the test is for")]
async fn a_scrape_takes_less_than_50_ms_while_500_calls_are_counted() {
    let metrics = Metrics::new();
    let telephone = Arc::new(Telephone(AtomicBool::new(true)));
    let health = Health::new(telephone, CancellationToken::new(), metrics.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("http://{}/metrics", listener.local_addr().unwrap());
    tokio::spawn(health.serve(listener));
    for _ in 0..500 {
        let (metrics, mut meter) = (metrics.clone(), CallMeter::new(metrics.clone()));
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            for sent in 1.. {
                ticks.tick().await;
                metrics.pacing_error(Duration::from_micros(300));
                metrics.added(Way::ToCaller, Duration::from_micros(300));
                metrics.added(Way::ToModel, Duration::from_micros(200));
                meter.leg(LegStats { sent, ..LegStats::default() });
            }
        });
    }
    clients::tls::install();
    let client = reqwest::Client::new();
    let mut took = Vec::new();
    for _ in 0..41 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let began = Instant::now();
        let text = client.get(&address).send().await.unwrap().text().await.unwrap();
        took.push(began.elapsed());
        assert!(text.contains("bridge_pacing_error_seconds_count"));
    }
    took.sort_unstable();
    // The machine may be busy with other tests: the median is what a scrape takes.
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!("a scrape under 500 calls: median {median:?}, slowest {slowest:?}");
    assert!(median < Duration::from_millis(50), "{took:?}");
}
