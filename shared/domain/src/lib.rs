//! What the business means: types, rules and access policy.
//!
//! Nothing here reads a clock, a socket, the environment or a random source; whatever changes
//! arrives as an argument. Folders are named for the aggregate they describe.

pub mod alerts;
pub mod audit;
pub mod callbacks;
pub mod caller;
pub mod calls;
pub mod caregivers;
pub mod conversations;
pub mod cursor;
pub mod email;
pub mod emergencies;
pub mod error;
pub mod gate;
pub mod hex;
pub mod id;
pub mod idempotency;
pub mod jobs;
pub mod limits;
pub mod live;
pub mod locale;
pub mod lockout;
pub mod mails;
pub mod notes;
pub mod occurrences;
pub mod orgs;
pub mod page;
pub mod patients;
pub mod phi;
pub mod phone;
pub mod phone_codes;
pub mod phrases;
pub mod pictures;
pub mod policy;
pub mod prompt;
pub mod schedules;
pub mod secret;
pub mod sessions;
pub mod text;
pub mod time;
pub mod tokens;

pub use caller::{Activity, Authenticate, Caller, Origin, Role};
pub use cursor::{CursorPage, CursorRequest};
pub use email::Email;
pub use error::{Error, Field, Kind, Result};
pub use gate::Gate;
pub use id::{
    AlertId, AuditId, CallId, CallbackId, CaregiverId, Id, JobId, MailId, MessageId, NoteId, OccurrenceId, OrgId,
    PatientId, PhraseId, ScheduleId, SessionId, TokenId,
};
pub use idempotency::Idempotency;
pub use locale::Language;
pub use page::{Page, PageRequest};
pub use phi::Phi;
pub use phone::Phone;
pub use pictures::PictureId;
pub use policy::Scope;
pub use secret::Secret;
pub use time::{Clock, Random, Zone};
