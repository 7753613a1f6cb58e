//! A provider of identities, as Google and Microsoft are: discovery, keys, id tokens.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// A server on a free port that does what Google or Microsoft does for those who verify id tokens.
pub struct IdProvider {
    state: Arc<Provider>,
}

/// Who signs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The provider, with its RSA key.
    Rsa,
    /// The provider, with its P-256 key.
    Ec,
    /// Somebody with an RSA key of their own.
    Stranger,
    /// Somebody who takes the provider's public RSA key for the secret of HS256.
    PublicKey,
    /// Nobody.
    Nobody,
}

struct Provider {
    base: String,
    microsoft: bool,
    /// Counts rotations; names the keys.
    generation: AtomicUsize,
    requests: AtomicUsize,
    down: AtomicBool,
    /// What is said of how long the keys may be kept, in seconds.
    max_age: AtomicU32,
}

impl IdProvider {
    /// The client id that tokens are for unless they say otherwise.
    pub const CLIENT: &'static str = "bianca-web";
    /// The tenant of Microsoft's tokens unless they say otherwise.
    pub const TENANT: &'static str = "11111111-2222-4333-8444-555555555555";
    /// Their `oid` unless they say otherwise.
    pub const OBJECT: &'static str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

    /// One that is like Google.
    pub async fn google() -> Self {
        Self::start(false).await
    }

    /// One that is like Microsoft's `common`: every tenant has an issuer of its own.
    pub async fn microsoft() -> Self {
        Self::start(true).await
    }

    async fn start(microsoft: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Provider {
            base,
            microsoft,
            generation: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            down: AtomicBool::new(false),
            max_age: AtomicU32::new(22_000),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { state }
    }

    /// What `SSO_*_ISSUER` must be.
    pub fn issuer(&self) -> String {
        self.state.of_tenant("common")
    }

    /// An id token for these claims. Claims that are not given are as they should be (the time is
    /// that of the machine); `null` leaves one out. `nonce` must be given.
    pub fn token(&self, claims: Value) -> String {
        self.token_with(json!({}), Signer::Rsa, claims)
    }

    /// The same with another header (`null` leaves a member out) and another signer.
    pub fn token_with(&self, header: Value, signer: Signer, claims: Value) -> String {
        let (alg, kid) = match signer {
            Signer::Rsa | Signer::Stranger => ("RS256", self.state.kid("rsa")),
            Signer::Ec => ("ES256", self.state.kid("ec")),
            Signer::PublicKey => ("HS256", self.state.kid("rsa")),
            Signer::Nobody => ("none", self.state.kid("rsa")),
        };
        let header = merged(json!({ "typ": "JWT", "alg": alg, "kid": kid }), header);
        let claims = merged(self.usual_claims(&claims), claims);
        let part = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.state.sign(signer, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn usual_claims(&self, given: &Value) -> Value {
        let now = Timestamp::now().as_second();
        let mut claims = json!({ "aud": Self::CLIENT, "sub": "110169484474386276334", "iat": now, "exp": now + 3600 });
        if self.state.microsoft {
            let tenant = given["tid"].as_str().unwrap_or(Self::TENANT);
            let more = json!({ "iss": self.state.of_tenant(tenant), "tid": tenant, "oid": Self::OBJECT, "nbf": now });
            claims = merged(claims, more);
        } else {
            claims["iss"] = json!(self.issuer());
        }
        claims
    }

    /// New keys with new names; the old ones are not published any more.
    pub fn rotate_keys(&self) {
        self.state.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How many requests there were; whoever fetches the keys makes two.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Says how many seconds the keys may be kept; at first more than six hours.
    pub fn keys_are_good_for(&self, seconds: u32) {
        self.state.max_age.store(seconds, Ordering::SeqCst);
    }

    /// Answers with 503 from now on.
    pub fn go_down(&self) {
        self.state.down.store(true, Ordering::SeqCst);
    }

    /// Answers as it should again.
    pub fn come_back(&self) {
        self.state.down.store(false, Ordering::SeqCst);
    }
}

impl Provider {
    fn of_tenant(&self, tenant: &str) -> String {
        if self.microsoft { format!("{}/{tenant}/v2.0", self.base) } else { self.base.clone() }
    }

    fn kid(&self, kind: &str) -> String {
        format!("{kind}-{}", self.generation.load(Ordering::SeqCst))
    }

    /// Its present RSA key.
    fn rsa(&self) -> Arc<RsaKeyPair> {
        // The first one is the stranger's.
        rsa_key(1 + self.generation.load(Ordering::SeqCst))
    }

    fn sign(&self, signer: Signer, message: &[u8]) -> Vec<u8> {
        let rsa = |key: Arc<RsaKeyPair>| {
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        match signer {
            Signer::Rsa => rsa(self.rsa()),
            Signer::Stranger => rsa(rsa_key(0)),
            Signer::Ec => ec_key().sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Signer::PublicKey => {
                let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.rsa().public_key().as_ref());
                ring::hmac::sign(&secret, message).as_ref().to_vec()
            }
            Signer::Nobody => Vec::new(),
        }
    }

    fn keys(&self) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let PublicKeyComponents::<Vec<u8>> { n, e } = self.rsa().public().into();
        let (n, e) = (encode(&n), encode(&e));
        let rsa = json!({ "kty": "RSA", "use": "sig", "kid": self.kid("rsa"), "n": n, "e": e });
        let (x, y) = ec_key().public_key().as_ref()[1..].split_at(32);
        let (x, y) = (encode(x), encode(y));
        let ec = json!({ "kty": "EC", "use": "sig", "kid": self.kid("ec"), "crv": "P-256", "x": x, "y": y });
        let whose = if self.microsoft { json!({ "issuer": self.of_tenant("{tenantid}") }) } else { json!({}) };
        json!({ "keys": [merged(rsa, whose.clone()), merged(ec, whose)] })
    }
}

async fn answer(State(provider): State<Arc<Provider>>, request: Request) -> Response {
    provider.requests.fetch_add(1, Ordering::SeqCst);
    if provider.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let configuration = format!("{}/.well-known/openid-configuration", provider.of_tenant("common"));
    let keys = format!("{}/keys", provider.base);
    match format!("{}{}", provider.base, request.uri().path()) {
        asked if asked == configuration => {
            Json(json!({ "issuer": provider.of_tenant("{tenantid}"), "jwks_uri": keys })).into_response()
        }
        asked if asked == keys => {
            let max_age = format!("public, max-age={}", provider.max_age.load(Ordering::SeqCst));
            ([(header::CACHE_CONTROL, max_age)], Json(provider.keys())).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `base` with the members of `changes`; `null` takes one away.
fn merged(base: Value, changes: Value) -> Value {
    let (Value::Object(mut merged), Value::Object(changes)) = (base, changes) else { panic!("not two objects") };
    merged.extend(changes);
    Value::Object(merged.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

/// Making one takes a tenth of a second; the providers of a test binary share them.
fn rsa_key(number: usize) -> Arc<RsaKeyPair> {
    static KEYS: Mutex<Vec<Arc<RsaKeyPair>>> = Mutex::new(Vec::new());
    let mut keys = KEYS.lock().unwrap();
    while keys.len() <= number {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        keys.push(Arc::new(RsaKeyPair::from_der(key.to_pkcs1_der().unwrap().as_bytes()).unwrap()));
    }
    Arc::clone(&keys[number])
}

fn ec_key() -> &'static EcdsaKeyPair {
    static KEY: OnceLock<EcdsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap()
    })
}
