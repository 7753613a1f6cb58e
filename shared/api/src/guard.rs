//! What every route declares, and what is done about it before its handler runs: who asks, whether
//! they ask too often, and whether it was answered before.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use domain::limits::{self, Class, Decision, Per, Quota};
use domain::{Activity, Caller, Error, Gate, Kind, Origin, Result, Secret};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt as _};

use crate::caller::{SignedIn, token};
use crate::error::ApiError;
use crate::idempotency::Once;
use crate::openapi;
use crate::origin::From;

/// What a route declares: how often it may be asked for, and whether a repeated request is answered
/// from memory. A router's table of routes says it beside each of them:
///
/// ```text
/// .routes(Rules::of(Class::Write).once().on(routes!(patients::create::create_patient)))
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    class: Class,
    once: bool,
}

impl Rules {
    /// At most as often as `class` allows.
    pub const fn of(class: Class) -> Self {
        Self { class, once: false }
    }

    /// A request with an `Idempotency-Key` has its effect once.
    #[must_use]
    pub const fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// These routes, under these rules; the description says them too.
    pub fn on<S: Clone + Send + Sync + 'static>(self, routes: UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S> {
        let (schemas, mut paths, router) = routes;
        for (path, item) in &mut paths.paths {
            openapi::declare(path, item, self.class, self.once);
        }
        (schemas, paths, router).layer(middleware::from_fn(move |request, next| self.enforce(request, next)))
    }

    async fn enforce(self, request: Request, next: Next) -> Response {
        // In a box: it is in the future of every handler.
        self.checked(request, next).boxed().await.unwrap_or_else(|error| ApiError(error).into_response())
    }

    async fn checked(self, mut request: Request, next: Next) -> Result<Response> {
        let gate = request.extensions().get::<Arc<dyn AnyGate>>().map(Arc::clone);
        let gate =
            gate.ok_or_else(|| Error::internal("a route without a gate: was it served without with_manners?"))?;
        let origin = request.extensions().get::<From>().map(|from| from.0.clone()).unwrap_or_default();
        let caller = match self.caller(&*gate, token(request.headers()), &origin).await {
            Ok(caller) => caller,
            Err(error) => return Ok(turned_away(&*gate, error, &origin).await),
        };
        let (class, keys) = self.counted(caller.as_ref(), &origin);
        let decision = gate.spend(&keys, class).await;
        if !decision.allowed {
            return Ok(with_fields(ApiError(too_many(&decision)).into_response(), class, &decision));
        }
        let who = caller.as_ref().map_or_else(|| origin.network(), |caller| caller.caregiver.to_string());
        if let Some(caller) = caller {
            request.extensions_mut().insert(SignedIn(caller));
        }
        let response = if self.once {
            let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
            gate.once(who, route.unwrap_or_default(), request, next).await
        } else {
            next.run(request).await
        };
        Ok(with_fields(response, class, &decision))
    }

    /// Who asks, on routes that ask it.
    async fn caller(self, gate: &dyn AnyGate, token: Option<Secret>, origin: &Origin) -> Result<Option<Caller>> {
        let asks = self.class.quotas().iter().any(|quota| quota.per != Per::Address);
        let Some(token) = token.filter(|_| asks) else { return Ok(None) };
        let activity = if self.class.keeps_alive() { Activity::Person } else { Activity::Poll };
        let caller = gate.authenticate(token, origin.clone(), activity).await?;
        crate::log::caller(&caller);
        Ok(Some(caller))
    }

    /// What a request is counted as, and for whom. Where nothing counts for an address, a request
    /// without a token is counted as what anybody may ask: nothing is free.
    fn counted(self, caller: Option<&Caller>, origin: &Origin) -> (Class, Vec<(String, Quota)>) {
        let own = keys(self.class, caller, origin);
        if own.is_empty() { (Class::Public, keys(Class::Public, None, origin)) } else { (self.class, own) }
    }
}

/// The answer to a request whose token is not good. It counts against the address it came from, so
/// that guessing ends.
async fn turned_away(gate: &dyn AnyGate, error: Error, origin: &Origin) -> Response {
    if error.kind != Kind::Unauthenticated {
        return ApiError(error).into_response();
    }
    let decision = gate.spend(&keys(Class::Public, None, origin), Class::Public).await;
    let error = if decision.allowed { error } else { too_many(&decision) };
    with_fields(ApiError(error).into_response(), Class::Public, &decision)
}

fn too_many(decision: &Decision) -> Error {
    let seconds = i64::try_from(decision.retry_after().unwrap_or(1)).unwrap_or(i64::MAX);
    let message = "There were too many requests. Please wait a moment before you try again.";
    Error::limited("too_many_requests", message, SignedDuration::from_secs(seconds))
}

/// For whom a request counts. One that nobody is known for counts only for its address; its handler
/// refuses it if somebody must be.
fn keys(class: Class, caller: Option<&Caller>, origin: &Origin) -> Vec<(String, Quota)> {
    let who = |quota: &Quota| match quota.per {
        Per::Address => Some(origin.network()),
        Per::Caller => caller.map(|caller| caller.caregiver.to_string()),
        Per::Org => caller.map(|caller| caller.org.to_string()),
    };
    class.quotas().iter().filter_map(|quota| Some((who(quota)?, *quota))).collect()
}

/// The fields of draft-ietf-httpapi-ratelimit-headers-10.
fn with_fields(mut response: Response, class: Class, decision: &Decision) -> Response {
    let counted: Vec<Quota> = decision.verdicts.iter().map(|verdict| verdict.quota).collect();
    if counted.is_empty() {
        return response;
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&limits::policy_field(&counted)) {
        headers.insert("ratelimit-policy", value);
    }
    if let Ok(value) = HeaderValue::from_str(&limits::field(decision)) {
        headers.insert("ratelimit", value);
    }
    response.extensions_mut().insert(Counted { class, refused: !decision.allowed, local: decision.local });
    response
}

/// What the log and the metrics say of a request's limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub class: Class,
    pub refused: bool,
    pub local: bool,
}

/// A [`Gate`] whose type is not known: layers are made before a function's state is.
pub(crate) trait AnyGate: Send + Sync {
    fn authenticate(&self, token: Secret, origin: Origin, activity: Activity) -> BoxFuture<'_, Result<Caller>>;
    fn spend<'a>(&'a self, keys: &'a [(String, Quota)], class: Class) -> BoxFuture<'a, Decision>;
    fn once(&self, who: String, route: String, request: Request, next: Next) -> BoxFuture<'_, Response>;
    fn now(&self) -> Timestamp;
    fn cache_looks(&self) -> (u64, u64);
}

impl<G: Gate> AnyGate for G {
    fn authenticate(&self, token: Secret, origin: Origin, activity: Activity) -> BoxFuture<'_, Result<Caller>> {
        async move { domain::Authenticate::authenticate(self, &token, origin, activity).await }.boxed()
    }

    fn spend<'a>(&'a self, keys: &'a [(String, Quota)], class: Class) -> BoxFuture<'a, Decision> {
        Gate::spend(self, keys, class).boxed()
    }

    fn once(&self, who: String, route: String, request: Request, next: Next) -> BoxFuture<'_, Response> {
        let once = Once::new(Gate::once(self).clone(), self.clock(), self.random());
        async move { once.run(&who, &route, request, next).await }.boxed()
    }

    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn cache_looks(&self) -> (u64, u64) {
        Gate::cache_looks(self)
    }
}
