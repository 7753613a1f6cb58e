//! Rate limits on a real cache, and without one.

use std::time::{Duration, Instant};

use config::Env;
use domain::limits::{Class, Decision, Per, Quota};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use redis::AsyncCommands as _;
use store::Cache;
use testkit::{Cable, house};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A cache that has connected, as another process would have it.
async fn process(env: &Env) -> Cache {
    let cache = super::cache::cache(env).await;
    assert!(cache.ping().await);
    cache
}

fn url() -> String {
    let variable = config::Variable { name: "CACHE_URL", what: "", must: "", default: None };
    house().env().get(&variable).unwrap().to_owned()
}

fn who() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// When the second of two processes believes it is.
fn skewed() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24)
}

async fn spend(cache: &Cache, who: &str, quota: Quota) -> Decision {
    cache.spend(&[(who.to_owned(), quota)], Class::Read, Timestamp::now()).await
}

#[tokio::test]
async fn of_many_requests_to_two_processes_exactly_the_limit_passes() {
    let (env, who) = (house().env(), who());
    let (one, other) = (process(&env).await, process(&env).await);
    let keys = [(who, Quota::new(Per::Caller, 50, HOUR))];
    let requests = (0..200).map(|n| match n % 2 {
        0 => one.spend(&keys, Class::Read, Timestamp::now()),
        _ => other.spend(&keys, Class::Read, skewed()),
    });
    let decisions = join_all(requests).await;
    assert!(decisions.iter().all(|decision| !decision.local));
    let mut left: Vec<_> = decisions.iter().filter(|it| it.allowed).map(|it| it.verdicts[0].remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..50).collect::<Vec<_>>(), "each was told another number");
    let refused = decisions.iter().filter_map(Decision::retry_after);
    assert!(refused.clone().count() == 150 && refused.max() <= Some(72));
}

#[tokio::test]
async fn when_one_quota_refuses_none_is_spent() {
    let (cache, caller, org) = (process(&house().env()).await, who(), who());
    let keys = [(caller, Quota::new(Per::Caller, 2, HOUR)), (org.clone(), Quota::new(Per::Org, 9, HOUR))];
    for _ in 0..2 {
        assert!(cache.spend(&keys, Class::Dial, Timestamp::now()).await.allowed);
    }
    for _ in 0..3 {
        let refused = cache.spend(&keys, Class::Dial, Timestamp::now()).await;
        assert!(!refused.allowed && refused.verdicts[0].quota.per == Per::Caller);
        assert_eq!(refused.verdicts[1].remaining, 7, "the organisation has its own left");
    }
    // Another caller of that organisation; the order of the quotas is no matter.
    let keys = [(org, Quota::new(Per::Org, 9, HOUR)), (who(), Quota::new(Per::Caller, 2, HOUR))];
    let other = cache.spend(&keys, Class::Dial, Timestamp::now()).await;
    assert_eq!(other.verdicts.iter().map(|verdict| verdict.remaining).collect::<Vec<_>>(), [1, 6]);
}

#[tokio::test]
async fn what_was_spent_comes_back_by_itself() {
    let (cache, who) = (process(&house().env()).await, who());
    let quota = Quota::new(Per::Caller, 2, SignedDuration::from_millis(600));
    while spend(&cache, &who, quota).await.allowed {}
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(spend(&cache, &who, quota).await.allowed, "half a period is half the quota");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(spend(&cache, &who, quota).await.verdicts[0].remaining, 1, "a period is all of it");
}

#[tokio::test]
async fn classes_and_kinds_are_counted_apart() {
    let (cache, who) = (process(&house().env()).await, who());
    let (caller, org) = (Quota::new(Per::Caller, 1, HOUR), Quota::new(Per::Org, 1, HOUR));
    for (class, quota) in [(Class::Read, caller), (Class::Write, caller), (Class::Read, org)] {
        let keys = [(who.clone(), quota)];
        assert!(cache.spend(&keys, class, Timestamp::now()).await.allowed, "{class:?}");
        assert!(!cache.spend(&keys, class, Timestamp::now()).await.allowed, "{class:?}");
    }
}

