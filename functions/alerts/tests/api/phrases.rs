//! Phrases: added, looked at, changed, removed.

use domain::Role;
use domain::audit::Action;
use serde_json::{Value, json};
use test_case::test_case;

use crate::{PHRASES, app, clock};

fn at(phrase: &Value) -> String {
    format!("{PHRASES}/{}", phrase["_id"].as_str().unwrap())
}

#[tokio::test]
async fn a_phrase_is_added_and_found_again() {
    let app = app().await;
    let made = app.admin.post(PHRASES, clock()).await.ok(201);
    let me = json!({
        "_id": app.admin.caregiver().id.to_string(), "name": app.admin.caregiver().name.clone(),
        "email": app.admin.caregiver().email.as_str(),
    });
    assert_eq!(
        made,
        json!({
            "_id": made["_id"], "phrase": "my clock has stopped", "language": "en", "severity": "CRITICAL",
            "category": "Medical", "pattern": r"\bmy (clock|ticker) (has )?stopped\b", "isActive": true,
            "description": null, "tags": [], "createdBy": me, "lastModifiedBy": me, "usageCount": 0, "lastUsed": null,
            "createdAt": made["createdAt"], "updatedAt": made["updatedAt"],
        })
    );
    assert_eq!(app.admin.get(at(&made)).await.ok(200), made);
    let page = app.admin.get(PHRASES).await.ok(200);
    assert_eq!((&page["results"], &page["totalResults"]), (&json!([made]), &json!(1)));
    assert_eq!(app.admin.get(format!("{PHRASES}/language/en")).await.ok(200), json!([made]));
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
    let id = made["_id"].as_str().unwrap().to_owned();
    for action in [Action::Create, Action::Read] {
        assert!(trail.iter().any(|record| record.action == action && record.ids.contains(&id)), "{action:?}");
    }
}

#[tokio::test]
async fn what_is_not_wanted_is_not_listed() {
    let app = app().await;
    let english = app.admin.post(PHRASES, clock()).await.ok(201);
    let mut chinese = clock();
    (chinese["language"], chinese["severity"]) = (json!("zh-cn"), json!("HIGH"));
    chinese["phrase"] = json!("我的钟停了");
    (chinese["category"], chinese["isActive"]) = (json!("Request"), json!(false));
    let chinese = app.admin.post(PHRASES, chinese).await.ok(201);
    assert_eq!(chinese["language"], "zh");
    for (query, expected) in [
        ("language=en", vec![&english]),
        ("language=zh-cn", vec![&chinese]),
        ("severity=HIGH", vec![&chinese]),
        ("category=Medical&severity=CRITICAL", vec![&english]),
        ("isActive=true", vec![&english]),
        ("isActive=false", vec![&chinese]),
        ("isActive=false&language=en", vec![]),
        ("sortBy=phrase:asc&limit=1", vec![&english]),
    ] {
        let page = app.admin.get(format!("{PHRASES}?{query}")).await.ok(200);
        assert_eq!(page["results"], json!(expected), "{query}");
        if !query.contains("limit") {
            let file = app.admin.get(format!("{PHRASES}/export?{query}")).await.ok(200);
            assert_eq!(file, json!(expected), "{query}");
        }
    }
    assert_eq!(
        app.admin.get(format!("{PHRASES}/language/zh-cn")).await.ok(200),
        json!([]),
        "only what is listened for"
    );
    for (query, field) in [
        ("language=xx", "language"),
        ("severity=high", "severity"),
        ("category=Other", "category"),
        ("isActive=1", "isActive"),
    ] {
        app.admin.get(format!("{PHRASES}?{query}")).await.invalid(&[field]);
    }
}

#[tokio::test]
async fn a_phrase_is_changed_and_switched_and_signed() {
    let app = app().await;
    let made = app.admin.post(PHRASES, clock()).await.ok(201);
    let other = app.person(app.home.id, Role::OrgAdmin).await;
    let changed =
        other.patch(at(&made), json!({ "severity": "MEDIUM", "tags": ["heart"], "description": "said by Ada" })).await;
    let changed = changed.ok(200);
    assert_eq!((&changed["severity"], &changed["tags"]), (&json!("MEDIUM"), &json!(["heart"])));
    assert_eq!(changed["lastModifiedBy"]["_id"], other.caregiver().id.to_string());
    assert_eq!(changed["createdBy"], made["createdBy"]);
    let switched = app.admin.patch(format!("{}/toggle", at(&made)), json!({})).await.ok(200);
    assert_eq!((&switched["isActive"], &switched["severity"]), (&json!(false), &json!("MEDIUM")));
    assert_eq!(app.admin.patch(format!("{}/toggle", at(&made)), json!({})).await.ok(200)["isActive"], true);
    let cleared = app.admin.patch(at(&made), json!({ "description": null })).await.ok(200);
    assert_eq!(cleared["description"], Value::Null);
    app.admin.delete(at(&made)).await.ok(204);
    app.admin.delete(at(&made)).await.refused(404, "phrase_not_found");
    app.admin.get(at(&made)).await.refused(404, "phrase_not_found");
}

