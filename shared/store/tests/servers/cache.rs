//! The cache: reading through it, writing past it, and doing without it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use config::{Env, Variable};
use domain::orgs::{CallRetries, Org};
use domain::{OrgId, policy};
use jiff::Timestamp;
use services::SystemRandom;
use store::mongo::Orgs;
use store::{Cache, Store};
use testkit::{Cable, house};

const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn cache(env: &Env) -> Cache {
    let aws = clients::aws::sdk_config(&config::Aws::from_env(env).unwrap()).await;
    Cache::new(config::Cache::from_env(env).unwrap(), aws)
}

pub(crate) fn key() -> String {
    format!("test:{:016x}", rand::random::<u64>())
}

/// A process's worth: a store with a cache of its own.
async fn process(env: &Env) -> (Store, Cache) {
    let cache = cache(env).await;
    (Store::new(config::Database::from_env(env).unwrap(), Some(cache.clone())), cache)
}

fn org(name: &str) -> Org {
    let now = Timestamp::now();
    Org {
        id: OrgId::generate(now, &SystemRandom),
        name: name.to_owned(),
        email: "office@demo.example".parse().unwrap(),
        phone: None,
        zone: "Europe/Berlin".parse().unwrap(),
        retries: CallRetries::default(),
        ladder: domain::alerts::Ladder::default(),
        rules: domain::orgs::CallRules::default(),
        logo: None,
        created_at: now,
    }
}

async fn name(store: &Store, org: OrgId) -> String {
    store.orgs().find(&policy::system("a test"), org).await.unwrap().unwrap().name
}

async fn rename(store: &Store, org: &Org, name: &str) {
    let renamed = Org { name: name.to_owned(), ..org.clone() };
    store.commit([Orgs::alter(org, &renamed, Timestamp::now()).unwrap()]).await.unwrap();
}

#[tokio::test]
async fn the_second_look_is_answered_by_the_cache_and_a_write_takes_it_out() {
    let (store, cache) = process(&house().env()).await;
    let org = org("Before");
    store.commit([Orgs::add(&org).unwrap()]).await.unwrap();
    assert_eq!(name(&store, org.id).await, "Before");
    assert_eq!(name(&store, org.id).await, "Before");
    assert_eq!((cache.stats().hits, cache.stats().misses), (1, 1));
    rename(&store, &org, "After").await;
    assert_eq!(name(&store, org.id).await, "After");
    assert_eq!(name(&store, org.id).await, "After");
    assert_eq!((cache.stats().hits, cache.stats().misses), (2, 2));
}

#[tokio::test]
async fn a_write_in_a_transaction_takes_it_out_after_the_commit_and_not_when_it_was_undone() {
    let (store, _) = process(&house().env()).await;
    let (one, other) = (org("One"), org("Other"));
    store.commit([Orgs::add(&one).unwrap(), Orgs::add(&other).unwrap()]).await.unwrap();
    assert_eq!((name(&store, one.id).await, name(&store, other.id).await), ("One".into(), "Other".into()));
    let now = Timestamp::now();
    let missing = org("Nobody");
    let change = |org: &Org, name: &str| Orgs::alter(org, &Org { name: name.to_owned(), ..org.clone() }, now).unwrap();
    let undone = store.commit([change(&one, "Changed"), change(&missing, "Changed")]).await.unwrap_err();
    assert_eq!(undone.code, "org_not_found");
    assert_eq!(name(&store, one.id).await, "One");
    store.commit([change(&one, "Changed"), change(&other, "Too")]).await.unwrap();
    assert_eq!((name(&store, one.id).await, name(&store, other.id).await), ("Changed".into(), "Too".into()));
}

#[tokio::test]
async fn of_many_who_miss_at_once_one_asks_the_database() {
    let (store, cache) = process(&house().env()).await;
    let org = org("Wanted");
    store.commit([Orgs::add(&org).unwrap()]).await.unwrap();
    let looks = (0..100).map(|_| {
        let (store, id) = (store.clone(), org.id);
        tokio::spawn(async move { name(&store, id).await })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.unwrap(), "Wanted");
    }
    // A machine under load may be too slow for some to wait; without the lease all of them would ask.
    assert!(cache.stats().misses <= 10, "{:?}", cache.stats());
}

