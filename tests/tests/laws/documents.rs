//! Documents that the code generates.

use std::fs;

use crate::root;

const AGAIN: &str = "run `cargo run -p local -- openapi` and commit what it writes";

/// The description of the API as the handlers give it.
pub(crate) fn description() -> String {
    api::openapi::whole([
        auth::routes().into_openapi(),
        orgs::routes().into_openapi(),
        patients::routes().into_openapi(),
        alerts::routes().into_openapi(),
        conversations::routes().into_openapi(),
        privacy::routes().into_openapi(),
    ])
}

#[test]
fn the_openapi_document_is_what_the_handlers_say() {
    let committed = fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    assert!(committed == description(), "docs/openapi.json is stale: {AGAIN}");
    assert_eq!(committed, docs::OPENAPI, "the docs function serves another document");
}

#[test]
fn the_table_of_variables_is_what_the_code_reads() {
    let committed = fs::read_to_string(root().join("docs/config.md")).unwrap();
    assert!(committed == config::markdown(), "docs/config.md is stale: {AGAIN}");
}

#[test]
fn every_operation_has_a_class_of_limits() {
    let document: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("docs/openapi.json")).unwrap()).unwrap();
    let classes: Vec<&str> = domain::limits::Class::ALL.iter().map(|class| class.as_str()).collect();
    let mut without = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !operation["x-rate-limit"].as_str().is_some_and(|class| classes.contains(&class)) {
                without.push(format!("{method} {path}"));
            }
        }
    }
    assert!(without.is_empty(), "put these under `Rules::of(..)` in their router: {without:?}");
}

#[test]
fn the_page_about_the_api_says_what_the_code_does() {
    let committed = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let filled = api::handbook::filled(&committed, &description());
    assert!(filled.as_deref() == Ok(committed.as_str()), "docs/api.md is stale: {AGAIN}");
}