#[tokio::test]
async fn the_same_words_are_there_once_in_a_language() {
    let app = app().await;
    let made = app.admin.post(PHRASES, clock()).await.ok(201);
    app.admin.post(PHRASES, clock()).await.refused(409, "phrase_taken");
    let mut other = clock();
    other["phrase"] = json!("the clock stands still");
    let other = app.admin.post(PHRASES, other).await.ok(201);
    app.admin.patch(at(&other), json!({ "phrase": made["phrase"] })).await.refused(409, "phrase_taken");
    let mut german = clock();
    german["language"] = json!("de");
    app.admin.post(PHRASES, german).await.ok(201);
    let stranger = &app.stranger;
    stranger.post(PHRASES, clock()).await.ok(201);
    stranger.get(at(&made)).await.refused(404, "phrase_not_found");
}

#[test_case(json!({ "pattern": "(" }), "pattern"; "no expression")]
#[test_case(json!({ "pattern": "(a{100}){100}{100}" }), "pattern"; "a bomb")]
#[test_case(json!({ "pattern": "x*" }), "pattern"; "found in everything")]
#[test_case(json!({ "phrase": " " }), "phrase"; "no words")]
#[test_case(json!({ "language": "tlh" }), "language"; "no language")]
#[test_case(json!({ "severity": "URGENT" }), "severity"; "no severity")]
#[test_case(json!({ "category": "Other" }), "category"; "no category")]
#[test_case(json!({ "description": "x".repeat(501) }), "description"; "a long description")]
#[test_case(json!({ "tags": ["x".repeat(51)] }), "tags[0]"; "a long tag")]
#[test_case(json!({ "isActive": "yes" }), "isActive"; "no truth")]
#[test_case(json!({ "usageCount": 3 }), "usageCount"; "what is not theirs to say")]
#[tokio::test]
async fn what_is_wrong_is_named(change: Value, field: &str) {
    let app = app().await;
    let mut body = clock();
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    app.admin.post(PHRASES, body).await.invalid(&[field]);
}

#[tokio::test]
async fn staff_have_nothing_to_do_with_phrases() {
    let app = app().await;
    let made = app.admin.post(PHRASES, clock()).await.ok(201);
    app.staff.get(PHRASES).await.refused(403, "role_not_allowed");
    app.staff.post(PHRASES, clock()).await.refused(403, "role_not_allowed");
    app.staff.get(at(&made)).await.refused(403, "role_not_allowed");
    app.staff.delete(at(&made)).await.refused(403, "role_not_allowed");
    let test = json!({ "pattern": "x", "testText": "x" });
    app.staff.post(format!("{PHRASES}/test-pattern"), test).await.refused(403, "role_not_allowed");
}

#[tokio::test]
async fn an_expression_is_tried_without_being_kept() {
    let app = app().await;
    let test = async |pattern: &str, text: &str| {
        app.admin.post(format!("{PHRASES}/test-pattern"), json!({ "pattern": pattern, "testText": text })).await
    };
    let found = test("can'?t breathe", "Oh dear, I CAN’T breathe").await.ok(200);

    let details = json!({ "match": "CAN'T breathe", "index": 11, "input": "Oh dear, I CAN’T breathe" });
    let details = json!({ "isValid": true, "matches": true, "matchDetails": details });
    assert_eq!(found, details);
    let missed = test("xyz", "nothing").await.ok(200);
    assert_eq!(missed, json!({ "isValid": true, "matches": false, "matchDetails": null }));
    let wrong = test("a(?=b)", "ab").await.ok(200);
    assert_eq!((&wrong["isValid"], &wrong["matches"]), (&json!(false), &json!(false)));
    assert!(wrong["error"].as_str().unwrap().contains("look-around"), "{wrong}");
    // What ruins engines that go back: here it takes no longer than its text.
    assert_eq!(test("(a+)+$", &("a".repeat(999) + "!")).await.ok(200)["matches"], false);
    test("x", &"x".repeat(1001)).await.refused(400, "validation_failed");
}

#[tokio::test]
async fn statistics_count_what_there_is() {
    let app = app().await;
    app.admin.post(PHRASES, clock()).await.ok(201);
    let mut other = clock();
    (other["language"], other["isActive"], other["severity"]) = (json!("de"), json!(false), json!("HIGH"));
    app.admin.post(PHRASES, other).await.ok(201);
    assert_eq!(
        app.admin.get(format!("{PHRASES}/statistics")).await.ok(200),
        json!({
            "totalPhrases": 2, "activePhrases": 1, "totalUsage": 0, "byLanguage": { "de": 1, "en": 1 },
            "bySeverity": { "CRITICAL": 1, "HIGH": 1 }, "byCategory": { "Medical": 2 }, "mostUsed": [],
        })
    );
    assert_eq!(app.admin.get(format!("{PHRASES}/statistics?language=de")).await.ok(200)["totalPhrases"], 1);
}