/// A second process, as another Lambda is one.
struct Other {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

const TOLD: [&str; 4] = ["MONGODB_URI", "MONGODB_DATABASE", "CACHE_URL", "AWS_ENDPOINT_URL"];

impl Other {
    fn start(env: &Env) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "cache::the_other_process", "--ignored", "--nocapture"]).env("STAGE", "local");
        for name in TOLD {
            let variable = Variable { name, what: "", must: "", default: None };
            command.env(name, env.get(&variable).unwrap());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, ask, answers }
    }

    /// The name that the other process reads now.
    fn name(&mut self, org: OrgId) -> String {
        writeln!(self.ask, "{org}").unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the other process ended");
            if let Some(name) = line.trim().strip_prefix("name:") {
                return name.to_owned();
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
#[ignore = "the second process of the next test, which starts it"]
#[expect(clippy::print_stdout, reason = "this is how it answers")]
fn the_other_process() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        clients::tls::install();
        let (store, _) = process(&Env::of_process()).await;
        for line in std::io::stdin().lines() {
            println!("name:{}", name(&store, line.unwrap().trim().parse().unwrap()).await);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_write_no_process_reads_what_was_before() {
    let env = house().env();
    let (writer, _) = process(&env).await;
    let (reader, _) = process(&env).await;
    let org = org("0");
    writer.commit([Orgs::add(&org).unwrap()]).await.unwrap();
    let mut other = Other::start(&env);
    assert_eq!(other.name(org.id), "0");
    // Others look all the while, so that at every moment somebody is about to fill the place.
    let stop = Arc::new(AtomicBool::new(false));
    let crowd: Vec<_> = (0..8)
        .map(|_| {
            let (reader, stop, id) = (reader.clone(), Arc::clone(&stop), org.id);
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    name(&reader, id).await;
                }
            })
        })
        .collect();
    for round in 1..=60 {
        let wanted = round.to_string();
        rename(&writer, &org, &wanted).await;
        assert_eq!(name(&reader, org.id).await, wanted);
        assert_eq!(other.name(org.id), wanted);
    }
    stop.store(true, Ordering::Relaxed);
    for reader in crowd {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_message_reaches_those_who_listen() {
    let (cache, channel) = (cache(&house().env()).await, key());
    assert!(!cache.tell(&channel, "nobody").await);
    let mut messages = Box::pin(cache.listen(&channel).await.unwrap());
    assert!(cache.tell(&channel, "hello").await);
    let heard = tokio::time::timeout(SOON, futures_util::StreamExt::next(&mut messages)).await.unwrap();
    assert_eq!(heard.as_deref(), Some("hello"));
}

#[tokio::test]
async fn a_mark_is_everybodys_until_it_ends() {
    let (one, other, key) = (cache(&house().env()).await, cache(&house().env()).await, key());
    assert!(!one.is_marked(&key).await);
    one.mark(&key, Duration::from_millis(50)).await;
    assert!(other.is_marked(&key).await);
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(!other.is_marked(&key).await);
}

#[tokio::test]
async fn a_cache_that_is_gone_costs_nothing_but_speed_and_one_that_comes_back_is_used() {
    let env = house().env();
    let variable = Variable { name: "CACHE_URL", what: "", must: "", default: None };
    let url = env.get(&variable).unwrap().to_owned();
    let cable = Cable::to(&url).await;
    let (store, cache) = process(&env.with("CACHE_URL", cable.through(&url))).await;
    let org = org("Before");
    store.commit([Orgs::add(&org).unwrap()]).await.unwrap();
    assert_eq!(name(&store, org.id).await, "Before");
    cable.cut();
    assert_eq!(name(&store, org.id).await, "Before");
    rename(&store, &org, "After").await;
    assert_eq!(name(&store, org.id).await, "After");
    assert!(cache.listen(&key()).await.is_err());
    cable.mend().await;
    // What was kept before the outage has an end of a minute; a write takes it out at once.
    for _ in 0..100 {
        if cache.ping().await {
            rename(&store, &org, "Back").await;
            assert_eq!(name(&store, org.id).await, "Back");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the cache was not used again");
}
