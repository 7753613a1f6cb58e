//! Id tokens, good and forged, against a provider that is really asked for its keys.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod documents;
mod keys;
mod tokens;

use std::io::Write;
use std::sync::{Arc, Mutex};

use clients::Oidc;
use clients::oidc::Identity;
use config::{Env, Sso};
use domain::caregivers::Provider;
use domain::{Kind, Result, Secret};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::{IdProvider, Signer};

/// What our API made for the sign-in.
const NONCE: &str = "n-0S6_WzA2Mj";
/// Our client ids.
const CLIENTS: &str = "bianca-web,bianca-ios,bianca-android";

/// A provider, and us who believe it.
struct SignIn {
    at: Provider,
    provider: IdProvider,
    oidc: Oidc,
}

/// Believes the issuer, and nobody else.
fn oidc(at: Provider, issuer: &str) -> Oidc {
    clients::tls::install();
    let name = at.as_str().to_uppercase();
    let env = Env::default().with(&format!("SSO_{name}_CLIENT_IDS"), CLIENTS);
    Oidc::new(&Sso::from_env(&env.with(&format!("SSO_{name}_ISSUER"), issuer)).unwrap())
}

impl SignIn {
    async fn google() -> Self {
        let provider = IdProvider::google().await;
        Self { oidc: oidc(Provider::Google, &provider.issuer()), provider, at: Provider::Google }
    }

    async fn microsoft() -> Self {
        let provider = IdProvider::microsoft().await;
        Self { oidc: oidc(Provider::Microsoft, &provider.issuer()), provider, at: Provider::Microsoft }
    }

    async fn verify(&self, token: String) -> Result<Identity> {
        self.verify_at(token, Timestamp::now()).await
    }

    async fn verify_at(&self, token: String, now: Timestamp) -> Result<Identity> {
        self.oidc.verify(self.at, &Secret::new(token), NONCE, now).await
    }

    /// Verifies a token for these claims.
    async fn claiming(&self, claims: Value) -> Result<Identity> {
        self.verify(self.provider.token(with_nonce(claims))).await
    }

    /// The code that the log gives for the refusal of the token.
    async fn reason(&self, token: String) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let error = self.verify(token.clone()).await.unwrap_err();
        drop(logging);
        assert_eq!((error.kind, error.code), (Kind::Unauthenticated, "sso_token_invalid"));
        let line = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for part in token.split('.').filter(|part| part.len() > 20) {
            assert!(
                !line.contains(part) && !error.to_string().contains(part),
                "it tells what was in the token: {line}"
            );
        }
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["fields"]["provider"], self.at.as_str());
        line["fields"]["reason"].as_str().unwrap().to_owned()
    }

    /// The same for a token with these claims.
    async fn reason_for(&self, claims: Value) -> String {
        self.reason(self.provider.token(with_nonce(claims))).await
    }

    /// The same for a token with this header, too.
    async fn reason_for_header(&self, header: Value, signer: Signer) -> String {
        self.reason(self.provider.token_with(header, signer, with_nonce(serde_json::json!({})))).await
    }
}

fn with_nonce(mut claims: Value) -> Value {
    let claims_map = claims.as_object_mut().unwrap();
    claims_map.entry("nonce").or_insert_with(|| NONCE.into());
    claims
}

fn in_seconds(seconds: i64) -> i64 {
    Timestamp::now().as_second() + seconds
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(seconds)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
