//! What is served side by side is what the registry of versions says.

use std::collections::BTreeSet;

use api::versions::SUPERSEDED;
use serde_json::Value;

use crate::documents::description;

struct Operation {
    method: String,
    path: String,
    says: Value,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&description()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let each = paths.into_iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().clone();
        operations.into_iter().map(move |(method, says)| (path.clone(), method, says))
    });
    let all: Vec<_> =
        each.map(|(path, method, says)| Operation { method: method.to_uppercase(), path, says }).collect();
    assert!(all.len() > 30);
    all
}

fn find<'a>(operations: &'a [Operation], method: &str, path: &str) -> Option<&'a Operation> {
    operations.iter().find(|operation| operation.method == method && operation.path == path)
}

#[test]
fn what_is_superseded_is_there_and_so_is_what_takes_its_place() {
    let operations = operations();
    for entry in SUPERSEDED {
        let old = find(&operations, entry.method, entry.route);
        let old = old.unwrap_or_else(|| panic!("{} {} is not served", entry.method, entry.route));
        let new = find(&operations, entry.method, entry.successor);
        let new = new.unwrap_or_else(|| panic!("{} {} is not served", entry.method, entry.successor));
        assert_eq!(old.says["deprecated"], true, "{entry:?}");
        let told = old.says["description"].as_str().unwrap();
        assert!(told.contains(entry.successor) && told.contains(&entry.sunset.to_string()), "{entry:?}: {told}");
        assert!(new.says["deprecated"].is_null(), "{entry:?}: what takes its place is superseded too");
    }
}

#[test]
fn nothing_else_is_called_deprecated_and_nothing_is_superseded_twice() {
    let registry: BTreeSet<_> = SUPERSEDED.iter().map(|entry| (entry.method, entry.route)).collect();
    assert_eq!(registry.len(), SUPERSEDED.len());
    for Operation { method, path, says } in &operations() {
        let listed = registry.contains(&(method.as_str(), path.as_str()));
        assert_eq!(says["deprecated"] == true, listed, "{method} {path}");
    }
}

/// Every `$ref` below.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_shape_that_is_named_is_described() {
    let document: Value = serde_json::from_str(&description()).unwrap();
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    assert!(named.len() > 20);
    for name in named {
        let pointer = name.strip_prefix('#').unwrap_or_else(|| panic!("{name} leads out of the document"));
        assert!(document.pointer(pointer).is_some(), "{name} is nowhere described");
    }
}

#[test]
fn every_version_has_its_own_shape_of_errors() {
    for Operation { method, path, says } in &operations() {
        let (media, body) = match path.split('/').nth(1) {
            Some("v1") => ("application/json", "#/components/schemas/ErrorBody"),
            Some("v2") => ("application/problem+json", "#/components/schemas/ProblemBody"),
            _ => panic!("{path} belongs to no version"),
        };
        let errors = says["responses"].as_object().unwrap().iter().filter(|(status, _)| status.as_str() >= "400");
        let mut documented = 0;
        for (status, response) in errors {
            assert_eq!(response["content"][media]["schema"]["$ref"], body, "{method} {path}: {status} {response}");
            documented += 1;
        }
        assert!(documented >= 3, "{method} {path} does not say how it fails");
    }
}
