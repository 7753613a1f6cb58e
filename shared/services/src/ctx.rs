//! What services work with.

use std::ops::Deref;
use std::sync::Arc;

use aws_config::SdkConfig;
use clients::{Mail, Queues};
use config::{ConfigError, Env};
use domain::{Authenticate, Caller, Clock, Random, Result, Secret};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use store::{Cache, LiveCalls, Store};

use crate::auth::{Tokens, authenticate};
use crate::system::{SystemClock, SystemRandom};

/// What every service works with. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// Documents.
    pub store: Store,
    /// Hot reads.
    pub cache: Cache,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

impl Ctx {
    /// From the environment. Opens no connection; that happens when something is first asked.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = config::Aws::from_env(env)?;
        Self::with_aws(env, &clients::aws::sdk_config(&aws).await)
    }

    fn with_aws(env: &Env, aws: &SdkConfig) -> std::result::Result<Self, ConfigError> {
        clients::tls::install();
        Ok(Self {
            store: Store::new(config::Database::from_env(env)?),
            cache: Cache::new(config::Cache::from_env(env)?, aws.clone()),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        })
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What services that place and follow calls work with besides.
#[derive(Clone)]
pub struct CallCtx {
    base: Ctx,
    /// Who owns which live call.
    pub live: LiveCalls,
    /// Work to hand over.
    pub queues: Queues,
    /// How people are told; `None` on a machine where `MAIL_FROM` is not set.
    pub post: Option<Post>,
}

/// How people are told.
#[derive(Clone)]
pub struct Post {
    /// The sender of mails.
    pub mail: Mail,
    /// Address of the web app, for links.
    pub app: String,
}

impl Post {
    /// Mails as `config` says.
    pub fn new(aws: &SdkConfig, config: &config::Mail) -> Self {
        Self { mail: Mail::new(aws, config), app: config.app_url.as_str().trim_end_matches('/').to_owned() }
    }
}

impl CallCtx {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        let live = LiveCalls::new(&aws, &config::Tables::from_env(env)?);
        let queues = Queues::new(&aws, config::Queues::from_env(env)?);
        let post = config::Mail::from_env_or_none(env)?.map(|config| Post::new(&aws, &config));
        Ok(Self::new(Ctx::with_aws(env, &aws)?, live, queues, post))
    }

    /// `base` and what calls need.
    pub const fn new(base: Ctx, live: LiveCalls, queues: Queues, post: Option<Post>) -> Self {
        Self { base, live, queues, post }
    }
}

impl Deref for CallCtx {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.base
    }
}

/// A context that can also tell who is asking. Only what people sign in to has one: the keys of
/// access tokens stay out of background work.
#[derive(Clone)]
pub struct Front<C> {
    ctx: C,
    /// Access tokens.
    pub tokens: Arc<Tokens>,
}

impl<C> Front<C> {
    /// `ctx` behind a sign-in.
    pub const fn new(ctx: C, tokens: Arc<Tokens>) -> Self {
        Self { ctx, tokens }
    }
}

impl Front<Ctx> {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        Ok(Self::new(Ctx::configured(env).await?, Arc::new(Tokens::new(&config::Auth::from_env(env)?))))
    }
}

impl Front<CallCtx> {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        Ok(Self::new(CallCtx::configured(env).await?, Arc::new(Tokens::new(&config::Auth::from_env(env)?))))
    }

    /// The same for services that place no calls.
    pub fn without_calls(&self) -> Front<Ctx> {
        Front::new(self.ctx.base.clone(), Arc::clone(&self.tokens))
    }
}

impl<C> Deref for Front<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.ctx
    }
}

impl Authenticate for Front<Ctx> {
    async fn authenticate(&self, token: &Secret) -> Result<Caller> {
        // In a box: every handler waits for this, and the deeper its future, the longer it compiles.
        authenticate(self, &self.tokens, token).boxed().await
    }
}

impl Authenticate for Front<CallCtx> {
    async fn authenticate(&self, token: &Secret) -> Result<Caller> {
        // In a box: every handler waits for this, and the deeper its future, the longer it compiles.
        authenticate(self, &self.tokens, token).boxed().await
    }
}
