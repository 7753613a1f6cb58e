//! What others run: AWS messaging, pictures, the text model, sign-in with other accounts.
//!
//! Every call has a timeout, a retry policy and a named failure, and no failure carries the words
//! of the other side: they may repeat patient data.

pub mod aws;
pub mod mail;
pub mod oidc;
pub mod pictures;
pub mod queue;
pub mod sms;
pub mod sockets;
pub mod text;
pub mod tls;

pub use mail::Mail;
pub use oidc::Oidc;
pub use pictures::Pictures;
pub use queue::{Queues, Received};
pub use sms::Sms;
pub use sockets::Sockets;
pub use text::Text;
