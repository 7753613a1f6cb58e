//! `cargo bench -p speed --bench emergencies`: how long it takes to judge a sentence, of all that are held out, and to read what is
//! known of a language the first time. Nothing here asserts a time.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and a failure is its end")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::Language;
use domain::emergencies::{judge, warm};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/domain/emergencies/held-out");
    println!("language   first      p50      p99  slowest");
    for language in Language::ALL {
        let text = std::fs::read_to_string(folder.join(format!("{}.jsonl", language.code()))).unwrap();
        let said: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned())
            .collect();
        let first = timed(|| warm(language));
        let mut times: Vec<_> = said.iter().map(|text| timed(|| drop(black_box(judge(text, language))))).collect();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_micros();
        println!("{language}      {:>6} ms {:>5} us {:>5} us {:>5} us", first.as_millis(), at(50), at(99), at(100));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}
