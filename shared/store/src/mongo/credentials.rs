//! What opens an account: fields of `caregivers` that are never cached.

use domain::caregivers::{Caregiver, Credentials, Mfa, Place, Provider, SsoLink};
use domain::tokens::Purpose;
use domain::{Result, Role, Secret};
use jiff::Timestamp;
use mongodb::bson::{Binary, DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use super::convert::{binary, corrupt, date, time};
use super::{Caregivers, Write};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sso_provider: Option<Provider>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sso_provider_id: Option<String>,
    #[serde(default, skip_serializing)]
    mfa_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mfa_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mfa_backup_codes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mfa_last_step: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mfa_enrolled_at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    places: Vec<Binary>,
}

impl Caregivers<'_> {
    /// Sets another password.
    pub fn set_password(caregiver: &Caregiver, hash: &Secret) -> Write {
        Self::change(caregiver, doc! { "$set": { "password": hash.expose() } })
    }

    /// Keeps the same password with a hash that was made anew; 409 when it is another by now.
    pub fn renew_password(caregiver: &Caregiver, before: &Secret, hash: &Secret) -> Write {
        let (before, set) = (doc! { "password": before.expose() }, doc! { "password": hash.expose() });
        Self::change_from(caregiver, before, doc! { "$set": set })
    }

    /// Lets an account at an identity provider open this one; 409 when it opens another, or another
    /// one opens this.
    pub fn link(caregiver: &Caregiver, link: &SsoLink) -> Write {
        let set = doc! { "ssoProvider": link.provider.as_str(), "ssoProviderId": &link.subject };
        Self::change_from(caregiver, doc! { "ssoProviderId": mongodb::bson::Bson::Null }, doc! { "$set": set })
    }

    /// No account at an identity provider opens this one any more.
    pub fn unlink(caregiver: &Caregiver) -> Write {
        Self::change(caregiver, doc! { "$unset": { "ssoProvider": "", "ssoProviderId": "" } })
    }

    /// Remembers where a sign-in came from.
    pub fn set_places(caregiver: &Caregiver, places: &[Place]) -> Write {
        let places: Vec<Binary> = places.iter().map(|place| binary(place)).collect();
        Self::change(caregiver, doc! { "$set": { "places": places } })
    }

    /// Notes that the address is the account's own, and changes nothing else.
    pub fn set_verified(caregiver: &Caregiver) -> Write {
        Self::change(caregiver, doc! { "$set": { "isEmailVerified": true } })
    }

    /// Makes an invited person a colleague, with what is written about `caregiver`; 401 when they
    /// are not invited any more.
    pub fn join(caregiver: &Caregiver, hash: &Secret, now: Timestamp) -> Write {
        let set = doc! {
            "name": &caregiver.name, "phone": caregiver.phone.as_ref().map(domain::Phone::as_str),
            "role": caregiver.role.as_str(), "isEmailVerified": caregiver.email_verified,
            "isPhoneVerified": caregiver.phone_verified, "password": hash.expose(), "updatedAt": date(now),
        };
        Self::change_if(caregiver, doc! { "role": Role::Invited.as_str() }, doc! { "$set": set })
            .or_unauthenticated("token_invalid", Purpose::Invite.refusal())
    }

    /// Replaces the second factor.
    pub fn set_mfa(caregiver: &Caregiver, mfa: &Mfa) -> Write {
        let change = match mfa {
            Mfa::Off => doc! {
                "$set": { "mfaEnabled": false },
                "$unset": { "mfaSecret": "", "mfaBackupCodes": "", "mfaLastStep": "", "mfaEnrolledAt": "" },
            },
            Mfa::Pending { secret, backup } => doc! {
                "$set": { "mfaEnabled": false, "mfaSecret": secret.expose(), "mfaBackupCodes": backup },
                "$unset": { "mfaLastStep": "", "mfaEnrolledAt": "" },
            },
            Mfa::On { secret, backup, last_step, since } => doc! { "$set": {
                "mfaEnabled": true, "mfaSecret": secret.expose(), "mfaBackupCodes": backup,
                "mfaLastStep": i64::try_from(*last_step).unwrap_or(i64::MAX), "mfaEnrolledAt": date(*since),
            } },
        };
        Self::change(caregiver, change)
    }

    /// Replaces the backup codes.
    pub fn set_backup(caregiver: &Caregiver, hashes: &[String]) -> Write {
        Self::change(caregiver, doc! { "$set": { "mfaBackupCodes": hashes } })
    }

    /// Uses a code of the time step `step` up: of two who show it at the same time one is refused.
    pub fn use_step(caregiver: &Caregiver, step: u64) -> Write {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        Self::change_if(caregiver, doc! { "mfaLastStep": { "$lt": step } }, doc! { "$set": { "mfaLastStep": step } })
    }

    /// Uses a backup code up: of two who show it at the same time one is refused.
    pub fn use_backup(caregiver: &Caregiver, hash: &str) -> Write {
        Self::change_if(caregiver, doc! { "mfaBackupCodes": hash }, doc! { "$pull": { "mfaBackupCodes": hash } })
    }

    fn change_if(caregiver: &Caregiver, condition: Document, change: Document) -> Write {
        let write = Self::change_from(caregiver, condition, change);
        write.or_unauthenticated("mfa_code_wrong", "That code is not right. Please try the next one.")
    }

    /// The same as `change`, from a state that meets `condition`.
    pub(super) fn change_from(caregiver: &Caregiver, condition: Document, change: Document) -> Write {
        let mut write = Self::change(caregiver, change);
        if let super::write::Operation::Update { filter, .. } = &mut write.operation {
            filter.extend(condition);
        }
        write
    }
}

