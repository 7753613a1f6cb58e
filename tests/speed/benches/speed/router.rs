//! Router, layers, rules and sign-in, without any server behind them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Manners, Rules, SignedIn, with_manners};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use config::Env;
use domain::idempotency::{Claim, Fingerprint, Kept, Lease, Slot};
use domain::limits::{Class, Decision, Quota};
use domain::{
    Activity, Authenticate, Caller, CaregiverId, Clock, Gate, Id, Idempotency, OrgId, Origin, Random, Result, Role,
    Secret, SessionId,
};
use jiff::Timestamp;
use services::auth::{TokenShown, Tokens};
use services::{SystemClock, SystemRandom};
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const ROUNDS: u32 = 50_000;

/// A gate that verifies tokens and judges limits as the real one does, and remembers nothing.
#[derive(Clone)]
struct Memoryless(Arc<Tokens>);

#[derive(Clone)]
struct Never;

impl Idempotency for Never {
    async fn claim(&self, _: &Slot, _: &Fingerprint, _: Lease, _: Timestamp) -> Result<Claim> {
        Ok(Claim::Mine)
    }
    async fn keep(&self, _: &Slot, _: Lease, _: &Kept, _: Timestamp) -> Result<bool> {
        Ok(true)
    }
    async fn release(&self, _: &Slot, _: Lease) -> Result<()> {
        Ok(())
    }
}

impl Authenticate for Memoryless {
    async fn authenticate(&self, token: &Secret, origin: Origin, _: Activity) -> Result<Caller> {
        let TokenShown { session, caregiver, .. } = self.0.verify(token, Timestamp::now())?;
        Ok(Caller { caregiver, org: OrgId(Id::from_bytes([1; 12])), role: Role::Staff, session, origin })
    }
}

impl Gate for Memoryless {
    type Once = Never;
    async fn spend(&self, keys: &[(String, Quota)], _: Class) -> Decision {
        let cells: Vec<_> = keys.iter().map(|(_, quota)| (*quota, None)).collect();
        Decision::judge(&cells, Timestamp::now().as_microsecond())
    }
    fn once(&self) -> &Never {
        &Never
    }
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }
    fn random(&self) -> Arc<dyn Random> {
        Arc::new(SystemRandom)
    }
    fn cache_looks(&self) -> (u64, u64) {
        (0, 0)
    }
}

/// Nothing but who asks.
#[utoipa::path(get, path = "/v1/patients/{patientId}", operation_id = "nothing", responses((status = 200)))]
async fn nothing(SignedIn(caller): SignedIn) -> String {
    caller.caregiver.to_string()
}

pub(crate) async fn run() {
    let env = Env::default().with("JWT_KEYS", format!("bench:{}BwcHBwc=", "BwcH".repeat(9)));
    let tokens = Arc::new(Tokens::new(&config::Auth::from_env(&env).unwrap()));
    let gate = Memoryless(Arc::clone(&tokens));
    let routes = OpenApiRouter::<()>::new().routes(Rules::of(Class::Read).on(routes!(nothing)));
    let router: Router = routes.split_for_parts().0;
    let router = with_manners(router, Manners::new("bench", gate, &config::Web::from_env(&env).unwrap()));
    let id = |n| Id::from_bytes([n; 12]);
    let token = tokens.sign(SessionId(id(2)), CaregiverId(id(3)), Timestamp::now()).unwrap().token;
    let bearer = format!("Bearer {}", token.expose());
    let path = format!("/v1/patients/{}", id(4));
    let request = || Request::get(&path).header("authorization", &bearer).body(Body::empty()).unwrap();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..ROUNDS {
            let response = router.clone().oneshot(request()).await.unwrap();
            assert_eq!(response.status(), 200);
        }
        best = best.min(began.elapsed());
    }
    let rate = f64::from(ROUNDS) / best.as_secs_f64();
    println!("router + layers + rules + sign-in, one core: {rate:.0} requests/s (best of 5 x {ROUNDS})");
}
