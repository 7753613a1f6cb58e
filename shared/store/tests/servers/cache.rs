//! The cache, and doing without it.

use std::time::Duration;

use store::Cache;
use testkit::{Cable, house};

const KEPT: Duration = Duration::from_secs(30);

async fn cache(env: &config::Env) -> Cache {
    let aws = clients::aws::sdk_config(&config::Aws::from_env(env).unwrap()).await;
    Cache::new(config::Cache::from_env(env).unwrap(), aws)
}

fn key() -> String {
    format!("test:{:016x}", rand::random::<u64>())
}

#[tokio::test]
async fn what_one_process_keeps_and_forgets_the_other_sees() {
    let (one, other, key) = (cache(&house().env()).await, cache(&house().env()).await, key());
    assert_eq!(one.get::<u32>(&key).await, None);
    one.put(&key, &7_u32, KEPT).await;
    assert_eq!(other.get::<u32>(&key).await, Some(7));
    assert_eq!(other.get::<String>(&key).await, None, "a value of another type is a miss");
    other.forget(&key).await;
    assert_eq!(one.get::<u32>(&key).await, None);
}

#[tokio::test]
async fn what_is_kept_ends_by_itself() {
    let (cache, key) = (cache(&house().env()).await, key());
    cache.put(&key, &7_u32, Duration::from_millis(10)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(cache.get::<u32>(&key).await, None);
}

#[tokio::test]
async fn a_message_reaches_those_who_listen() {
    let (cache, channel) = (cache(&house().env()).await, key());
    assert!(!cache.tell(&channel, "nobody").await);
    let mut messages = Box::pin(cache.listen(&channel).await.unwrap());
    assert!(cache.tell(&channel, "hello").await);
    let heard = tokio::time::timeout(KEPT, futures_util::StreamExt::next(&mut messages)).await.unwrap();
    assert_eq!(heard.as_deref(), Some("hello"));
}

#[tokio::test]
async fn a_cache_that_is_gone_is_a_miss_and_one_that_comes_back_is_used() {
    let env = house().env();
    let variable = config::Variable { name: "CACHE_URL", what: "", must: "", default: None };
    let url = env.get(&variable).unwrap().to_owned();
    let cable = Cable::to(&url).await;
    let (cache, key) = (cache(&env.with("CACHE_URL", cable.through(&url))).await, key());
    cache.put(&key, &7_u32, KEPT).await;
    assert_eq!(cache.get::<u32>(&key).await, Some(7));
    cable.cut();
    assert_eq!(cache.get::<u32>(&key).await, None);
    cache.put(&key, &8_u32, KEPT).await;
    assert!(cache.listen(&key).await.is_err());
    cable.mend().await;
    for _ in 0..100 {
        if cache.get::<u32>(&key).await == Some(7) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the cache was not used again");
}
