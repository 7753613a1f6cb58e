//! `PATCH /v1/caregivers/{caregiverId}` with `accountLocked`.

use domain::Role;
use domain::audit::Action;
use serde_json::json;
use testkit::PASSWORD;

use crate::{app, id, noted, of, sign_in, stored};

#[tokio::test]
async fn who_is_locked_out_is_out_at_once_and_stays_out_until_unlocked() {
    let app = app().await;
    let (path, email) = (of(&app.staff, ""), app.staff.caregiver().email.as_str());
    app.staff.get(&path).await.ok(200);
    let locked = app.admin.patch(&path, json!({ "accountLocked": true })).await.ok(200);
    assert_eq!(locked["accountLocked"], true);
    app.staff.get(&path).await.refused(401, "session_ended");
    assert_eq!(sign_in(&app, email, PASSWORD).await.unwrap_err().code, "account_locked");
    let unlocked = app.admin.patch(&path, json!({ "accountLocked": false })).await.ok(200);
    assert_eq!(unlocked["accountLocked"], false);
    app.staff.get(&path).await.refused(401, "session_ended");
    sign_in(&app, email, PASSWORD).await.unwrap();
    for action in [Action::AccountLocked, Action::AccountUnlocked] {
        assert_eq!(noted(&app, action, id(&app.staff)).await.len(), 1);
    }
    assert!(noted(&app, Action::Update, id(&app.staff)).await.is_empty(), "nothing else was changed");
}

#[tokio::test]
async fn nobody_locks_themselves_or_unlocks_themselves() {
    let app = app().await;
    app.admin.patch(of(&app.admin, ""), json!({ "accountLocked": true })).await.refused(403, "not_oneself");
    app.staff.patch(of(&app.staff, ""), json!({ "accountLocked": true })).await.refused(403, "role_not_allowed");
    app.staff.patch(of(&app.colleague, ""), json!({ "accountLocked": true })).await.refused(403, "role_not_allowed");
    app.stranger.patch(of(&app.staff, ""), json!({ "accountLocked": true })).await.refused(404, "caregiver_not_found");
    assert!(!stored(&app, &app.staff).await.unwrap().locked);
}

#[tokio::test]
async fn a_platform_operator_can_lock_even_the_last_administrator_and_unlock_them_again() {
    let app = app().await;
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    for locked in [true, false] {
        let changed = operator.patch(of(&app.stranger, ""), json!({ "accountLocked": locked })).await.ok(200);
        assert_eq!(changed["accountLocked"], locked);
    }
    operator.patch(of(&operator, ""), json!({ "accountLocked": true })).await.refused(403, "not_oneself");
    let second = app.caregiver(Role::OrgAdmin, |_| ()).await;
    app.admin.patch(of(&second, ""), json!({ "accountLocked": true })).await.ok(200);
}