#[tokio::test]
async fn hostile_names_are_names_and_nothing_else() {
    let (cache, mark) = (process(&house().env()).await, who());
    let mut direct = redis::Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let quota = Quota::new(Per::Address, 1, HOUR);
    let long = mark.repeat(100_000);
    for name in [&format!("{mark} x"), &format!("{mark}\r\nFLUSHALL\r\n"), &format!("{{{mark}}}:*"), &long, "", "\0"] {
        let name = format!("{mark}{name}\n");
        let first = spend(&cache, &name, quota).await;
        assert!(first.allowed && !first.local, "{name:.60?}");
        assert!(!spend(&cache, &name, quota).await.allowed, "{name:.60?}");
    }
    let found: Vec<String> = direct.keys(format!("*{mark}*")).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn counts_end_when_they_say_nothing_any_more() {
    let (cache, who) = (process(&house().env()).await, who());
    let mut direct = redis::Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let key = format!("v2:limit:read:caller:{who}");
    spend(&cache, &who, Quota::new(Per::Caller, 60, HOUR)).await;
    let (left, tat): (i64, String) = (direct.pttl(&key).await.unwrap(), direct.get(&key).await.unwrap());
    assert!((50_000..=60_000).contains(&left), "one of sixty is back in a minute: {left}");
    let ahead = tat.parse::<i64>().unwrap() - Timestamp::now().as_microsecond();
    assert!((50_000_000..=60_000_000).contains(&ahead), "whole microseconds: {tat}");
    for nothing in ["1", "no number", ""] {
        let () = direct.set(&key, nothing).await.unwrap();
        let fresh = spend(&cache, &who, Quota::new(Per::Caller, 60, HOUR)).await;
        assert!(!fresh.local && fresh.verdicts[0].remaining == 59, "{nothing:?}: {fresh:?}");
    }
}

#[tokio::test]
async fn the_largest_quotas_are_counted_exactly() {
    let (cache, who) = (process(&house().env()).await, who());
    let centuries = Quota::new(Per::Org, 3, SignedDuration::MAX);
    for remaining in [2, 1, 0] {
        let decision = spend(&cache, &who, centuries).await;
        assert!(decision.allowed && !decision.local && decision.verdicts[0].remaining == remaining);
    }
    assert_eq!(spend(&cache, &who, centuries).await.retry_after(), Some((1_u64 << 52) / 3_000_000 + 1));
    let many = Quota::new(Per::Caller, u32::MAX, HOUR);
    assert!(spend(&cache, &who, many).await.allowed);
    let never = spend(&cache, &who, Quota::new(Per::Address, 0, HOUR)).await;
    assert_eq!((never.allowed, never.retry_after()), (false, Some(3_600)));
    assert!(cache.spend(&[], Class::Read, Timestamp::now()).await.allowed);
}

#[tokio::test]
async fn without_the_cache_each_process_counts_alone_until_it_is_back() {
    let (url, who) = (url(), who());
    let cable = Cable::to(&url).await;
    let cache = process(&house().env().with("CACHE_URL", cable.through(&url))).await;
    let quota = Quota::new(Per::Caller, 3, HOUR);
    assert_eq!(spend(&cache, &who, quota).await.verdicts[0].remaining, 2);
    cable.cut();
    for allowed in [true, true, true, false, false] {
        let decision = spend(&cache, &who, quota).await;
        assert!(decision.local && decision.allowed == allowed, "{decision:?}");
    }
    cable.mend().await;
    for _ in 0..100 {
        let decision = spend(&cache, &who, quota).await;
        if !decision.local {
            assert_eq!(decision.verdicts[0].remaining, 1, "the cache knows what was spent before");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the cache was not used again");
}

#[tokio::test]
async fn a_cache_that_is_silent_holds_nobody_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("redis://{}/", silent.local_addr().unwrap());
    let cache = super::cache::cache(&house().env().with("CACHE_URL", address)).await;
    let (quota, started) = (Quota::new(Per::Caller, 3, HOUR), Instant::now());
    for _ in 0..3 {
        let decision = spend(&cache, "someone", quota).await;
        assert!(decision.local && decision.allowed);
    }
    assert!(started.elapsed() < Duration::from_secs(2), "one wait of half a second, and not one a request");
}
