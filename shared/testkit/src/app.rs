//! A function under test, with people to call it.

use std::sync::Arc;
use std::time::Duration;

use api::{Manners, with_manners};
use axum::Router;
use clients::Queues;
use config::Env;
use domain::caregivers::Caregiver;
use domain::orgs::Org;
use domain::patients::Patient;
use domain::{Activity, Authenticate as _, Caller, OrgId, Origin, Role, Secret, SessionId};
use jiff::SignedDuration;
use services::{AccountCtx, AuditCtx, CallCtx, Ctx, Front, Post, SystemRandom};
use store::{Cache, KeptAnswers, LiveCalls, Store};

use crate::client::Client;
use crate::clock::TestClock;
use crate::house::house;
use crate::people;

/// What a function's routes are given.
pub struct Fronts {
    /// Behind a sign-in, without calls.
    pub base: Front<Ctx>,
    /// With calls.
    pub calls: Front<CallCtx>,
    /// With accounts.
    pub accounts: Front<AccountCtx>,
    /// With the audit trail.
    pub audit: Front<AuditCtx>,
}

/// A function under test in an organisation of its own.
pub struct TestApp {
    /// What services work with.
    pub ctx: Front<CallCtx>,
    /// What services about accounts work with.
    pub accounts: Front<AccountCtx>,
    /// The time.
    pub clock: TestClock,
    /// The configuration it runs with.
    pub env: Env,
    /// The organisation.
    pub home: Org,
    /// Nobody in particular.
    pub anyone: Client,
    /// Its administrator.
    pub admin: Client,
    /// A staff member.
    pub staff: Client,
    /// Another staff member.
    pub colleague: Client,
    /// Somebody who was invited and did not come yet.
    pub invited: Client,
    /// The administrator of another organisation.
    pub stranger: Client,
    router: Router,
}

impl TestApp {
    /// The routes that `routes` makes, on the servers of this test binary.
    pub async fn start(routes: impl FnOnce(&Fronts) -> Router) -> Self {
        Self::configured(house().env_with_queues().await, routes).await
    }

    /// The same with documents that no other test has, for what looks at every organisation.
    pub async fn alone(routes: impl FnOnce(&Fronts) -> Router) -> Self {
        let name = format!("alone-{:016x}", rand::random::<u64>());
        let env = house().env_with_queues().await.with("MONGODB_DATABASE", name);
        Store::new(config::Database::from_env(&env).unwrap(), None).create_indexes().await.unwrap();
        Self::configured(env, routes).await
    }

    /// The same with a configuration of one's own.
    pub async fn configured(env: Env, routes: impl FnOnce(&Fronts) -> Router) -> Self {
        // In a box: it is in the future of every test.
        Box::pin(Self::built(env, routes)).await
    }

    async fn built(env: Env, routes: impl FnOnce(&Fronts) -> Router) -> Self {
        let clock = TestClock::starting_now();
        let ctx = ctx(&env, &clock).await;
        // People are added by the front door of the servers, whatever the test does to its own.
        let database = config::Database::from_env(&env).unwrap().name;
        let seeding = self::ctx(&house().env_with_queues().await.with("MONGODB_DATABASE", database), &clock).await;
        let base = ctx.without_calls();
        let accounts = base.with(AccountCtx::of(Ctx::clone(&base), &env).await.unwrap());
        let mut manners = Manners::new("test", base.clone(), &config::Web::from_env(&env).unwrap());
        // The servers of a test are slower than real ones and share the machine with it.
        manners.patience = Duration::from_mins(2);
        let audit = base.with(AuditCtx::of(Ctx::clone(&base), &env).unwrap());
        let fronts = Fronts { base, calls: ctx.clone(), accounts: accounts.clone(), audit };
        let router = with_manners(routes(&fronts), manners);
        let home = people::org(&seeding, "Home").await;
        let away = people::org(&seeding, "Away").await;
        let client = async |org: OrgId, role| {
            let caregiver = people::caregiver(&seeding, org, role).await;
            let token = people::signed_in(&seeding, &caregiver).await;
            Client::signed_in(router.clone(), caregiver, token)
        };
        Self {
            anyone: Client::anonymous(router.clone()),
            admin: client(home.id, Role::OrgAdmin).await,
            staff: client(home.id, Role::Staff).await,
            colleague: client(home.id, Role::Staff).await,
            invited: client(home.id, Role::Invited).await,
            stranger: client(away.id, Role::OrgAdmin).await,
            home,
            ctx,
            accounts,
            clock,
            env,
            router,
        }
    }

