//! Mails about accounts: written with what they tell of, sent later.

mod deliver;
mod send;

pub use deliver::deliver_due;
pub use send::send;

use domain::caregivers::Caregiver;
use domain::jobs::Job;
use domain::mails::AccountMail;
use domain::{Email, MailId, Origin, Result, TokenId};
use store::Write;
use store::mongo::{Mails, Pending, Waiting};

use crate::{Ctx, outbox};

/// A mail that is committed with what it tells of.
pub(crate) struct Letter {
    pending: Pending,
    writes: [Write; 2],
}

impl Letter {
    /// To `caregiver`, with the token of its link if it has one.
    pub(crate) fn to(
        ctx: &Ctx,
        caregiver: &Caregiver,
        kind: AccountMail,
        token: Option<TokenId>,
        origin: &Origin,
    ) -> Result<Self> {
        Self::addressed(ctx, caregiver, None, kind, token, origin)
    }

    /// To the address of `caregiver` that is theirs no more when it is sent.
    pub(crate) fn to_former(ctx: &Ctx, caregiver: &Caregiver, kind: AccountMail, origin: &Origin) -> Result<Self> {
        Self::addressed(ctx, caregiver, Some(caregiver.email.clone()), kind, None, origin)
    }

    fn addressed(
        ctx: &Ctx,
        caregiver: &Caregiver,
        to: Option<Email>,
        kind: AccountMail,
        token: Option<TokenId>,
        origin: &Origin,
    ) -> Result<Self> {
        let now = ctx.now();
        let mail = Waiting {
            id: MailId::generate(now, &*ctx.random),
            kind,
            caregiver: caregiver.id,
            to,
            token,
            device: origin.device.as_deref().map(crate::auth::device::describe),
            at: now,
            next_at: now,
            attempts: 0,
        };
        let (pending, job) = outbox::prepare(ctx, Job::SendMail { mail_id: mail.id })?;
        Ok(Self { pending, writes: [Mails::add(&mail)?, job] })
    }

    /// The writes that commit it.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Write> {
        self.writes.clone().into_iter()
    }

    /// Hands it over after the commit. A queue that does not take it is no failure of the request:
    /// the tick hands it over later.
    pub(crate) async fn post(self, ctx: &Ctx) {
        outbox::hand_over(ctx, [self.pending]).await;
    }
}
