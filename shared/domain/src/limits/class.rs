//! The classes of requests and the one table of their quotas.

use jiff::SignedDuration;

use super::{Per, Quota};

/// What kind of request it is. Every route of the API belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Signing in with a password.
    ///
    /// Not 5 in 15 minutes as once proposed: all caregivers of a clinic come from one address, and a shift begins
    /// for all of them at once. Guessing at one account is held off by counting its failures instead.
    SignIn,
    /// Exchanging a refresh token. The app does it by itself, every half hour a window, so a thousand are
    /// hundreds of caregivers at one address. There is nothing to guess: a refresh token is chance.
    Refresh,
    /// What is done to an account from outside: register (also with an invitation), look at an invitation,
    /// forgotten passwords, verify an address, send that mail again.
    ///
    /// Enough for thirty invited people in one training room, who need two or three requests each. How many
    /// mails one address may get is counted where they are sent.
    Account,
    /// Signing in with an identity provider: two requests each time, there and back. Otherwise as [`Class::SignIn`].
    Sso,
    /// Having a code sent, and entering it: second factors, telephone numbers.
    ///
    /// The rate once proposed (5 in 15 minutes) with a larger burst: sent, mistyped, sent again, mistyped,
    /// entered is five already. A wrong code also counts as a failure of the account.
    Code,
    /// Ordinary reads. A screen asks for up to ten things, so this is a screen every five seconds; an
    /// organisation has twenty people who do that without a pause.
    Read,
    /// What the app asks by itself while it is open: status and conversation of a call every 2 and 3 s, alerts
    /// every 30 s. That makes 780 in 15 minutes, in each of two windows. Of an organisation: 75 screens that
    /// watch a call. It does not show that somebody sits there.
    Poll,
    /// Changes of patients, alerts, schedules and caregivers, and ending a call: that must not be refused
    /// because many were begun.
    ///
    /// Not 100 in 15 minutes as once proposed: who brings a hundred patients, each with a schedule and a
    /// caregiver, needs 300 at once on the first day.
    Write,
    /// Changes of an organisation, and invitations. An invitation is a mail to an address we know nothing of, so
    /// an organisation can send those of a large first day, but not many every day.
    Org,
    /// Starting a call: somebody's telephone rings. By hand one every two minutes is a busy caregiver.
    Dial,
    /// Pictures of patients and caregivers. Not 10 an hour as once proposed: the first hundred patients get
    /// their pictures within two hours.
    Upload,
    /// Having something analysed: medical signs, mood. Each is a request to a model that costs money.
    Analysis,
    /// Changes of the phrases that mean an emergency. A list for a language is entered in one sitting.
    Phrases,
    /// Paying, and changing how it is paid. Few: stolen cards are tried out where many can be entered.
    Payment,
    /// Exports, reports, requests for one's data: many reads in one.
    Export,
    /// What anybody may see: documentation, health, pictures. Browsers keep pictures, but a ward round opens
    /// many the first time, at one address.
    Public,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SignIn,
        Self::Refresh,
        Self::Account,
        Self::Sso,
        Self::Code,
        Self::Read,
        Self::Poll,
        Self::Write,
        Self::Org,
        Self::Dial,
        Self::Upload,
        Self::Analysis,
        Self::Phrases,
        Self::Payment,
        Self::Export,
        Self::Public,
    ];

    /// As keys, logs and metrics name it; stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Refresh => "refresh",
            Self::Account => "account",
            Self::Sso => "sso",
            Self::Code => "code",
            Self::Read => "read",
            Self::Poll => "poll",
            Self::Write => "write",
            Self::Org => "org",
            Self::Dial => "dial",
            Self::Upload => "upload",
            Self::Analysis => "analysis",
            Self::Phrases => "phrases",
            Self::Payment => "payment",
            Self::Export => "export",
            Self::Public => "public",
        }
    }

    /// What belongs to it, for people.
    pub const fn what(self) -> &'static str {
        match self {
            Self::SignIn => "signing in with a password",
            Self::Refresh => "exchanging a refresh token",
            Self::Account => "registering, invitations from the other side, forgotten passwords, verifying an address",
            Self::Sso => "signing in with an identity provider, there and back",
            Self::Code => "having a code sent, and entering it",
            Self::Read => "ordinary reads",
            Self::Poll => "what an open app asks by itself: status and conversation of a call, alerts",
            Self::Write => "changing patients, alerts, schedules, caregivers; ending a call",
            Self::Org => "changing an organisation, inviting",
            Self::Dial => "starting a call",
            Self::Upload => "pictures that are sent",
            Self::Analysis => "medical and mood analyses that are made",
            Self::Phrases => "changing the phrases that mean an emergency",
            Self::Payment => "paying, and changing how it is paid",
            Self::Export => "exports, reports, requests for one's data",
            Self::Public => "documentation, health, pictures",
        }
    }

    /// Its quotas: a request spends one of each. The table.
    pub const fn quotas(self) -> &'static [Quota] {
        use Per::{Address, Caller, Org};
        const QUARTER: SignedDuration = SignedDuration::from_mins(15);
        const FIVE: SignedDuration = SignedDuration::from_mins(5);
        const HALF: SignedDuration = SignedDuration::from_mins(30);
        const HOUR: SignedDuration = SignedDuration::from_hours(1);
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        match self {
            // Nobody is signed in yet: there is only an address.
            Self::SignIn | Self::Account => const { &[Quota::new(Address, 100, QUARTER)] },
            Self::Refresh => const { &[Quota::new(Address, 1_000, QUARTER)] },
            Self::Sso => const { &[Quota::new(Address, 200, QUARTER)] },
            Self::Public => const { &[Quota::new(Address, 3_000, FIVE)] },
            Self::Code => const { &[Quota::new(Caller, 10, HALF), Quota::new(Address, 100, QUARTER)] },
            Self::Read => const { &[Quota::new(Caller, 600, FIVE), Quota::new(Org, 12_000, FIVE)] },
            Self::Poll => const { &[Quota::new(Caller, 1_800, QUARTER), Quota::new(Org, 60_000, QUARTER)] },
            Self::Write => const { &[Quota::new(Caller, 300, FIVE), Quota::new(Org, 3_000, FIVE)] },
            Self::Org => const { &[Quota::new(Caller, 100, QUARTER), Quota::new(Org, 500, DAY)] },
            Self::Dial => const { &[Quota::new(Caller, 30, HOUR), Quota::new(Org, 300, HOUR)] },
            Self::Upload => const { &[Quota::new(Caller, 60, HOUR), Quota::new(Org, 600, HOUR)] },
            Self::Analysis => const { &[Quota::new(Caller, 30, HOUR), Quota::new(Org, 200, HOUR)] },
            Self::Phrases => const { &[Quota::new(Caller, 200, HOUR)] },
            Self::Payment => const { &[Quota::new(Caller, 20, HOUR), Quota::new(Org, 40, HOUR)] },
            Self::Export => const { &[Quota::new(Caller, 30, HOUR), Quota::new(Org, 100, HOUR)] },
        }
    }

    /// Whether such a request shows that somebody sits there, so that a sign-in does not end for idleness. An
    /// open app polls and refreshes by itself.
    pub const fn keeps_alive(self) -> bool {
        !matches!(self, Self::Poll | Self::Refresh | Self::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::gcra;
    use std::collections::BTreeSet;
    use test_case::test_case;

    #[test]
    fn names_are_their_own_and_go_into_keys() {
        let names: BTreeSet<_> = Class::ALL.iter().map(|class| class.as_str()).collect();
        assert_eq!(names.len(), Class::ALL.len());
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn every_class_counts_something_and_nothing_twice() {
        for class in Class::ALL {
            let per: BTreeSet<_> = class.quotas().iter().map(|quota| quota.per).collect();
            assert!(!per.is_empty() && per.len() == class.quotas().len(), "{class:?}");
            let exact = |quota: &Quota| quota.limit > 0 && i128::from(quota.depth()) == quota.period.as_micros();
            assert!(class.quotas().iter().all(exact), "{class:?}: no share is rounded");
        }
    }

    #[test]
    fn who_is_not_signed_in_is_known_by_address_only() {
        for class in [Class::SignIn, Class::Refresh, Class::Account, Class::Sso, Class::Public] {
            assert!(class.quotas().iter().all(|quota| quota.per == Per::Address), "{class:?}");
        }
    }

    #[test]
    fn an_app_that_is_only_open_keeps_no_sign_in_alive() {
        assert!(!Class::Poll.keeps_alive() && !Class::Refresh.keeps_alive());
        assert!(Class::Read.keeps_alive() && Class::Write.keeps_alive());
    }

    /// Requests of real use: so many of a class, one every so many seconds, must all pass.
    #[test_case(Class::SignIn, Per::Address, 100, 1.0; "a shift begins at a clinic with one address")]
    #[test_case(Class::Refresh, Per::Address, 2_000, 1.8; "a thousand windows at one address")]
    #[test_case(Class::Account, Per::Address, 90, 0.1; "thirty people in a training room")]
    #[test_case(Class::Sso, Per::Address, 200, 0.5; "the same with an identity provider")]
    #[test_case(Class::Code, Per::Caller, 5, 1.0; "mistyped twice and sent again")]
    #[test_case(Class::Read, Per::Caller, 7_200, 0.5; "ten things every five seconds for an hour")]
    #[test_case(Class::Poll, Per::Caller, 12_480, 0.577; "two windows that watch a call for two hours")]
    #[test_case(Class::Poll, Per::Org, 120_000, 0.0154; "75 screens that watch a call for half an hour")]
    #[test_case(Class::Write, Per::Caller, 300, 0.0; "a hundred patients, each in three requests, at once")]
    #[test_case(Class::Org, Per::Caller, 100, 3.0; "a hundred invitations in five minutes")]
    #[test_case(Class::Org, Per::Org, 500, 3.0; "a large organisation's first day")]
    #[test_case(Class::Dial, Per::Caller, 60, 120.0; "a call every two minutes for two hours")]
    #[test_case(Class::Upload, Per::Caller, 100, 60.0; "a hundred pictures in an hour and a half")]
    fn real_use_is_never_refused(class: Class, per: Per, requests: u32, every: f64) {
        let quota = *class.quotas().iter().find(|quota| quota.per == per).unwrap();
        let step = i64::try_from(SignedDuration::from_secs_f64(every).as_micros()).unwrap();
        let mut tat = None;
        for request in 0..requests {
            let outcome = gcra::decide(tat, i64::from(request) * step, quota);
            assert!(outcome.allowed, "request {request} of {class:?}");
            tat = Some(outcome.new_tat);
        }
    }
}
