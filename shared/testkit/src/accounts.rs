//! Accounts as a test needs them: tokens that came by mail, mails that the worker sends, what the
//! database really holds.

use domain::caregivers::{Caregiver, Credentials};
use domain::jobs::{Job, Queue};
use domain::tokens::{OneTime, Purpose};
use domain::{CaregiverId, Secret, TokenId};
use mongodb::Database;
use sha2::{Digest as _, Sha256};
use store::mongo::Tokens;

use crate::app::TestApp;

impl TestApp {
    /// A token for one use, as if it had just been mailed.
    pub async fn one_time(&self, purpose: Purpose, caregiver: CaregiverId) -> Secret {
        let now = self.ctx.now();
        let id = TokenId::generate(now, &*self.ctx.random);
        let token = self.accounts.vault.tokens(purpose, id).next().unwrap();
        let hash = Sha256::digest(token.expose()).into();
        let expires_at = now + purpose.lifetime();
        let row =
            OneTime { id, purpose, caregiver: Some(caregiver), hash, link: None, epoch: None, expires_at, used: false };
        self.ctx.store.commit([Tokens::add(&row).unwrap()]).await.unwrap();
        token
    }

    /// The account of an address, if there is one.
    pub async fn account(&self, email: &str) -> Option<(Caregiver, Credentials)> {
        self.ctx.store.caregivers().by_email(&email.parse().unwrap()).await.unwrap()
    }

    /// Sends the mails that wait in the queue, as the worker does, and gives how many jobs there were.
    pub async fn deliver_mails(&self) -> usize {
        let post = self.ctx.post.as_ref().unwrap();
        let mut jobs = 0;
        loop {
            let messages = self.ctx.queues.receive(Queue::Jobs, 10, std::time::Duration::ZERO).await.unwrap();
            for message in &messages {
                if let Job::SendMail { mail_id } = serde_json::from_str(&message.body).unwrap() {
                    services::mails::send(&self.ctx, &self.accounts.vault, post, mail_id).await.unwrap();
                    jobs += 1;
                }
                self.ctx.queues.done(Queue::Jobs, message).await.unwrap();
            }
            if messages.is_empty() {
                return jobs;
            }
        }
    }

    /// The database itself, to look at what is really stored or to do what no service does.
    pub async fn database(&self) -> Database {
        let config = config::Database::from_env(&self.env).unwrap();
        let client = mongodb::Client::with_uri_str(config.uri.expose().as_str()).await.unwrap();
        client.database(&config.name)
    }
}
