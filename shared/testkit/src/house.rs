//! The servers, started once per test binary.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clients::{Mail, Pictures, Queues};
use config::Env;
use local_servers::{Installation, Quiet, Servers, Storage, Wanted};
use store::{Connections, KeptAnswers, LiveCalls, Store};

/// The running servers. They end with the process.
pub struct House {
    servers: Servers,
    /// What has changed, for nobody.
    news: String,
}

/// The servers of this test binary; the first test that asks waits for them. On a fresh machine
/// that includes installing them, a minute or two.
pub fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    // Every test has its own runtime; the house needs one that nobody is using.
    HOUSE.get_or_init(|| std::thread::spawn(build).join().expect("the local servers start"))
}

fn build() -> House {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned();
    let installation = Installation::ensure(&root, &Quiet).unwrap_or_else(|error| panic!("{error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        clients::tls::install();
        let servers = Servers::start(&installation, Wanted::ALL, Storage::Memory).await;
        let news = "http://127.0.0.1:1/news".to_owned();
        let mut house = House { servers: servers.unwrap_or_else(|error| panic!("{error}")), news };
        let env = house.env();
        Store::new(config::Database::from_env(&env).unwrap(), None).create_indexes().await.unwrap();
        let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
        let tables = config::Tables::from_env(&env).unwrap();
        LiveCalls::new(&aws, &tables).create_table().await.unwrap();
        KeptAnswers::new(&aws, &tables).create_table().await.unwrap();
        Connections::new(&aws, &tables).create_table().await.unwrap();
        house.news = Queues::create(&aws, "news", Duration::from_secs(30)).await.unwrap();
        Pictures::new(&aws, &config::Pictures::from_env(&env).unwrap()).create_bucket().await.unwrap();
        Mail::new(&aws, &config::Mail::from_env(&env).unwrap()).create_identity().await.unwrap();
        house
    })
}

impl House {
    /// What programs that use these servers are configured with, without queues.
    pub fn env(&self) -> Env {
        let key = BASE64_STANDARD.encode([7; 32]);
        Env::default()
            .with("STAGE", "local")
            .with("MONGODB_URI", self.servers.mongodb_uri().unwrap())
            .with("MONGODB_DATABASE", "test")
            .with("CACHE_URL", self.servers.cache_url().unwrap())
            .with("AWS_ENDPOINT_URL", self.servers.aws_endpoint().unwrap())
            .with("JWT_KEYS", format!("test:{key}"))
            .with("DATA_KEYS", format!("test:{key}"))
            .with("AUDIT_KEYS", format!("test:{key}"))
            .with("MAIL_FROM", "bianca@demo.example")
            .with("PLACE_CALL_QUEUE_URL", "http://127.0.0.1:1/place-call")
            .with("LOST_CALLS_QUEUE_URL", "http://127.0.0.1:1/lost-calls")
            .with("JOBS_QUEUE_URL", "http://127.0.0.1:1/jobs")
            .with("CHORES_QUEUE_URL", "http://127.0.0.1:1/chores")
            // Read by nobody; a change that cannot be told of would make everything wait.
            .with("NEWS_QUEUE_URL", &self.news)
    }

    /// The same with queues that nobody else reads.
    pub async fn env_with_queues(&self) -> Env {
        let env = self.env();
        let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
        let name = format!("{:016x}", rand::random::<u64>());
        let visible_again = Duration::from_secs(30);
        let place_call = Queues::create(&aws, &format!("place-call-{name}"), visible_again).await.unwrap();
        let lost_calls = Queues::create(&aws, &format!("lost-calls-{name}"), visible_again).await.unwrap();
        let jobs = Queues::create(&aws, &format!("jobs-{name}"), visible_again).await.unwrap();
        let chores = Queues::create(&aws, &format!("chores-{name}"), visible_again).await.unwrap();
        let news = Queues::create(&aws, &format!("news-{name}"), visible_again).await.unwrap();
        let env = env.with("PLACE_CALL_QUEUE_URL", place_call).with("LOST_CALLS_QUEUE_URL", lost_calls);
        env.with("JOBS_QUEUE_URL", jobs).with("CHORES_QUEUE_URL", chores).with("NEWS_QUEUE_URL", news)
    }
}
