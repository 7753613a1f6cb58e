//! What the templates promise is what the functions keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::root;

/// A route of the HTTP API.
#[derive(Debug)]
struct Route {
    function: String,
    method: String,
    path: String,
}

impl Route {
    fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// How well it fits, or not at all. API Gateway takes the most specific route: a whole path before a greedy
    /// one ("Routing API requests" in the developer guide of HTTP APIs).
    fn fits(&self, method: &str, path: &str) -> Option<usize> {
        let (mut wanted, mut here) = (path.split('/'), self.path.split('/'));
        let mut weight = 0;
        loop {
            weight += match (here.next(), wanted.next()) {
                (None, None) => break,
                (Some(greedy), Some(rest)) if greedy.ends_with("+}") && !rest.is_empty() => {
                    return self.takes(method).then_some(weight);
                }
                (Some(name), Some(_)) if name.starts_with('{') => 2,
                (Some(word), Some(same)) if word == same => 3,
                _ => return None,
            };
        }
        self.takes(method).then_some(weight + 1000)
    }

    fn takes(&self, method: &str) -> bool {
        self.method == "ANY" || self.method == method
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The routes, read line by line: the file is written so, and a YAML parser would have to learn its `!Ref`s.
fn routes() -> Vec<Route> {
    let text = text("functions/template.yaml");
    let mut function = String::new();
    let mut routes = Vec::new();
    for line in text.lines() {
        if let Some(folder) = line.trim().strip_prefix("CodeUri: ") {
            folder.clone_into(&mut function);
        }
        if line.contains("Type: HttpApi,") {
            let value = |name: &str| {
                let rest = line.split_once(name).unwrap_or_else(|| panic!("{line}: no {name}")).1;
                let path = rest.trim_start_matches([' ', '\'']);
                let end = path.find(['\'', ',']).or_else(|| path.find("}}")).unwrap();
                path[..end].to_owned()
            };
            routes.push(Route { function: function.clone(), method: value("Method:"), path: value("Path:") });
        }
    }
    assert!(routes.len() >= 8, "{routes:?}");
    routes
}

fn served<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<&'a Route> {
    let fitting = routes.iter().filter_map(|route| Some((route.fits(method, path)?, route)));
    fitting.max_by_key(|(weight, _)| *weight).map(|(_, route)| route)
}

#[test]
fn every_path_of_the_api_reaches_the_function_that_serves_it() {
    let parts = BTreeMap::from([
        ("auth", auth::routes().into_openapi()),
        ("orgs", orgs::routes().into_openapi()),
        ("patients", patients::routes().into_openapi()),
        ("alerts", alerts::routes().into_openapi()),
        ("conversations", conversations::routes().into_openapi()),
        ("privacy", privacy::routes().into_openapi()),
    ]);
    let routes = routes();
    let mut checked = 0;
    for (function, part) in parts {
        let part: Value = serde_json::to_value(part).unwrap();
        for (path, operations) in part["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
                let route = served(&routes, &method, path);
                let reached = route.map(|route| route.function.as_str());
                assert_eq!(reached, Some(function), "{method} {path} takes {route:?}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 15, "only {checked} operations");
}

#[test]
fn the_documentation_can_be_reached() {
    let routes = routes();
    for path in ["/docs", "/v1/docs", "/v1/docs/index.html", "/v1/docs/openapi.json", "/v1/docs/swagger-ui.css"] {
        assert_eq!(served(&routes, "GET", path).map(|route| route.function.as_str()), Some("docs"), "{path}");
    }
}

#[test]
fn sample_events_name_the_routes_that_send_them() {
    let routes = routes();
    for entry in fs::read_dir(root().join("events")).unwrap() {
        let path = entry.unwrap().path();
        let event: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let Some(key) = event["routeKey"].as_str() else { continue };
        let (method, asked) = (&event["requestContext"]["http"]["method"], &event["rawPath"]);
        let route = served(&routes, method.as_str().unwrap(), asked.as_str().unwrap());
        assert_eq!(route.map(Route::key).as_deref(), Some(key), "{}", path.display());
        assert_eq!(event["requestContext"]["routeKey"], key, "{}", path.display());
    }
}

/// The names that stand in the lines of a block: those that are indented by `depth` more than its first line, which
/// is the one that ends with `head`.
fn names(text: &str, head: &str, depth: usize) -> BTreeSet<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| !line.trim_end().ends_with(head));
    let outer = indent(lines.next().unwrap_or_else(|| panic!("no {head}")));
    let inside = lines.take_while(|line| line.trim().is_empty() || indent(line) > outer);
    let own = inside.filter(|line| indent(line) == outer + depth && !line.trim_start().starts_with('#'));
    own.filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_is_nested_is_given_every_parameter_and_no_other() {
    let outer = text("template.yaml");
    for nested in ["functions/template.yaml", "functions/live/template.yaml", "bridge/template.yaml"] {
        let given = outer.split_once(&format!("Location: {nested}\n")).unwrap().1;
        let given = names(&format!("      {}", given.trim_start()), "Parameters:", 2);
        let taken = names(&text(nested), "Parameters:", 2);
        assert!(taken.len() > 10, "{nested}: {taken:?}");
        assert_eq!(given, taken, "{nested}");
    }
}

#[test]
fn functions_are_given_variables_that_the_code_reads() {
    let known: BTreeSet<_> = config::SECTIONS.iter().flat_map(|(_, all)| all.iter()).map(|one| one.name).collect();
    let text = text("functions/template.yaml") + &text("functions/live/template.yaml");
    let shouted = |name: &&str| name.contains('_') || *name == "STAGE";
    let upper = |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let given = text.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0)).filter(shouted).filter(upper);
    let given: BTreeSet<_> = given.collect();
    assert!(given.len() >= 20, "{given:?}");
    let strange: Vec<_> = given.difference(&known).collect();
    assert!(strange.is_empty(), "nothing reads {strange:?}");
}
