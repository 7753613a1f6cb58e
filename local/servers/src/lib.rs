//! The servers the system needs, real ones, on this machine: documents (`MongoDB` protocol), cache (`Redis` protocol)
//! and AWS. `cargo run -p local` and the tests both get them here.
//!
//! [`Installation::ensure`] installs them once into `<root>/.local/venv`; [`Servers::start`] runs them on free
//! loopback ports. They never outlive the process that started them, whatever ends it (see `local/guard.py`).
//!
//! ```no_run
//! # async fn example() -> Result<(), local_servers::Error> {
//! use local_servers::{Installation, Servers, Storage, Terminal, Wanted};
//! let installation = Installation::ensure(std::path::Path::new("."), &Terminal::new())?;
//! let servers = Servers::start(&installation, Wanted::ALL, Storage::Memory).await?;
//! assert!(servers.mongodb_uri().is_some());
//! servers.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod error;
mod guard;
mod install;
mod progress;
mod run;

pub use error::Error;
pub use install::Installation;
pub use progress::{Progress, Quiet, Terminal};
pub use run::{Servers, Storage, Wanted};
