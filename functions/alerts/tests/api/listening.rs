//! What calls listen for, through the cache.

use domain::Language;
use serde_json::json;

use crate::{PHRASES, app, clock};

#[tokio::test]
async fn a_change_is_heard_by_the_next_call() {
    let app = app().await;
    let phrases = app.ctx.store.phrases();
    let listened = async || phrases.listened(app.home.id, Language::En).await.unwrap();
    assert!(listened().await.is_empty());
    let made = app.admin.post(PHRASES, clock()).await.ok(201);
    let at = format!("{PHRASES}/{}", made["_id"].as_str().unwrap());
    assert_eq!(listened().await.len(), 1);
    let before = app.ctx.cache.stats().hits;
    assert_eq!(listened().await.len(), 1);
    assert_eq!(app.ctx.cache.stats().hits, before + 1, "read through the cache");
    app.admin.patch(&at, json!({ "pattern": "another" })).await.ok(200);
    assert_eq!(listened().await[0].pattern, "another");
    app.admin.patch(&at, json!({ "language": "fr" })).await.ok(200);
    assert!(listened().await.is_empty(), "of another language now");
    assert_eq!(phrases.listened(app.home.id, Language::Fr).await.unwrap().len(), 1);
    app.admin.patch(format!("{at}/toggle"), json!({})).await.ok(200);
    assert!(phrases.listened(app.home.id, Language::Fr).await.unwrap().is_empty());
    app.admin.patch(&at, json!({ "language": "en", "isActive": true })).await.ok(200);
    assert_eq!(listened().await.len(), 1);
    app.admin.delete(&at).await.ok(204);
    assert!(listened().await.is_empty());
    app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": [clock()] })).await.ok(201);
    assert_eq!(listened().await.len(), 1);
}
