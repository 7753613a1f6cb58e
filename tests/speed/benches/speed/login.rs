//! A sign-in, and what of it is argon2.

use domain::Secret;
use serde_json::json;
use services::auth::password;
use testkit::{PASSWORD, TestApp};

use crate::{line, percentile, times};

const ROUNDS: usize = 40;

pub(crate) async fn run() {
    let routes = |fronts: &testkit::Fronts| auth::routes().split_for_parts().0.with_state(fronts.accounts.clone());
    let app = TestApp::start(routes).await;
    let secret = Secret::new(PASSWORD.to_owned());
    let hash = password::hash(&secret, &services::SystemRandom).await.unwrap();
    let argon = times(ROUNDS, async || assert!(password::verify(&secret, Some(&hash)).await.unwrap())).await;
    let body = json!({ "email": app.staff.caregiver().email.as_str(), "password": PASSWORD });
    let client = app.anyone.clone();
    let login = times(ROUNDS, async || drop(client.post("/v1/auth/login", body.clone()).await.ok(200))).await;
    line("argon2id (80 MiB, 1 pass) alone", &argon);
    line("a whole sign-in", &login);
    let rest = percentile(&login, 50).saturating_sub(percentile(&argon, 50));
    println!("everything else of a sign-in: {:.1} ms at p50", rest.as_secs_f64() * 1e3);
}
