//! Who may do what: the one table of access rights.
//!
//! A [`Scope`] is the proof that the table was asked. Every query on tenant data demands one and
//! narrows itself to it, so whatever lies outside does not exist for the caller.

use crate::caller::{Caller, Role};
use crate::error::{Error, Result};
use crate::id::{CaregiverId, OrgId};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at one or many.
    Read,
    /// Add one.
    Create,
    /// Change one.
    Update,
    /// Remove one.
    Delete,
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The organisation's name, zone and settings.
    Org,
    /// The people who sign in.
    Caregiver,
    /// The caller's own account.
    Profile,
    /// Invitations to the organisation.
    Invitation,
    /// What others may do: roles and locks.
    Rights,
    /// The people who are telephoned, and everything that hangs on them.
    Patient,
    /// Which caregivers a patient is assigned to.
    Assignment,
    /// Telephone calls.
    Call,
    /// What was said.
    Conversation,
    /// What somebody must hear about.
    Alert,
    /// What an organisation's patients say in an emergency.
    Phrase,
    /// Who did what.
    Audit,
}

/// How far a right reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    No,
    /// Patients assigned to the caller, and what hangs on them.
    Assigned,
    /// The caller's organisation.
    Org,
    /// Every organisation.
    Platform,
}

/// The table. Rows are roles, and a right not written here does not exist.
const fn reach(role: Role, action: Action, resource: Resource) -> Reach {
    use Resource::{
        Alert, Assignment, Audit, Call, Caregiver, Conversation, Invitation, Org, Patient, Phrase, Profile, Rights,
    };
    match (role, resource, action) {
        (Role::SuperAdmin, Audit, Action::Create | Action::Update | Action::Delete) => Reach::No,
        (Role::SuperAdmin, Profile, _)
        | (Role::OrgAdmin | Role::Staff, Profile, Action::Read | Action::Update | Action::Delete)
        | (Role::OrgAdmin, Org, Action::Read | Action::Update | Action::Delete)
        | (Role::OrgAdmin, Alert | Caregiver | Patient | Assignment | Call | Conversation | Invitation | Phrase | Rights, _)
        | (Role::OrgAdmin, Audit, Action::Read)
        // Staff see the organisation they work for and their colleagues.
        | (Role::Staff, Org | Caregiver, Action::Read)
        // A patient a staff member adds is assigned to them, hence inside their reach at once.
        | (Role::Staff, Patient, Action::Create) => Reach::Org,
        (Role::SuperAdmin, _, _) => Reach::Platform,
        (Role::Staff, Alert, _)
        | (Role::Staff, Patient, Action::Read | Action::Update | Action::Delete)
        | (Role::Staff, Call, Action::Read | Action::Create | Action::Update)
        | (Role::Staff, Assignment | Conversation, Action::Read) => Reach::Assigned,
        _ => Reach::No,
    }
}

/// The part of the data a caller may touch. Made only by [`grant`] and [`system`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    org: Option<OrgId>,
    assigned_to: Option<CaregiverId>,
    reason: Option<&'static str>,
}

impl Scope {
    /// The only organisation visible; `None` for the whole platform.
    pub const fn org(&self) -> Option<OrgId> {
        self.org
    }

    /// The caregiver whose assigned patients are the only ones visible; `None` for all.
    pub const fn assigned_to(&self) -> Option<CaregiverId> {
        self.assigned_to
    }

    /// Why background work asked, when it did.
    pub const fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// The part of it that lies in `org`; `None` when that is outside. A scope never grows.
    pub fn narrowed(&self, org: OrgId) -> Option<Self> {
        self.org.is_none_or(|own| own == org).then(|| Self { org: Some(org), ..self.clone() })
    }

    /// Whether a patient of `org` with these assigned caregivers is visible.
    pub fn covers(&self, org: OrgId, caregivers: &[CaregiverId]) -> bool {
        self.org.is_none_or(|own| own == org) && self.assigned_to.is_none_or(|me| caregivers.contains(&me))
    }
}

/// Asks the table.
///
/// # Errors
/// [`Kind::Forbidden`](crate::Kind::Forbidden), code `role_not_allowed`, when the role has no such
/// right at all. What lies outside the scope is not refused: it is not found.
pub fn grant(caller: &Caller, action: Action, resource: Resource) -> Result<Scope> {
    let (org, assigned_to) = match reach(caller.role, action, resource) {
        Reach::No => return Err(Error::forbidden("role_not_allowed", "Your role does not allow this.")),
        Reach::Assigned => (Some(caller.org), Some(caller.caregiver)),
        Reach::Org => (Some(caller.org), None),
        Reach::Platform => (None, None),
    };
    Ok(Scope { org, assigned_to, reason: None })
}

