//! What a call leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use openai_sim::faults::FaultKind;
use openai_sim::{Sim, SimConfig, speech};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::end_to_end::{Story, call_of};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Any three words in a row, in small letters.
fn phrases(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(3).map(|three| three.join(" ").to_lowercase()).collect()
}

#[tokio::test]
async fn nobodys_words_are_in_the_log_however_much_is_logged() {
    let log = Log::default();
    // Everything we can say, and what others say at the level of production.
    let filter = EnvFilter::new("info,bridge=trace,domain=trace,services=trace");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log.clone()).finish();
    // For this thread; the call runs on no other.
    let _logging = tracing::subscriber::set_default(subscriber);
    let faults = vec![FaultKind::UnknownEvents.into(), FaultKind::LateDeltas { count: 3 }.into()];
    let sim = Sim::start(SimConfig { faults, ..SimConfig::default() }).unwrap();
    let call = call_of(&sim, Story { lines: 3, ..Story::default() }).await;
    assert!(call.end.session.unknown_events > 0);
    tracing::info!("the log is read");
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).to_lowercase();
    assert!(log.contains("the log is read"));
    let said = speech::patient("en").iter().chain(speech::assistant("en")).map(|line| line.text);
    for phrase in said.chain(["You are a kind companion."]).flat_map(phrases) {
        assert!(!log.contains(&phrase), "{phrase} is in the log");
    }
    sim.shutdown().await;
}
