//! Many phrases at once.

use std::time::Duration;

use domain::Language;
use domain::emergencies::Severity;
use domain::phrases::{Category, Draft};
use serde_json::{Value, json};
use services::phrases;

use crate::{PHRASES, app, clock};

fn many(count: usize) -> Vec<Value> {
    let one = |number: usize| {
        let language = ["en", "es", "fr", "de", "zh", "ja", "pt", "it", "ru", "ar"][number % 10];
        json!({
            "phrase": format!("phrase {number}"), "language": language, "severity": "HIGH", "category": "Physical",
            "pattern": format!(r"\bphrase {number}\b"),
        })
    };
    (0..count).map(one).collect()
}

#[tokio::test]
async fn what_can_be_added_is_and_the_rest_is_told_apart() {
    let app = app().await;
    app.admin.post(PHRASES, clock()).await.ok(201);
    let mut phrases = many(4);
    phrases[1]["pattern"] = json!("(");
    phrases[2] = clock();
    phrases.push(phrases[0].clone());
    let told = app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": phrases })).await.ok(201);
    assert_eq!(told["total"], 5);
    let added: Vec<_> = told["success"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()).collect();
    assert_eq!(added, [0, 3]);
    let refused: Vec<_> = told["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["index"].as_u64().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(refused, [(1, "validation_failed"), (2, "phrase_taken"), (4, "phrase_taken")]);
    assert_eq!(app.admin.get(PHRASES).await.ok(200)["totalResults"], 3);
    let again = app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": many(4) })).await.ok(201);
    assert_eq!((again["success"].as_array().unwrap().len(), again["errors"].as_array().unwrap().len()), (2, 2));
}

#[tokio::test]
async fn ten_thousand_are_added_and_no_language_gets_more_than_it_has_room_for() {
    let app = app().await;
    app.admin.post(PHRASES, clock()).await.ok(201);
    let (mut phrases, mut added, mut refused) = (many(10_000), 0, Vec::new());
    // On a slow machine an import is cut short, and what is left is sent again.
    while !phrases.is_empty() {
        let told = app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": phrases })).await.ok(201);
        added += told["success"].as_array().unwrap().len();
        let errors = told["errors"].as_array().unwrap().iter();
        let (again, over): (Vec<_>, Vec<_>) = errors.partition(|error| error["code"] == "import_cut_short");
        refused.extend(over.into_iter().map(|error| (error["phrase"].clone(), error["code"].clone())));
        phrases = again
            .into_iter()
            .map(|error| phrases[usize::try_from(error["index"].as_u64().unwrap()).unwrap()].clone())
            .collect();
    }
    assert_eq!((added, refused), (9_999, vec![(json!("phrase 9990"), json!("too_many_phrases"))]));
    let mut more = clock();
    more["phrase"] = json!("one more");
    app.admin.post(PHRASES, more).await.refused(409, "too_many_phrases");
    let elsewhere = app.admin.get(format!("{PHRASES}?language=es&limit=1")).await.ok(200)["results"][0].clone();
    let path = format!("{PHRASES}/{}", elsewhere["_id"].as_str().unwrap());
    app.admin.patch(path, json!({ "language": "en" })).await.refused(409, "too_many_phrases");
    assert_eq!(app.admin.get(format!("{PHRASES}/statistics")).await.ok(200)["totalPhrases"], 10_000);
}

/// No time at all stands for expressions that take all the time there is.
#[tokio::test]
async fn expressions_that_take_long_are_cut_short_and_an_import_that_is_sent_again_gets_on() {
    const ALL: usize = 5;
    let app = app().await;
    let caller = app.caller_of(&app.admin);
    let draft = |number| Draft {
        language: Language::En,
        phrase: format!("phrase {number}"),
        severity: Severity::High,
        category: Category::Physical,
        pattern: format!("phrase {number}"),
        description: None,
        tags: Vec::new(),
        active: true,
    };
    for before in 0..ALL {
        let rows = (0..ALL).map(|number| (format!("phrase {number}"), Ok(draft(number)))).collect();
        let imported = phrases::import(&app.ctx, &caller, rows, Duration::ZERO).await.unwrap();
        assert_eq!(imported.added.len(), 1, "every import gets on");
        let codes: Vec<_> = imported.refused.iter().map(|refused| refused.error.code).collect();
        let (taken, cut) = codes.split_at(before);
        assert!(taken.iter().all(|code| *code == "phrase_taken"), "{codes:?}");
        assert!(cut.iter().all(|code| *code == "import_cut_short") && cut.len() == ALL - before - 1, "{codes:?}");
    }
    assert_eq!(app.admin.get(format!("{PHRASES}/statistics")).await.ok(200)["totalPhrases"], ALL);
}

#[tokio::test]
async fn what_is_no_import_is_refused_whole() {
    let app = app().await;
    let import = format!("{PHRASES}/bulk-import");
    app.admin.post(&import, json!({ "phrases": [] })).await.refused(400, "validation_failed");
    app.admin.post(&import, json!({ "phrases": many(10_001) })).await.refused(400, "validation_failed");
    app.admin.post(&import, json!({ "phrases": "all" })).await.refused(400, "validation_failed");
    app.staff.post(&import, json!({ "phrases": many(1) })).await.refused(403, "role_not_allowed");
    assert_eq!(app.admin.get(PHRASES).await.ok(200)["totalResults"], 0);
}

#[tokio::test]
async fn a_row_that_is_no_phrase_holds_up_no_other() {
    let app = app().await;
    let mut rows = many(5);
    rows[0]["severity"] = json!("URGENT");
    rows[1]["colour"] = json!("red");
    rows[2] = json!("help");
    rows[3]["pattern"] = json!("(");
    let told = app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": rows })).await.ok(201);
    assert_eq!((&told["total"], told["success"].as_array().unwrap().len()), (&json!(5), 1));
    let refused: Vec<_> = told["errors"].as_array().unwrap().iter().map(|row| (&row["index"], &row["code"])).collect();
    let code = json!("validation_failed");
    assert_eq!(refused, [(&json!(0), &code), (&json!(1), &code), (&json!(2), &code), (&json!(3), &code)]);
    assert!(told["errors"][0]["error"].as_str().unwrap().contains("severity"), "{told}");
}

#[tokio::test]
async fn of_two_imports_at_once_each_phrase_is_added_by_one() {
    let app = app().await;
    let import =
        async || app.admin.post(format!("{PHRASES}/bulk-import"), json!({ "phrases": many(1_200) })).await.ok(201);
    let (one, other) = tokio::join!(import(), import());
    let count = |told: &Value, what: &str| told[what].as_array().unwrap().len();
    assert_eq!(count(&one, "success") + count(&other, "success"), 1_200, "{} {}", one["errors"][0], other["errors"][0]);
    assert_eq!(count(&one, "errors") + count(&other, "errors"), 1_200);
    let taken = |told: &Value| told["errors"].as_array().unwrap().iter().all(|error| error["code"] == "phrase_taken");
    assert!(taken(&one) && taken(&other));
    assert_eq!(app.admin.get(PHRASES).await.ok(200)["totalResults"], 1_200);
}
