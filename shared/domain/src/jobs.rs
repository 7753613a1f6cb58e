//! Work that is queued: payloads of ids, never of patient data.

use serde::{Deserialize, Serialize};

use crate::id::{AlertId, CallId, MailId, OrgId};

/// A piece of queued work. Every one may arrive twice and in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Job {
    /// Dial the patient. Taken by a cell with room.
    PlaceCall {
        /// The call to place.
        call_id: CallId,
    },
    /// Listen again to what was said last in a call that its cell lost. Done by another cell: they can hear emergencies.
    ListenAgain {
        /// The call that was lost.
        call_id: CallId,
    },
    /// Write the summary of a call that ended.
    FinishCall {
        /// The call that ended.
        call_id: CallId,
    },
    /// Tell of an alert those who were not told yet.
    NotifyAlert {
        /// The alert.
        alert_id: AlertId,
    },
    /// Send a mail about an account.
    SendMail {
        /// The mail.
        mail_id: MailId,
    },
    /// Move the schedules that go by an organisation's clock to the one it has now.
    MoveSchedules {
        /// The organisation.
        org_id: OrgId,
    },
}

impl Job {
    /// The queue that carries it.
    pub const fn queue(self) -> Queue {
        match self {
            Self::PlaceCall { .. } => Queue::PlaceCall,
            Self::ListenAgain { .. } => Queue::LostCalls,
            Self::NotifyAlert { .. } | Self::SendMail { .. } => Queue::Jobs,
            Self::FinishCall { .. } | Self::MoveSchedules { .. } => Queue::Chores,
        }
    }
}

/// The queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Calls to place, read by cells that have room and a telephone.
    PlaceCall,
    /// Calls to listen to again, read by every cell: a full one hears as well as an empty one.
    LostCalls,
    /// What people are told, read by the jobs function: nothing else may stand in its way.
    Jobs,
    /// What takes its time and can wait, such as a summary by a model that does not answer; read by the chores function.
    Chores,
    /// What has changed ([`News`](crate::live::News)), read by the live function.
    News,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_a_kind_and_ids() {
        let job: Job = serde_json::from_str(r#"{"kind":"finish_call","callId":"6789abcd1111111111111111"}"#).unwrap();
        assert_eq!(job.queue(), Queue::Chores);
        assert_eq!(serde_json::to_value(job).unwrap()["callId"], "6789abcd1111111111111111");
    }

    #[test]
    fn an_alert_never_waits_for_a_summary() {
        let read = |text| serde_json::from_str::<Job>(text).unwrap().queue();
        let alert = read(r#"{"kind":"notify_alert","alertId":"6789abcd1111111111111111"}"#);
        assert_ne!(alert, read(r#"{"kind":"finish_call","callId":"6789abcd1111111111111111"}"#));
        assert_ne!(alert, read(r#"{"kind":"move_schedules","orgId":"6789abcd1111111111111111"}"#));
    }

    #[test]
    fn a_lost_call_waits_for_no_room() {
        let call_id: CallId = "6789abcd1111111111111111".parse().unwrap();
        assert_ne!(Job::ListenAgain { call_id }.queue(), Job::PlaceCall { call_id }.queue());
    }

    #[test]
    fn a_job_nobody_knows_is_an_error_not_a_panic() {
        for text in ["", "{}", r#"{"kind":"reboot"}"#, r#"{"kind":"finish_call"}"#, "[1]"] {
            assert!(serde_json::from_str::<Job>(text).is_err(), "{text}");
        }
    }
}
