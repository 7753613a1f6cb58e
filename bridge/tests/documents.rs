//! Documents that the bridge generates.

use bridge::metrics::Metrics;

#[test]
fn the_table_of_metrics_is_what_the_code_declares() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let committed = std::fs::read_to_string(path).unwrap();
    let again = "run `cargo run -p bridge -- --metrics-table > docs/metrics.md` and commit what it writes";
    assert!(committed == Metrics::table(), "docs/metrics.md is stale: {again}");
}
