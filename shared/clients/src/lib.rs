//! What others run: AWS messaging and the text model.
//!
//! Every call has a timeout, a retry policy and a named failure, and no failure carries the words
//! of the other side: they may repeat patient data.

pub mod aws;
pub mod mail;
pub mod queue;
pub mod text;
pub mod tls;

pub use mail::Mail;
pub use queue::{Queues, Received};
pub use text::Text;
