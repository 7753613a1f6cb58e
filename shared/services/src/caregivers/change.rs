//! The parts of a change of a caregiver, committed together.

use domain::audit::{self, Subject};
use domain::caregivers::{Caregiver, Credentials};
use domain::mails::AccountMail;
use domain::tokens::Purpose;
use domain::{Caller, Error, Result, Role};
use store::Write;
use store::mongo::{Caregivers, Sessions, Tokens};

use super::update::NewPassword;
use crate::auth::{guard, password, verify_email};
use crate::mails::Letter;
use crate::orgs::ask_again;
use crate::{AccountCtx, audit as trail};

/// What is going to be written.
pub(super) struct Changes<'a> {
    ctx: &'a AccountCtx,
    caller: &'a Caller,
    before: &'a Caregiver,
    writes: Vec<Write>,
    letters: Vec<Letter>,
}

impl<'a> Changes<'a> {
    /// Nothing yet.
    pub(super) const fn of(ctx: &'a AccountCtx, caller: &'a Caller, before: &'a Caregiver) -> Self {
        Self { ctx, caller, before, writes: Vec::new(), letters: Vec::new() }
    }

    /// What people write about a caregiver, and whether they may sign in.
    pub(super) fn profile(&mut self, after: &Caregiver) -> Result<()> {
        if after == self.before {
            return Ok(());
        }
        self.first(Caregivers::alter(self.before, after, self.ctx.now())?);
        if (Caregiver { locked: self.before.locked, ..after.clone() }) != *self.before {
            self.note(audit::Action::Update)?;
        }
        Ok(())
    }

    /// Another address: it has to be verified, and links that were sent to the one before end.
    pub(super) async fn email(&mut self, after: &Caregiver) -> Result<()> {
        let kind = if self.before.role == Role::Invited { AccountMail::Invite } else { AccountMail::Verify };
        guard::mail(self.ctx, after.email.as_str(), kind).await?;
        let asked = if self.before.role == Role::Invited {
            ask_again(self.ctx, self.caller, after)?
        } else {
            self.writes.push(Tokens::drop_all(after.id, Purpose::ResetPassword));
            verify_email::ask(self.ctx, after, &self.caller.origin)?
        };
        self.writes.extend(asked.0);
        self.letters.push(asked.1);
        if self.before.email_verified {
            self.tell(Letter::to_former(self.ctx, self.before, AccountMail::EmailChanged, &self.caller.origin)?);
        }
        Ok(())
    }

    /// Another password: every other sign-in ends.
    pub(super) async fn password(
        &mut self,
        after: &Caregiver,
        credentials: &Credentials,
        wanted: &NewPassword,
    ) -> Result<()> {
        password::check(&wanted.new, &[&after.name, after.email.as_str()])?;
        self.prove(credentials, wanted).await?;
        let hash = password::hash(&wanted.new, &*self.ctx.random).await?;
        let before = self.before;
        self.writes.extend([
            Caregivers::set_password(before, &hash),
            Caregivers::end_sign_ins(before),
            Sessions::keep(self.caller.session, before.epoch + 1),
            Tokens::drop_all(before.id, Purpose::ResetPassword),
            Tokens::drop_all(before.id, Purpose::SecondFactor),
        ]);
        self.note(audit::Action::PasswordChanged)?;
        self.tell(Letter::to(self.ctx, before, AccountMail::PasswordChanged, None, &self.caller.origin)?);
        Ok(())
    }

    /// Whoever sits at a desk that was left open does not know the present password.
    async fn prove(&mut self, credentials: &Credentials, wanted: &NewPassword) -> Result<()> {
        let Some(hash) = &credentials.password_hash else { return Ok(()) };
        let Some(current) = &wanted.current else { return Err(Error::field("currentPassword", "is required")) };
        let (ctx, before) = (self.ctx, self.before);
        let found = (before.clone(), credentials.clone());
        let attempt = guard::password(ctx, before.email.as_str(), Some(&found), &self.caller.origin).await?;
        if !password::verify(current, Some(hash)).await? {
            let record = trail::by(ctx, self.caller, audit::Action::PasswordChanged, Subject::Caregiver);
            trail::noted(ctx, &record.about([before.id]).refused("password_wrong")).await?;
            return Err(Error::field("currentPassword", "is not the present password"));
        }
        attempt.succeeded(ctx).await;
        Ok(())
    }

    /// Whether the account may sign in; who is locked out is out at once.
    pub(super) fn lock(&mut self, after: &Caregiver) -> Result<()> {
        if !after.locked {
            return self.note(audit::Action::AccountUnlocked);
        }
        self.writes.push(Caregivers::end_sign_ins(self.before));
        self.note(audit::Action::AccountLocked)
    }

    /// A write that comes before all others.
    pub(super) fn first(&mut self, write: Write) {
        self.writes.insert(0, write);
    }

    fn note(&mut self, action: audit::Action) -> Result<()> {
        let record = trail::by(self.ctx, self.caller, action, Subject::Caregiver).about([self.before.id]);
        self.writes.push(trail::note(&record.within(self.before.org))?);
        Ok(())
    }

    fn tell(&mut self, letter: Letter) {
        self.writes.extend(letter.writes());
        self.letters.push(letter);
    }

    /// Does all of it or nothing, and posts the mails.
    pub(super) async fn commit(self) -> Result<()> {
        self.ctx.store.commit(self.writes).await?;
        for letter in self.letters {
            letter.post(self.ctx).await;
        }
        Ok(())
    }
}
