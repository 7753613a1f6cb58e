//! The functions that the model may call, as it is told of them: `tools.json`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::realtime::command::Tool;

/// Ends the call.
pub const END_CALL: &str = "end_call";
/// Alerts the people who care for the patient.
pub const ALERT: &str = "alert_caregiver";
/// Calls the patient again.
pub const CALL_BACK: &str = "schedule_callback";
/// Writes something down.
pub const NOTE: &str = "take_note";
/// Hands the call to a caregiver.
pub const TRANSFER: &str = "transfer_to_caregiver";

static TOOLS: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
    // A test reads the file too, so what is not JSON never leaves the workshop.
    serde_json::from_str(include_str!("tools.json")).unwrap_or_default()
});

/// A function the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// When to call it, for the model.
    pub description: String,
    /// JSON schema of the arguments.
    pub parameters: Value,
}

impl ToolSpec {
    /// All functions.
    pub fn all() -> Vec<Self> {
        TOOLS.clone()
    }

    /// As the protocol wants it.
    pub(super) fn tool(&self) -> Tool {
        Tool {
            kind: "function",
            name: self.name.clone(),
            description: self.description.clone(),
            parameters: self.parameters.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_exactly_the_functions_there_are() {
        let names: Vec<_> = ToolSpec::all().into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, [END_CALL, ALERT, CALL_BACK, NOTE, TRANSFER]);
        for tool in ToolSpec::all() {
            assert_eq!(tool.parameters["type"], "object", "{}", tool.name);
            assert_eq!(tool.parameters["additionalProperties"], false, "{}", tool.name);
        }
    }
}
