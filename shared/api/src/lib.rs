//! HTTP manners, shared by every function: who is asking, what a body must be, how errors look,
//! what is logged, how a router becomes a Lambda.
//!
//! This crate knows no service and no store; whoever is asking is found out through
//! [`domain::Authenticate`].

mod caller;
mod cursor;
mod error;
mod guard;
pub mod handbook;
mod headers;
mod idempotency;
mod json;
mod layers;
pub mod log;
mod metrics;
pub mod openapi;
mod origin;
mod page;
mod path;
mod problem;
mod query;
mod start;
pub mod text;
mod upload;
pub mod v1;
pub mod v2;
pub mod versions;

pub use caller::SignedIn;
pub use cursor::{Checked, CursorPageBody};
pub use error::{AccountMovedOn, ApiError, ErrorBody, FieldBody, OpenRefusals, Refusals, Result, status};
pub use guard::Rules;
pub use headers::speaks_json;
pub use idempotency::Once;
pub use json::{Created, MAX_BODY, MAX_IMPORT, NoContent, Raw, Valid, nullable, shape};
pub use layers::{Manners, with_manners};
pub use origin::From;
pub use page::{PageBody, PageQuery};
pub use path::{PathId, PathIds};
pub use problem::{ProblemBody, Problems};
pub use query::ValidQuery;
pub use start::serve_lambda;
pub use upload::{MAX_UPLOAD, Upload, UploadForm};
