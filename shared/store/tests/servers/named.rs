//! A cache that is known by the name of its replication group, as in AWS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_elasticache::Client;
use config::Env;
use domain::limits::{Class, Per, Quota};
use jiff::{SignedDuration, Timestamp};
use store::Cache;
use store::cache::Endpoint;
use testkit::house;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::cache::{cache, key};

const SOON: Duration = Duration::from_secs(30);

/// A name that nobody else uses, of the length that ElastiCache allows.
fn name() -> String {
    format!("bianca-{:016x}", rand::random::<u64>())
}

async fn aws(env: &Env) -> SdkConfig {
    clients::aws::sdk_config(&config::Aws::from_env(env).unwrap()).await
}

/// The environment of a process that is told names and no address.
fn named(group: &str, user: &str) -> Env {
    house().env().with("CACHE_URL", "").with("CACHE_NAME", group).with("CACHE_USER", user)
}

async fn create_group(env: &Env, name: &str) {
    let create = Client::new(&aws(env).await).create_replication_group().replication_group_id(name);
    let create = create.replication_group_description("A test").engine("valkey").num_cache_clusters(1);
    let create = create.port(6380).transit_encryption_enabled(true);
    create.send().await.unwrap();
}

#[tokio::test]
async fn a_group_is_found_by_its_name_and_spoken_to_over_tls() {
    let (group, other) = (name(), name());
    let env = named(&group, "");
    create_group(&env, &group).await;
    create_group(&env, &other).await;
    let found = cache(&env).await.endpoint().await.unwrap();
    assert!(found.host.starts_with(&format!("master.{group}.")) && found.host.ends_with(".amazonaws.com"), "{found:?}");
    assert_eq!((found.port, found.tls), (6380, true));
    let signed_in = cache(&named(&group, "bianca")).await.endpoint().await.unwrap();
    assert_eq!(signed_in, found);
    assert_ne!(cache(&named(&other, "")).await.endpoint().await.unwrap().host, found.host);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_told_and_costs_no_more_than_a_cache_that_is_gone() {
    let cache = cache(&named(&name(), "bianca")).await;
    let error = cache.endpoint().await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("cache address"), "{error}");
    assert!(!cache.ping().await);
    // Rate limits are counted all the same, by this process alone.
    let quota = Quota::new(Per::Caller, 1, SignedDuration::from_hours(1));
    let decision = cache.spend(&[(key(), quota)], Class::Read, Timestamp::now()).await;
    assert!(decision.allowed && decision.local);
}

#[tokio::test]
async fn an_address_that_is_known_is_not_asked_for() {
    // Nobody made this group, so asking would fail.
    let env = named(&name(), "bianca").with("CACHE_URL", "rediss://cache.example:6379");
    let found = cache(&env).await.endpoint().await.unwrap();
    assert_eq!(found, Endpoint { host: "cache.example".into(), port: 6379, tls: true });
}

#[tokio::test]
async fn who_signs_in_says_nothing_before_the_connection_is_encrypted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let env = named(&name(), "bianca").with("CACHE_URL", format!("rediss://127.0.0.1:{port}"));
    let cache: Cache = cache(&env).await;
    let asking = tokio::spawn(async move { cache.ping().await });
    let (mut stream, _) = tokio::time::timeout(SOON, listener.accept()).await.unwrap().unwrap();
    let mut first = [0; 3];
    tokio::time::timeout(SOON, stream.read_exact(&mut first)).await.unwrap().unwrap();
    // A handshake record of TLS (RFC 8446, 5.1), not the `*` that commands begin with.
    assert_eq!(first[..2], [22, 3]);
    assert!(!asking.await.unwrap(), "there was no handshake");
}
