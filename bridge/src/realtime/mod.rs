//! The provider's Realtime API over WebSocket, GA protocol.
//!
//! Source of every name and range: the `Realtime*` schemas of the `OpenAI` API description (GA, not
//! the `Beta` ones). Names of the older beta protocol appear nowhere.

pub mod command;
pub mod connection;
pub mod event;
pub mod failure;
pub(crate) mod wire;
