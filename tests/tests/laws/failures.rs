//! `docs/failures.md` and `docs/security.md` name tests; each of them exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::files::{Source, rust};
use crate::root;

/// Where the tests of a name's first part are.
const TARGETS: &[(&str, &str)] = &[
    ("session", "bridge/tests/session"),
    ("asterisk", "bridge/tests/asterisk"),
    ("cell", "bridge/tests/cell"),
    ("sockets", "bridge/tests/sockets"),
    ("bridge", "bridge/src"),
    ("domain", "shared/domain/src"),
    ("store", "shared/store/tests"),
    ("cache", "shared/store/src/cache"),
    ("config", "shared/config/src"),
    ("jobs", "functions/jobs/tests"),
    ("conversations", "functions/conversations/tests"),
    ("load", "tests/load/tests"),
    ("phone", "tests/phone/calls"),
    ("laws", "tests/tests/laws"),
    ("matrix", "tests/tests/matrix"),
    ("journeys", "tests/tests"),
    ("auth", "functions/auth/tests"),
    ("orgs", "functions/orgs/tests"),
    ("patients", "functions/patients/tests"),
    ("alerts", "functions/alerts/tests"),
    ("live", "functions/live/tests"),
    ("gateway", "local/gateway/tests"),
    ("privacy", "functions/privacy/tests"),
    ("api", "shared/api/src"),
    ("clients", "shared/clients/src"),
    ("services", "shared/services/src"),
    ("local", "local/src"),
];

/// Whether the file is the module: `recovery.rs`, `emergencies/tests.rs`.
fn is_module(source: &Source, module: &str) -> bool {
    let path = Path::new(&source.path);
    path.components().any(|part| part.as_os_str() == module) || path.file_stem().is_some_and(|stem| stem == module)
}

#[test]
fn every_test_that_the_list_of_failures_names_exists() {
    exist("docs/failures.md", 100);
}

#[test]
fn every_test_that_the_list_of_weak_spots_names_exists() {
    exist("docs/security.md", 70);
}

#[test]
fn every_test_that_the_list_about_care_names_exists() {
    exist("docs/care.md", 50);
}

fn exist(document: &str, at_least: usize) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(names.len() > at_least, "only {} names were found", names.len());
    let sources: BTreeMap<&str, Vec<Source>> = TARGETS.iter().map(|(name, folder)| (*name, rust(folder))).collect();
    let exists = |name: &str| {
        let parts: Vec<&str> = name.split("::").collect();
        let (target, test) = (parts[0], parts[parts.len() - 1]);
        let modules = &parts[1..parts.len() - 1];
        sources.get(target).is_some_and(|files| {
            let mut files = files.iter().filter(|file| modules.iter().all(|module| is_module(file, module)));
            files.any(|file| file.text.contains(&format!("fn {test}(")))
        })
    };
    let missing: Vec<&str> = names.into_iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
}
