//! Conversations: written by cells, read by caregivers.

mod get;
mod list;
mod record;
mod summarise;

pub use get::get;
pub use list::{Listed, list};
pub use record::record;
pub use summarise::summarise;
