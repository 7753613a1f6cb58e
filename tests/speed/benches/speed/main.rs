//! `cargo bench -p speed`: prints the figures of `docs/benchmarks.md`. Nothing here asserts a time.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and a failure is its end")]

mod login;
mod reads;
mod router;

use std::time::{Duration, Instant};

fn main() {
    // One core's worth, as a Lambda of 1769 MB has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        router::run().await;
        reads::run().await;
        login::run().await;
    });
}

/// The sorted times of `rounds` runs.
async fn times<F: Future>(rounds: usize, mut run: impl FnMut() -> F) -> Vec<Duration> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        run().await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() - 1) * percent / 100]
}

fn line(what: &str, times: &[Duration]) {
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    let [p50, p90, p99] = [50, 90, 99].map(|percent| micros(percentile(times, percent)));
    println!("{what:<56} p50 {p50:>9.1} us   p90 {p90:>9.1} us   p99 {p99:>9.1} us");
}
