//! The lifecycle service: its published contract and our client of it.
//!
//! [`contract`] holds the wire types and is what adapters are written against; nothing of it leaves this room except to the sandbox, which
//! serves it. [`LifecycleClient`] gives the words of the domain, or a [`LifecycleError`] that says whether the action may have been carried out.
//! [`EventStream`] follows what the service pushes, and leaves in [`Pushes`] where to look.
pub mod breaker;
mod client;
pub mod contract;
mod convert;
mod error;
mod events;
mod pushes;
pub mod sse;
mod transport;

pub use client::{Change, Etag, FleetAnswer, FleetRead, LifecycleClient};
pub use convert::{OperationState, ServiceOperation};
pub use error::{Carried, ErrorKind, LifecycleError};
pub use events::{EventStream, StreamState};
pub use pushes::{Pushes, Told, Word};
pub use transport::{Following, Settings, SettingsError};
