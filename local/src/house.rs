//! Everything that runs, in the order it has to start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge::Telephony;
use clients::{Mail, Pictures, Queues};
use config::{Env, Stage, or_exit};
use domain::jobs::Queue;
use live::PushCtx;
use local_servers::{Installation, Servers, Storage, Terminal, Wanted};
use openai_sim::{Sim, SimConfig};
use services::{CallCtx, Front, LiveCtx};
use store::Connections;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Failure, Place, demo, gateway, phone, root, settings, web, work};

/// How long a message stays out of sight while somebody works on it.
const VISIBILITY: Duration = Duration::from_mins(1);
/// How long running calls and requests may take to finish when the house is closed.
const CLOSING: Duration = Duration::from_secs(10);

/// What the house decides and its bridge must know; no secret.
const OF_THE_BRIDGE: [&str; 13] = [
    "STAGE",
    "MONGODB_URI",
    "CACHE_URL",
    "AWS_ENDPOINT_URL",
    "PLACE_CALL_QUEUE_URL",
    "LOST_CALLS_QUEUE_URL",
    "JOBS_QUEUE_URL",
    "CHORES_QUEUE_URL",
    "NEWS_QUEUE_URL",
    "MAIL_FROM",
    "OPENAI_BASE_URL",
    "OPENAI_REALTIME_URL",
    "BRIDGE_HEALTH_ADDR",
];

/// Everything, running. [`House::close`] ends it in good order; when the process dies instead, its
/// servers die with it.
pub(crate) struct House {
    /// What it all runs with.
    pub env: Env,
    /// Where the API is.
    pub api: SocketAddr,
    /// The simulated model, unless a real one is configured.
    pub model: Option<Sim>,
    /// Who can sign in.
    pub demo: demo::Demo,
    /// Those that the person did not bring along.
    servers: Option<Servers>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl House {
    /// Brings everything up; the bridge only when it is wanted here.
    pub(crate) async fn open(place: &Place, with_bridge: bool) -> Result<Self, Failure> {
        clients::tls::install();
        let listener = listen(place.port).await?;
        let data = place.data();
        let env = settings::complete(Env::of_process(), &data)?;
        if or_exit(Stage::from_env(&env)) != Stage::Local {
            return Err("this runs with STAGE=local only: it seeds a demo whose password is public".into());
        }
        let env = with_health_address(env)?;
        api::log::init(api::log::Format::Text, &config::log_filter(&env));
        let servers = servers(&env, &data).await?;
        let env = with_servers(env, servers.as_ref());
        let (env, model) = with_model(env)?;
        let env = set_up(env).await?;
        let front = or_exit(Front::<CallCtx>::configured(&env).await);
        let ctx: CallCtx = (*front).clone();
        let demo = demo::seed(&ctx).await?;

        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let api = listener.local_addr()?;
        let watched = or_exit(LiveCtx::of(ctx.clone(), &env).await);
        let (gateway, endpoint) = gateway::open(front.with(watched.clone()), stop.clone()).await?;
        let env = env.with("LIVE_ENDPOINT", endpoint);
        tasks.spawn(work::news(or_exit(PushCtx::of(watched, &env).await), stop.clone()));
        let router = or_exit(web::router(&env, front).await).merge(gateway.screens());
        tasks.spawn(web::serve(listener, router, stop.clone()));
        let jobs = or_exit(jobs::wire_worker(&env).await);
        tasks.spawn(work::jobs(jobs.clone(), Queue::Jobs, stop.clone()));
        tasks.spawn(work::jobs(jobs, Queue::Chores, stop.clone()));
        tasks.spawn(work::ticks(or_exit(jobs::wire_tick(&env).await), stop.clone()));
        if with_bridge {
            tasks.spawn(bridge(&env, ctx, stop.clone())?);
        }
        Ok(Self { env, api, model, demo, servers, stop, tasks })
    }

    /// The value of one of the variables everything runs with.
    pub(crate) fn address(&self, name: &'static str) -> Option<String> {
        let variable = config::Variable { name, what: "an address", must: "an address", default: None };
        self.env.get(&variable).map(str::to_owned)
    }

    /// What a bridge of its own needs to belong to this system, beside what a person set.
    pub(crate) fn for_the_bridge(&self) -> BTreeMap<&'static str, String> {
        OF_THE_BRIDGE.into_iter().filter_map(|name| Some((name, self.address(name)?))).collect()
    }

    /// The address of the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// Where screens connect for live updates.
    pub(crate) fn live_url(&self) -> String {
        format!("ws://{}/live", self.api)
    }

    /// Completes when something that should run for ever has ended.
    pub(crate) async fn broken(&mut self) -> Failure {
        loop {
            tokio::select! {
                Some(ended) = self.tasks.join_next() => {
                    return match ended {
                        Ok(()) => "a part of the system has stopped; the lines above say why".into(),
                        Err(error) => format!("a part of the system has failed: {error}").into(),
                    };
                }
                () = tokio::time::sleep(Duration::from_secs(2)) => {
                    if let Some(Err(error)) = self.servers.as_mut().map(Servers::check) {
                        return error.into();
                    }
                }
            }
        }
    }

