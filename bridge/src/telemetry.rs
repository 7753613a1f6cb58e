//! Traces of calls for `OpenTelemetry`, over OTLP/HTTP, when a collector is configured.
//!
//! A call is one trace: `call` is its root, under it `set_up`, `turn`, `tool` and `reconnect`. What a
//! span may carry is typed ([`Piece`]): numbers, words of ours, the call's id. There is no way to put
//! what was said, a name or a number of a patient into one. For the same reason spans of `tracing`,
//! which libraries make too, are not sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use domain::calls::{EndReason, Outcome};
use domain::{Error, Result};
use futures_util::future::BoxFuture;
use opentelemetry::trace::{Span as _, SpanBuilder, TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use tokio::runtime::Handle;
use url::Url;

use crate::metrics::{Latency, SetUp, ToolResult, class, known_tool, name_of};
use crate::realtime::failure::Failure;

/// How long the collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something within a call.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    /// A step on the way to the conversation.
    SetUp(SetUp),
    /// A turn of the model, from the end of the caller's speech to the last frame of the answer.
    Turn {
        /// Counted from 0.
        number: u32,
        /// What the caller waited for.
        latency: Latency,
        /// The caller spoke before it was over.
        interrupted: bool,
    },
    /// A function call of the model.
    Tool {
        /// Its name; one that we do not offer is told as `other`.
        name: &'a str,
        /// What became of it.
        result: ToolResult,
    },
    /// The time without the model, from the loss to the new session.
    Reconnect {
        /// Why it was lost.
        after: &'a Failure,
        /// Attempts it took.
        attempts: u32,
    },
}

/// Sends traces, or does nothing. A clone sends to the same collector.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Does nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Sends to the collector at `endpoint`, without `/v1/traces`, as `OTEL_EXPORTER_OTLP_ENDPOINT`
    /// has it. `OTEL_EXPORTER_OTLP_HEADERS` is honoured. A collector that is away costs spans and a
    /// line in the log, nothing else. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn to(endpoint: &Url, cell: &str) -> Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| Error::internal(format!("traces cannot be sent: {error}"));
        clients::tls::install();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().map_err(|error| wrong(&error))?;
        let client = Client { http, runtime: Handle::current(), away: Arc::default() };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| wrong(&error))?;
        // Only what we say: the default would look into the environment and the process.
        let resource = Resource::builder_empty()
            .with_service_name("bianca-bridge")
            .with_attribute(KeyValue::new("service.instance.id", cell.to_owned()))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Self { provider: Some(provider) })
    }

    /// Begins the trace of a call. `language` is a code of ISO 639-1.
    pub fn call(&self, id: &str, language: &str) -> CallTrace {
        let began = (Instant::now(), SystemTime::now());
        let live = self.provider.as_ref().map(|provider| {
            let tracer = provider.tracer("bridge");
            let attributes =
                [KeyValue::new("call.id", id.to_owned()), KeyValue::new("call.language", language.to_owned())];
            let root = SpanBuilder::from_name("call").with_start_time(began.1).with_attributes(attributes);
            let root = root.start_with_context(&tracer, &Context::new());
            let context = Context::new().with_remote_span_context(root.span_context().clone());
            Live { tracer, root, context }
        });
        CallTrace { live, began }
    }

    /// Sends what has not been sent yet; nothing can be sent afterwards.
    pub async fn shutdown(self) {
        let Some(provider) = self.provider else { return };
        // It blocks until the batch is out, and its client needs this runtime to get there.
        match tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent"),
        }
    }
}

/// The trace of one call. Dropping it ends the root without an outcome.
#[derive(Debug)]
pub struct CallTrace {
    live: Option<Live>,
    /// The same moment on both clocks: calls count on the monotonic one.
    began: (Instant, SystemTime),
}

#[derive(Debug)]
struct Live {
    tracer: SdkTracer,
    root: Span,
    context: Context,
}

impl CallTrace {
    /// A piece of the call that is over: when it began and when it ended.
    pub fn piece(&self, piece: Piece<'_>, from: Instant, to: Instant) {
        let Some(live) = &self.live else { return };
        let (name, attributes) = described(piece);
        let span = SpanBuilder::from_name(name).with_start_time(self.at(from)).with_attributes(attributes);
        span.start_with_context(&live.tracer, &live.context).end_with_timestamp(self.at(to));
    }

    /// The call is over.
    pub fn end(mut self, outcome: Outcome, reason: EndReason, talked: Duration) {
        let Some(live) = &mut self.live else { return };
        live.root.set_attribute(KeyValue::new("call.outcome", name_of(&outcome)));
        live.root.set_attribute(KeyValue::new("call.end_reason", name_of(&reason)));
        live.root.set_attribute(KeyValue::new("call.talked_ms", millis(talked)));
        live.root.end();
    }

    fn at(&self, moment: Instant) -> SystemTime {
        let (instant, time) = self.began;
        match moment.checked_duration_since(instant) {
            Some(after) => time + after,
            None => time - instant.duration_since(moment),
        }
    }
}

fn described(piece: Piece<'_>) -> (&'static str, Vec<KeyValue>) {
    match piece {
        Piece::SetUp(stage) => ("set_up", vec![KeyValue::new("stage", stage.as_str())]),
        Piece::Turn { number, latency, interrupted } => {
            let mut attributes =
                vec![KeyValue::new("turn.number", i64::from(number)), KeyValue::new("turn.interrupted", interrupted)];
            let Latency { endpointing, model, wire } = latency;
            let stages = [("endpointing", endpointing), ("model", model), ("wire", wire)];
            let known = stages.into_iter().filter_map(|(stage, took)| Some((stage, took?)));
            attributes.extend(known.map(|(stage, took)| KeyValue::new(format!("latency.{stage}_ms"), millis(took))));
            ("turn", attributes)
        }
        Piece::Tool { name, result } => {
            let name = KeyValue::new("tool.name", known_tool(name));
            ("tool", vec![name, KeyValue::new("tool.result", result.as_str())])
        }
        Piece::Reconnect { after, attempts } => {
            let class = KeyValue::new("failure.class", class(after));
            ("reconnect", vec![class, KeyValue::new("reconnect.attempts", i64::from(attempts))])
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Our HTTP client for the exporter. The exporter has a thread of its own outside of the runtime, so
/// the request is made by a task inside, and the thread waits for that.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    away: Arc<AtomicBool>,
}

impl HttpClient for Client {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> BoxFuture<'async_trait, std::result::Result<Response<Bytes>, HttpError>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let (http, away) = (self.http.clone(), Arc::clone(&self.away));
        let sending = self.runtime.spawn(async move {
            let sent = send(&http, request).await;
            let failed = sent.as_ref().map_or(true, |response| !response.status().is_success());
            if away.swap(failed, Ordering::Relaxed) != failed {
                let status = sent.as_ref().ok().map(|response| response.status().as_u16());
                tracing::warn!(failed, status, "whether traces arrive has changed");
            }
            sent
        });
        Box::pin(async move { sending.await? })
    }
}

async fn send(http: &reqwest::Client, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
    let answer = http.execute(request.try_into()?).await?;
    let response = Response::builder().status(answer.status());
    Ok(response.body(answer.bytes().await?)?)
}
