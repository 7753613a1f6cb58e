//! HTTP manners, shared by every function: who is asking, what a body must be, how errors look,
//! what is logged, how a router becomes a Lambda.
//!
//! This crate knows no service and no store; whoever is asking is found out through
//! [`domain::Authenticate`].

mod caller;
mod error;
mod json;
mod layers;
pub mod log;
pub mod openapi;
mod page;
mod path;
mod start;
pub mod v1;

pub use caller::SignedIn;
pub use error::{ApiError, ErrorBody, FieldBody, Refusals, Result};
pub use json::{Created, MAX_BODY, NoContent, Valid, nullable};
pub use layers::{Manners, with_manners};
pub use page::{PageBody, PageQuery};
pub use path::{PathId, PathIds};
pub use start::serve_lambda;
