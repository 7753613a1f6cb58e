//! The layers every request goes through, outermost first: request id, span, log line, metrics and
//! headers; panic guard; timeout; body limit. Inside them each route has its own [rules](crate::Rules).

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use domain::{Error, Gate, Random};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::error::{ApiError, ErrorBody, Logged, reply};
use crate::guard::{AnyGate, Counted};
use crate::headers::{self, Sites};
use crate::json::MAX_IMPORT;
use crate::log::{self, REQUEST_ID};
use crate::metrics::{self, Told};
use crate::origin;
use crate::versions::Superseded;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the layers need.
#[derive(Clone)]
pub struct Manners {
    /// The function's name, in its metrics.
    service: &'static str,
    /// For request ids.
    random: Arc<dyn Random>,
    /// What the rules of routes ask.
    gate: Option<Arc<dyn AnyGate>>,
    /// Whose pages may call us.
    sites: Sites,
    /// Where pictures are seen.
    public_url: Arc<str>,
    /// How long a request may take. API Gateway gives up after 30 s (quota "Integration timeout"
    /// of HTTP APIs); we answer before.
    pub patience: Duration,
    /// Whether metrics are written; not where a person reads the output.
    metrics: bool,
    /// Looks into the cache that were told already.
    told: Arc<(AtomicU64, AtomicU64)>,
}

impl Manners {
    /// The usual ones of a function whose routes have rules.
    pub fn new<G: Gate>(service: &'static str, gate: G, web: &config::Web) -> Self {
        let random = gate.random();
        Self { gate: Some(Arc::new(gate)), ..Self::open(service, random, web) }
    }

    /// The same for a function that asks nobody who they are.
    pub fn open(service: &'static str, random: Arc<dyn Random>, web: &config::Web) -> Self {
        Self {
            service,
            random,
            gate: None,
            sites: Sites::new(web.origins.iter().cloned()),
            public_url: web.public_url.as_str().trim_end_matches('/').into(),
            patience: Duration::from_secs(25),
            metrics: web.metrics,
            told: Arc::default(),
        }
    }
}

/// The router with the layers around it, and with our errors for what it does not know.
pub fn with_manners(router: Router, manners: Manners) -> Router {
    router
        .fallback(async || {
            reply(StatusCode::NOT_FOUND, "route_not_found", "There is nothing at this address.", Vec::new())
        })
        .method_not_allowed_fallback(async || {
            let message = "This address does not know that method.";
            reply(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, Vec::new())
        })
        // Bodies have a limit of their own, which is told in our words.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(bounded))
        .layer(middleware::from_fn_with_state(manners.clone(), in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(manners, observed))
}

/// Refuses a body that says it is too large for every route, before it is read. A route refuses what is too large for it.
async fn bounded(request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_IMPORT) {
        return ApiError(Error::too_large(MAX_IMPORT)).into_response();
    }
    next.run(request).await
}

async fn in_time(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(manners.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError(Error::unavailable("request", "took too long")).into_response(),
    }
}

/// A panic's message can hold anything, so it is not logged; the hook of [`log::init`] wrote where
/// it was. In Lambda, where a panic ends the process, the gateway answers instead.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError(Error::internal("panic")).into_response()
}

async fn observed(State(manners): State<Manners>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = log::choose_request_id(given, &*manners.random);
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let version_2 = request.uri().path().split('/').nth(1) == Some("v2");
    let asked = Asked { route, version_2, method: request.method().clone(), headers: request.headers().clone() };
    let span = log::span(&id, asked.method.as_str(), &asked.route);
    let served = serve(&manners, request, next).instrument(span.clone());
    let served = log::PUBLIC_URL.scope(Arc::clone(&manners.public_url), served);
    let mut response = REQUEST_ID.scope(id.clone(), served).await;
    dress(&manners, &asked, &id, &mut response);
    span.in_scope(|| line(&manners, &asked, &response, began.elapsed()));
    response
}

/// What is left of a request when its answer comes.
struct Asked {
    route: String,
    /// Also when there is nothing at that address.
    version_2: bool,
    method: Method,
    headers: axum::http::HeaderMap,
}

async fn serve(manners: &Manners, request: Request, next: Next) -> Response {
    if let Some(answer) = headers::preflight(request.method(), request.headers()) {
        return answer;
    }
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(origin::From(origin::of(&parts)));
    if let Some(gate) = &manners.gate {
        parts.extensions.insert(Arc::clone(gate));
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The headers that every answer has.
fn dress(manners: &Manners, asked: &Asked, id: &str, response: &mut Response) {
    if asked.version_2
        && let Some(error) = response.extensions().get::<ErrorBody>()
    {
        let problem = error.as_problem();
        let (parts, _) = std::mem::take(response).into_parts();
        *response = problem.replacing(parts);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
    if let Some(superseded) = Superseded::find(asked.method.as_str(), &asked.route) {
        superseded.tell(headers);
    }
    headers::share(&manners.sites, &asked.headers, &asked.method, headers);
    headers::protect(headers);
}

fn line(manners: &Manners, asked: &Asked, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let counted = response.extensions().get::<Counted>();
    let class = counted.map(|counted| counted.class.as_str());
    match response.extensions().get::<Logged>() {
        Some(Logged { code, cause: Some(cause) }) if status >= 500 => {
            tracing::error!(status, millis, class, error = code, cause, "request");
        }
        Some(Logged { code, .. }) => tracing::info!(status, millis, class, error = code, "request"),
        None => tracing::info!(status, millis, class, "request"),
    }
    if let Some(gate) = manners.gate.as_ref().filter(|_| manners.metrics) {
        metrics::tell(&Told {
            at: gate.now().as_millisecond(),
            service: manners.service,
            route: &format!("{} {}", asked.method, asked.route),
            status,
            millis: took.as_secs_f64() * 1_000.0,
            limited: counted.is_some_and(|counted| counted.refused),
            local: counted.is_some_and(|counted| counted.local),
            cache: manners.looks(),
        });
    }
}

impl Manners {
    /// Looks into the cache since the last time this was asked.
    fn looks(&self) -> (u64, u64) {
        let Some(gate) = &self.gate else { return (0, 0) };
        let (hits, misses) = gate.cache_looks();
        let since = |told: &AtomicU64, now: u64| now.saturating_sub(told.swap(now, Ordering::Relaxed));
        (since(&self.told.0, hits), since(&self.told.1, misses))
    }
}