impl Row {
    pub(super) fn of(credentials: &Credentials) -> Self {
        let (secret, backup, step, since) = match &credentials.mfa {
            Mfa::Off => (None, Vec::new(), None, None),
            Mfa::Pending { secret, backup } => (Some(secret.expose().clone()), backup.clone(), None, None),
            Mfa::On { secret, backup, last_step, since } => {
                (Some(secret.expose().clone()), backup.clone(), i64::try_from(*last_step).ok(), Some(date(*since)))
            }
        };
        Self {
            password: credentials.password_hash.as_ref().map(|hash| hash.expose().clone()),
            sso_provider: credentials.sso.as_ref().map(|link| link.provider),
            sso_provider_id: credentials.sso.as_ref().map(|link| link.subject.clone()),
            mfa_enabled: since.is_some(),
            mfa_secret: secret,
            mfa_backup_codes: backup,
            mfa_last_step: step,
            mfa_enrolled_at: since,
            places: credentials.places.iter().map(|place| binary(place)).collect(),
        }
    }

    pub(super) fn read(self) -> Result<Credentials> {
        let sso = match (self.sso_provider, self.sso_provider_id) {
            (Some(provider), Some(subject)) => Some(SsoLink { provider, subject }),
            _ => None,
        };
        let mfa = match (self.mfa_secret.map(Secret::new), self.mfa_enabled) {
            (None, _) => Mfa::Off,
            (Some(secret), false) => Mfa::Pending { secret, backup: self.mfa_backup_codes },
            (Some(secret), true) => Mfa::On {
                secret,
                backup: self.mfa_backup_codes,
                last_step: self.mfa_last_step.and_then(|step| u64::try_from(step).ok()).unwrap_or_default(),
                since: self.mfa_enrolled_at.map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH),
            },
        };
        let place = |stored: Binary| Place::try_from(stored.bytes).map_err(|_| corrupt("places"));
        Ok(Credentials {
            password_hash: self.password.map(Secret::new),
            sso,
            mfa,
            places: self.places.into_iter().map(place).collect::<Result<_>>()?,
        })
    }
}
