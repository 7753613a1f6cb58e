//! What the business means: types, rules and access policy.
//!
//! Nothing here reads a clock, a socket, the environment or a random source; whatever changes
//! arrives as an argument. Folders are named for the aggregate they describe.

pub mod alerts;
pub mod callbacks;
pub mod caller;
pub mod calls;
pub mod caregivers;
pub mod conversations;
pub mod email;
pub mod emergencies;
pub mod error;
pub mod id;
pub mod jobs;
pub mod locale;
pub mod notes;
pub mod orgs;
pub mod page;
pub mod patients;
pub mod phi;
pub mod phone;
pub mod policy;
pub mod prompt;
pub mod secret;
pub mod sessions;
pub mod time;

pub use caller::{Authenticate, Caller, Role};
pub use email::Email;
pub use error::{Error, Field, Kind, Result};
pub use id::{AlertId, CallId, CallbackId, CaregiverId, Id, JobId, MessageId, NoteId, OrgId, PatientId, SessionId};
pub use locale::Language;
pub use page::{Page, PageRequest};
pub use phi::Phi;
pub use phone::Phone;
pub use policy::Scope;
pub use secret::Secret;
pub use time::{Clock, Random, Zone};