/// The scope of background work: everything, for a stated reason.
pub const fn system(reason: &'static str) -> Scope {
    Scope { org: None, assigned_to: None, reason: Some(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Origin;
    use crate::id::{Id, SessionId};
    use test_case::test_matrix;

    fn caller(role: Role) -> Caller {
        let id = |n| Id::from_bytes([n; 12]);
        Caller {
            caregiver: CaregiverId(id(1)),
            org: OrgId(id(2)),
            role,
            session: SessionId(id(3)),
            origin: Origin::default(),
        }
    }

    const RESOURCES: [Resource; 12] = [
        Resource::Org,
        Resource::Caregiver,
        Resource::Profile,
        Resource::Invitation,
        Resource::Rights,
        Resource::Audit,
        Resource::Patient,
        Resource::Assignment,
        Resource::Call,
        Resource::Conversation,
        Resource::Phrase,
        Resource::Alert,
    ];
    const ACTIONS: [Action; 4] = [Action::Read, Action::Create, Action::Update, Action::Delete];

    #[test]
    fn an_invited_person_may_do_nothing() {
        for resource in RESOURCES {
            for action in ACTIONS {
                let refused = grant(&caller(Role::Invited), action, resource).unwrap_err();
                assert_eq!(refused.code, "role_not_allowed");
            }
        }
    }

    #[test_matrix([Role::Staff, Role::OrgAdmin])]
    fn nobody_but_the_platform_operator_leaves_the_own_organisation(role: Role) {
        let caller = caller(role);
        for resource in RESOURCES {
            for action in ACTIONS {
                if let Ok(scope) = grant(&caller, action, resource) {
                    assert_eq!(scope.org(), Some(caller.org));
                }
            }
        }
    }

    #[test]
    fn staff_reach_only_patients_assigned_to_them() {
        let staff = caller(Role::Staff);
        let other = CaregiverId(Id::from_bytes([9; 12]));
        let scope = grant(&staff, Action::Read, Resource::Patient).unwrap();
        assert!(scope.covers(staff.org, &[other, staff.caregiver]));
        assert!(!scope.covers(staff.org, &[other]));
        assert!(!scope.covers(OrgId(Id::from_bytes([9; 12])), &[staff.caregiver]));
    }

    #[test]
    fn a_scope_is_narrowed_to_what_it_holds_and_never_widened() {
        let other = OrgId(Id::from_bytes([9; 12]));
        let staff = caller(Role::Staff);
        let scope = grant(&staff, Action::Read, Resource::Patient).unwrap();
        assert_eq!(scope.narrowed(other), None);
        assert_eq!(scope.narrowed(staff.org), Some(scope));
        let platform = grant(&caller(Role::SuperAdmin), Action::Read, Resource::Patient).unwrap();
        assert_eq!(platform.narrowed(other).unwrap().org(), Some(other));
    }

    #[test]
    fn staff_may_neither_assign_nor_manage_people() {
        let staff = caller(Role::Staff);
        for (action, resource) in [
            (Action::Create, Resource::Assignment),
            (Action::Delete, Resource::Assignment),
            (Action::Update, Resource::Caregiver),
            (Action::Update, Resource::Org),
            (Action::Delete, Resource::Caregiver),
            (Action::Create, Resource::Invitation),
            (Action::Update, Resource::Rights),
            (Action::Read, Resource::Audit),
            (Action::Delete, Resource::Conversation),
        ] {
            assert!(grant(&staff, action, resource).is_err(), "{action:?} {resource:?}");
        }
    }

    #[test]
    fn nobody_changes_the_audit_trail() {
        for role in Role::ALL {
            for action in [Action::Create, Action::Update, Action::Delete] {
                assert!(grant(&caller(role), action, Resource::Audit).is_err(), "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn a_scope_is_narrowed_and_never_widened() {
        let (staff, other) = (caller(Role::Staff), OrgId(Id::from_bytes([9; 12])));
        let scope = grant(&staff, Action::Read, Resource::Patient).unwrap();
        assert_eq!(scope.narrowed(staff.org), Some(scope.clone()));
        assert_eq!(scope.narrowed(other), None);
        let everywhere = grant(&caller(Role::SuperAdmin), Action::Read, Resource::Patient).unwrap();
        assert_eq!(everywhere.narrowed(other).unwrap().org(), Some(other));
    }

    #[test]
    fn background_work_states_its_reason() {
        assert_eq!(system("finish a call").reason(), Some("finish a call"));
    }
}
