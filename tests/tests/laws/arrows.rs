//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::root;

/// What each crate may name of ours in `[dependencies]`; arrows point inward. A new crate needs a
/// line here, or to live in `functions`.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("clients", &["domain", "config"]),
    ("api", &["domain", "config"]),
    ("services", &["domain", "config", "store", "clients"]),
    ("bridge", &["domain", "config", "store", "clients", "services", "api"]),
    ("openai-sim", &[]),
    ("asterisk-sim", &[]),
    ("load", &["domain", "bridge", "asterisk-sim"]),
    ("local-servers", &[]),
    ("local-gateway", &[]),
    ("testkit", &["domain", "config", "store", "clients", "services", "api", "local-servers"]),
    ("speed", &["openai-sim"]),
    ("tests", &[]),
];

/// The same for every function. What they remember goes through the services.
const OF_A_FUNCTION: &[&str] = &["domain", "config", "clients", "services", "api"];

/// The one crate that puts everything together.
const HOUSE: &str = "local";

/// What the business means must not depend on how it is served, stored or run.
const NOT_IN_DOMAIN: &[&str] = &["axum", "hyper", "mongodb", "redis", "reqwest", "tokio", "tower"];

fn metadata() -> Metadata {
    // For this platform alone: those of others need not have been downloaded.
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(compiler.stdout).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let options = ["--locked".to_owned(), "--filter-platform".to_owned(), host.to_owned()];
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).other_options(options).exec().unwrap()
}

fn is_function(package: &Package) -> bool {
    package.manifest_path.starts_with(root().join("functions").to_str().unwrap())
}

/// The crates of ours that `package` names as a dependency of this kind.
fn named<'a>(metadata: &Metadata, package: &'a Package, kind: DependencyKind) -> Vec<&'a str> {
    let members: Vec<_> = metadata.workspace_packages().iter().map(|member| member.name.to_string()).collect();
    let of_kind = package.dependencies.iter().filter(|dependency| dependency.kind == kind);
    of_kind.map(|dependency| dependency.name.as_str()).filter(|name| members.iter().any(|m| m == name)).collect()
}

#[test]
fn arrows_point_inward() {
    let metadata = metadata();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let allowed = match arrows.get(name) {
            Some(allowed) => allowed,
            None if is_function(package) => OF_A_FUNCTION,
            None if name == HOUSE => continue,
            None => panic!("{name} is a new crate: say in ARROWS what it may depend on"),
        };
        for dependency in named(&metadata, package, DependencyKind::Normal) {
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
        assert!(named(&metadata, package, DependencyKind::Build).is_empty(), "{name} builds with a crate of ours");
    }
}

#[test]
fn functions_do_not_know_each_other_even_in_tests() {
    let metadata = metadata();
    let functions: Vec<_> = metadata.workspace_packages().into_iter().filter(|p| is_function(p)).collect();
    assert!(functions.len() >= 5);
    for function in &functions {
        let named = named(&metadata, function, DependencyKind::Development);
        let other = functions.iter().find(|other| named.contains(&other.name.as_str()));
        assert!(other.is_none(), "{} tests with {}", function.name, other.unwrap().name);
    }
}

#[test]
fn only_dev_dependencies_name_the_test_kit() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let named = named(&metadata, package, DependencyKind::Normal);
        assert!(!named.contains(&"testkit"), "{} ships the test kit", package.name);
    }
}

#[test]
fn the_domain_knows_no_framework() {
    let metadata = metadata();
    let domain = metadata.workspace_packages().into_iter().find(|package| package.name == "domain").unwrap();
    let tree = tree(&metadata, &domain.id);
    assert!(tree.len() > 3, "the tree was not walked");
    for name in tree {
        assert!(!NOT_IN_DOMAIN.contains(&name.as_str()) && !name.starts_with("aws-"), "domain depends on {name}");
    }
}

/// Every crate that `from` is built with, itself included.
fn tree(metadata: &Metadata, from: &PackageId) -> BTreeSet<String> {
    let nodes = &metadata.resolve.as_ref().unwrap().nodes;
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node.id == *id).unwrap();
        let built_with = |dependency: &&cargo_metadata::NodeDep| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        };
        next.extend(node.deps.iter().filter(built_with).map(|dependency| &dependency.pkg));
    }
    let packages = metadata.packages.iter().filter(|package| seen.contains(&package.id));
    packages.map(|package| package.name.to_string()).collect()
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{} has lints of its own", package.name);
    }
}
