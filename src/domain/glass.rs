//! Breaking the glass: in an emergency, who asked does not wait for the second person whom a change needs. Pure.
//!
//! It stands for that person alone. All else holds as ever: the right to the change itself, what is to be typed, freezes, the
//! limits, one operation at a time, and the plan as it was shown.

use serde::{Deserialize, Serialize};

use super::ids::{ChannelId, RoleId};

/// The longest reason, in characters.
pub const REASON: u16 = 400;

/// That the glass was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// Why it could not wait, in the person's words.
    pub why: String,
    /// By which of their roles they might; none, where they might not.
    pub allowed_by: Vec<RoleId>,
    /// The channels of alerts in which it is said.
    pub said_in: Vec<ChannelId>,
}