    /// A patient of the organisation, assigned to these clients.
    pub async fn patient(&self, name: &str, assigned: &[&Client]) -> Patient {
        // Each a little younger than the one before, so that lists have an order.
        self.clock.advance(SignedDuration::from_millis(1));
        let caregivers: Vec<_> = assigned.iter().map(|client| client.caregiver().id).collect();
        people::patient(&self.ctx, self.home.id, name, &caregivers).await
    }

    /// Whom an access token belongs to, when somebody uses it now.
    pub async fn whose(&self, token: &Secret) -> domain::Result<Caller> {
        self.ctx.authenticate(token, Origin::default(), Activity::Person).await
    }

    /// A client as services see it.
    pub fn caller_of(&self, client: &Client) -> Caller {
        let caregiver = client.caregiver();
        let session = SessionId::generate(self.ctx.now(), &*self.ctx.random);
        let origin = Origin::default();
        Caller { caregiver: caregiver.id, org: caregiver.org, role: caregiver.role, session, origin }
    }

    /// Another organisation.
    pub async fn org(&self, name: &str) -> Org {
        people::org(&self.ctx, name).await
    }

    /// Somebody of any organisation, signed in.
    pub async fn person(&self, org: OrgId, role: Role) -> Client {
        let caregiver = people::caregiver(&self.ctx, org, role).await;
        let token = people::signed_in(&self.ctx, &caregiver).await;
        Client::signed_in(self.router.clone(), caregiver, token)
    }

    /// A patient of any organisation, assigned to these clients.
    pub async fn patient_of(&self, org: OrgId, name: &str, assigned: &[&Client]) -> Patient {
        let caregivers: Vec<_> = assigned.iter().map(|client| client.caregiver().id).collect();
        people::patient(&self.ctx, org, name, &caregivers).await
    }

    /// A patient of the other organisation.
    pub async fn foreign_patient(&self, name: &str) -> Patient {
        people::patient(&self.ctx, self.stranger.caregiver().org, name, &[]).await
    }

    /// A caregiver of the organisation, changed before they are saved, signed in.
    pub async fn caregiver(&self, role: Role, change: impl FnOnce(&mut Caregiver)) -> Client {
        let mut caregiver = people::new_caregiver(&self.ctx, self.home.id, role);
        change(&mut caregiver);
        people::save(&self.ctx, &caregiver).await;
        let token = people::signed_in(&self.ctx, &caregiver).await;
        Client::signed_in(self.router.clone(), caregiver, token)
    }
}

async fn ctx(env: &Env, clock: &TestClock) -> Front<CallCtx> {
    clients::tls::install();
    let aws = clients::aws::sdk_config(&config::Aws::from_env(env).unwrap()).await;
    let cache = Cache::new(config::Cache::from_env(env).unwrap(), aws.clone());
    let base = Ctx {
        store: Store::new(config::Database::from_env(env).unwrap(), Some(cache.clone())),
        cache,
        clock: Arc::new(clock.clone()),
        random: Arc::new(SystemRandom),
        queues: Queues::new(&aws, config::Queues::from_env(env).unwrap()),
        once: KeptAnswers::new(&aws, &config::Tables::from_env(env).unwrap()),
    };
    let live = LiveCalls::new(&aws, &config::Tables::from_env(env).unwrap());
    let post = config::Mail::from_env_or_none(env).unwrap().map(|config| Post::new(&aws, &config));
    let calls = CallCtx::new(base, live, post);
    Front::new(calls, &config::Auth::from_env(env).unwrap())
}
