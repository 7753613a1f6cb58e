//! What is logged: one canonical line a request, in JSON, without patient data.

use std::sync::Arc;

use domain::{Caller, Random};
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_subscriber::EnvFilter;

tokio::task_local! {
    /// The id of the request that this task serves.
    pub(crate) static REQUEST_ID: String;
    /// Where this API is reached: addresses in answers begin with it.
    pub(crate) static PUBLIC_URL: Arc<str>;
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: for machines.
    Json,
    /// Text: for a terminal.
    Text,
}

/// Sends log lines to standard error. `filter` is as `RUST_LOG` has it; `info` when it is empty.
/// Calling it again changes nothing.
pub fn init(format: Format, filter: &str) {
    let filter = EnvFilter::builder().parse_lossy(if filter.is_empty() { "info" } else { filter });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    std::panic::set_hook(Box::new(|panic| {
        // Only where: the message can hold anything, a patient's words among it.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    // An error means that somebody logs already.
    drop(match format {
        Format::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        Format::Text => lines.compact().try_init(),
    });
}

/// The id of the request that is being served; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The id a client or a gateway gave the request, if it is a harmless one, or a new one.
pub(crate) fn choose_request_id(given: Option<&str>, random: &dyn Random) -> String {
    let harmless = |id: &&str| {
        (8..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=.".contains(&b))
    };
    given.filter(harmless).map_or_else(
        || {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            format!("{:016x}", u64::from_be_bytes(bytes))
        },
        str::to_owned,
    )
}

/// The span of a request. `route` is the pattern, never the path: a path can hold what a client
/// should not have put there.
pub(crate) fn span(request_id: &str, method: &str, route: &str) -> Span {
    info_span!("request", request_id, method, route, caregiver = Empty, org = Empty, role = Empty)
}

/// Notes who asked.
pub(crate) fn caller(caller: &Caller) {
    let span = Span::current();
    span.record("caregiver", caller.caregiver.to_string());
    span.record("org", caller.org.to_string());
    span.record("role", caller.role.as_str());
}