    /// Ends everything in good order.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSING, ended).await.is_err() {
            tracing::warn!("not everything ended in time");
        }
        if let Some(model) = self.model {
            model.shutdown().await;
        }
        if let Some(servers) = self.servers {
            servers.shutdown().await;
        }
    }
}

/// The port first: when it is taken, nobody wants to wait for the rest to be told.
async fn listen(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        format!("{address} cannot be used ({}); choose another port with --port, or 0 for any", error.kind()).into()
    })
}

/// The servers that nobody brought along; whoever brings all of them needs no Python either.
async fn servers(env: &Env, data: &Path) -> Result<Option<Servers>, Failure> {
    let wanted =
        Wanted { documents: !env.has("MONGODB_URI"), cache: !env.has("CACHE_URL"), aws: !env.has("AWS_ENDPOINT_URL") };
    if wanted == (Wanted { documents: false, cache: false, aws: false }) {
        return Ok(None);
    }
    let root = root();
    let installing = tokio::task::spawn_blocking(move || Installation::ensure(&root, &Terminal::new()));
    let installation = installing.await??;
    Ok(Some(Servers::start(&installation, wanted, Storage::Disk(data.to_owned())).await?))
}

fn with_servers(mut env: Env, servers: Option<&Servers>) -> Env {
    let Some(servers) = servers else { return env };
    let own = [
        ("MONGODB_URI", servers.mongodb_uri()),
        ("CACHE_URL", servers.cache_url()),
        ("AWS_ENDPOINT_URL", servers.aws_endpoint()),
    ];
    for (name, address) in own {
        if let Some(address) = address {
            env = env.with(name, address);
        }
    }
    env
}

/// Any free port, since several systems may run on one machine; known, so that it can be told.
fn with_health_address(env: Env) -> Result<Env, Failure> {
    if env.has("BRIDGE_HEALTH_ADDR") {
        return Ok(env);
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    Ok(env.with("BRIDGE_HEALTH_ADDR", free.to_string()))
}

/// A simulated model, unless the person set a key or addresses of their own.
fn with_model(env: Env) -> Result<(Env, Option<Sim>), Failure> {
    if ["OPENAI_API_KEY", "OPENAI_REALTIME_URL", "OPENAI_BASE_URL"].iter().any(|name| env.has(name)) {
        return Ok((env, None));
    }
    let model = Sim::start(SimConfig::default())?;
    let env = env
        .with("OPENAI_API_KEY", "local")
        .with("OPENAI_REALTIME_URL", model.realtime_url())
        .with("OPENAI_BASE_URL", model.base_url());
    Ok((env, Some(model)))
}

/// What the template makes in AWS: queues, the table, the mail identity; and the indexes.
async fn set_up(env: Env) -> Result<Env, Failure> {
    let aws = clients::aws::sdk_config(&or_exit(config::Aws::from_env(&env))).await;
    let mut env = env;
    for (variable, name) in [
        ("PLACE_CALL_QUEUE_URL", "place-call"),
        ("LOST_CALLS_QUEUE_URL", "lost-calls"),
        ("JOBS_QUEUE_URL", "jobs"),
        ("CHORES_QUEUE_URL", "chores"),
        ("NEWS_QUEUE_URL", "news"),
    ] {
        if !env.has(variable) {
            env = env.with(variable, Queues::create(&aws, name, VISIBILITY).await?);
        }
    }
    let ctx = or_exit(CallCtx::configured(&env).await);
    ctx.live.create_table().await?;
    Connections::new(&aws, &or_exit(config::Tables::from_env(&env))).create_table().await?;
    ctx.once.create_table().await?;
    Pictures::new(&aws, &or_exit(config::Pictures::from_env(&env))).create_bucket().await?;
    Mail::new(&aws, &or_exit(config::Mail::from_env(&env))).create_identity().await?;
    ctx.store.create_indexes().await?;
    Ok(env)
}

/// The bridge, with Asterisk when it is configured and a simulated telephone when it is not.
fn bridge(
    env: &Env,
    ctx: CallCtx,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + use<>, Failure> {
    let mut settings = or_exit(bridge::Settings::from_env(env));
    // Whoever ends the house ends its calls.
    settings.bridge.drain = Duration::ZERO;
    let telephony = match or_exit(config::Asterisk::from_env(env)) {
        Some(asterisk) => Telephony::asterisk(&asterisk)?,
        None => Telephony::of(Arc::new(phone::SimulatedPhones::new(ctx.clone()))),
    };
    let env = env.clone();
    Ok(async move {
        let carried = async {
            let instruments = bridge::Instruments::configured(&env, &settings).await?;
            bridge::run(ctx, settings, telephony, instruments, stop).await
        };
        if let Err(error) = carried.await {
            tracing::error!(%error, "the bridge has stopped");
        }
    })
}
