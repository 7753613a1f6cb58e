//! What services work with.

use std::ops::Deref;
use std::sync::Arc;

use aws_config::SdkConfig;
use clients::{Mail, Oidc, Pictures, Queues, Sms};
use config::{ConfigError, Env};
use domain::limits::{Class, Decision, Quota};
use domain::{Activity, Authenticate, Caller, Clock, Gate, Origin, Random, Result, Secret};
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use store::{Cache, Connections, KeptAnswers, LiveCalls, Store};

use crate::audit::AuditCtx;
use crate::auth::{Tokens, authenticate};
use crate::system::{SystemClock, SystemRandom};
use crate::vault::Vault;

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
    /// Work to hand over.
    pub queues: Queues,
    /// Requests that must have their effect once.
    pub once: KeptAnswers,
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
        let cache = Cache::new(config::Cache::from_env(env)?, aws.clone());
        Ok(Self {
            store: Store::new(config::Database::from_env(env)?, Some(cache.clone())),
            cache,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            queues: Queues::new(aws, config::Queues::from_env(env)?),
            once: KeptAnswers::new(aws, &config::Tables::from_env(env)?),
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
    /// How people are told; `None` on a machine where `MAIL_FROM` is not set.
    pub post: Option<Post>,
}

/// How people are told.
#[derive(Clone)]
pub struct Post {
    /// The sender of mails.
    pub mail: Mail,
    /// The sender of text messages.
    pub sms: Sms,
    /// Address of the web app, for links.
    pub app: String,
}

impl Post {
    /// Mails as `config` says.
    pub fn new(aws: &SdkConfig, config: &config::Mail) -> Self {
        Self {
            mail: Mail::new(aws, config),
            sms: Sms::new(aws),
            app: config.app_url.as_str().trim_end_matches('/').to_owned(),
        }
    }
}

impl CallCtx {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        let post = config::Mail::from_env_or_none(env)?.map(|config| Post::new(&aws, &config));
        Self::with_aws(env, &aws, post)
    }

    /// From the environment, for those who only look: nobody is told of anything.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn watching(env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        Self::with_aws(env, &aws, None)
    }

    fn with_aws(env: &Env, aws: &SdkConfig, post: Option<Post>) -> std::result::Result<Self, ConfigError> {
        let live = LiveCalls::new(aws, &config::Tables::from_env(env)?);
        Ok(Self::new(Ctx::with_aws(env, aws)?, live, post))
    }

    /// `base` and what calls need.
    pub const fn new(base: Ctx, live: LiveCalls, post: Option<Post>) -> Self {
        Self { base, live, post }
    }
}

impl Deref for CallCtx {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.base
    }
}

/// What live updates work with besides.
#[derive(Clone)]
pub struct LiveCtx {
    base: CallCtx,
    /// Who watches.
    pub connections: Connections,
    /// How long a sign-in lives when nobody uses it.
    pub idle: SignedDuration,
}

impl LiveCtx {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        Self::of(CallCtx::watching(env).await?, env).await
    }

    /// `base` and what live updates need.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn of(base: CallCtx, env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        let connections = Connections::new(&aws, &config::Tables::from_env(env)?);
        Ok(Self { base, connections, idle: config::Auth::idle(env)? })
    }
}

impl Deref for LiveCtx {
    type Target = CallCtx;

    fn deref(&self) -> &CallCtx {
        &self.base
    }
}

/// What services about accounts work with besides.
#[derive(Clone)]
pub struct AccountCtx {
    base: Ctx,
    /// What is sealed and derived.
    pub vault: Arc<Vault>,
    /// Pictures of people.
    pub pictures: Pictures,
    /// Signing in with accounts of others.
    pub sso: Oidc,
    /// Text messages.
    pub sms: Sms,
}

impl AccountCtx {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        Self::with_aws(Ctx::with_aws(env, &aws)?, env, &aws)
    }

    /// `base` and what accounts need.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn of(base: Ctx, env: &Env) -> std::result::Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        Self::with_aws(base, env, &aws)
    }

    fn with_aws(base: Ctx, env: &Env, aws: &SdkConfig) -> std::result::Result<Self, ConfigError> {
        Ok(Self {
            base,
            vault: Arc::new(Vault::new(&config::DataKeys::from_env(env)?)),
            sso: Oidc::new(&config::Sso::from_env(env)?),
            sms: Sms::new(aws),
            pictures: Pictures::new(aws, &config::Pictures::from_env(env)?),
        })
    }
}

impl Deref for AccountCtx {
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
    /// How long a sign-in lives when nobody uses it.
    pub idle: SignedDuration,
    /// Whether requests are counted.
    limits: config::Limits,
}

impl<C> Front<C> {
    /// `ctx` behind a sign-in.
    pub fn new(ctx: C, auth: &config::Auth) -> Self {
        let limits = config::Limits { enforced: true };
        Self { ctx, tokens: Arc::new(Tokens::new(auth)), idle: auth.idle, limits }
    }

    /// Another context behind the same sign-in.
    pub fn with<D>(&self, ctx: D) -> Front<D> {
        Front { ctx, tokens: Arc::clone(&self.tokens), idle: self.idle, limits: self.limits }
    }
}

macro_rules! front {
    ($($ctx:ty),*) => {$(
        impl Front<$ctx> {
            /// From the environment; see [`Ctx::configured`].
            ///
            /// # Errors
            /// When a variable is missing or wrong.
            pub async fn configured(env: &Env) -> std::result::Result<Self, ConfigError> {
                let limits = config::Limits::from_env(env)?;
                Ok(Self { limits, ..Self::new(<$ctx>::configured(env).await?, &config::Auth::from_env(env)?) })
            }
        }

        impl Authenticate for Front<$ctx> {
            async fn authenticate(&self, token: &Secret, origin: Origin, activity: Activity) -> Result<Caller> {
                // In a box: every handler waits for this, and the deeper its future, the longer it compiles.
                authenticate(self, &self.tokens, self.idle, token, origin, activity).boxed().await
            }
        }

        impl Gate for Front<$ctx> {
            type Once = KeptAnswers;

            async fn spend(&self, keys: &[(String, Quota)], class: Class) -> Decision {
                if !self.limits.enforced {
                    return Decision::judge(&[], self.now().as_microsecond());
                }
                self.cache.spend(keys, class, self.now()).await
            }

            fn once(&self) -> &KeptAnswers {
                &self.once
            }

            fn clock(&self) -> Arc<dyn Clock> {
                Arc::clone(&self.clock)
            }

            fn random(&self) -> Arc<dyn Random> {
                Arc::clone(&self.random)
            }

            fn cache_looks(&self) -> (u64, u64) {
                let stats = self.cache.stats();
                (stats.hits, stats.misses)
            }
        }
    )*};
}

front!(Ctx, CallCtx, AccountCtx, AuditCtx, LiveCtx);

impl Front<CallCtx> {
    /// The same for services that place no calls.
    pub fn without_calls(&self) -> Front<Ctx> {
        self.with(self.ctx.base.clone())
    }
}

impl<C> Deref for Front<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.ctx
    }
}
