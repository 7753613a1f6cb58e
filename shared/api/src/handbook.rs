//! `docs/api.md`: the parts of it that the code knows better than a person.
//!
//! They stand between `<!-- begin NAME -->` and `<!-- end NAME -->`; everything else is written by
//! hand.

use std::collections::BTreeMap;

use domain::limits;
use serde_json::Value;

use crate::versions;

/// What stands before every generated part.
const WARNING: &str = "<!-- Written by `cargo run -p local -- openapi`; change the code instead. -->";

/// The page with its generated parts as they are now. `document` is the API's description, as
/// [`openapi::whole`](crate::openapi::whole) gives it.
///
/// # Errors
/// The name of a part whose marks are not there.
pub fn filled(page: &str, document: &str) -> Result<String, &'static str> {
    let parts =
        [("endpoints", endpoints(document)), ("superseded", versions::markdown()), ("limits", limits::markdown())];
    let mut page = page.to_owned();
    for (name, text) in parts {
        let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
        let (before, rest) = page.split_once(&begin).ok_or(name)?;
        let (_, after) = rest.split_once(&end).ok_or(name)?;
        page = format!("{before}{begin}\n{WARNING}\n\n{text}\n{end}{after}");
    }
    Ok(page)
}

/// Every operation of a description, as a table in the order of its paths.
fn endpoints(document: &str) -> String {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut rows = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let said = first_sentence(operation["summary"].as_str().unwrap_or_default());
            let out = if operation["deprecated"] == true { " Deprecated, see [Versions](#versions)." } else { "" };
            let class = operation["x-rate-limit"].as_str().unwrap_or_default();
            let row = format!("| `{} {path}` | `{class}` | {said}{out} |\n", method.to_uppercase());
            rows.insert((path, method), row);
        }
    }
    let head = "| endpoint | limits | what it does |\n|---|---|---|\n".to_owned();
    rows.into_values().fold(head, |table, row| table + &row)
}

fn first_sentence(text: &str) -> String {
    let line = text.replace('\n', " ").replace('|', "\\|");
    line.split_once(". ").map_or(line.clone(), |(first, _)| format!("{first}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n<!-- begin endpoints --><!-- end endpoints -->\nkept\n<!-- begin superseded -->old\n\
                        <!-- end superseded -->\n<!-- begin limits -->\n<!-- end limits -->\nend\n";
    const DOCUMENT: &str = r#"{"paths":{"/v1/a":{"get":{"summary":"Does a\nthing. And more.","x-rate-limit":"read"},
        "post":{"summary":"Adds","x-rate-limit":"write","deprecated":true}}}}"#;

    #[test]
    fn generated_parts_are_replaced_and_the_rest_stays() {
        let once = filled(PAGE, DOCUMENT).unwrap();
        assert!(once.starts_with("# A\n") && once.contains("\nkept\n") && once.ends_with("\nend\n"));
        assert!(!once.contains("old"));
        assert!(once.contains("| `GET /v1/a` | `read` | Does a thing. |\n"), "{once}");
        assert!(once.contains("| `POST /v1/a` | `write` | Adds Deprecated, see [Versions](#versions). |\n"), "{once}");
        assert!(once.contains(&limits::markdown()) && once.contains(&versions::markdown()));
        assert_eq!(filled(&once, DOCUMENT).unwrap(), once);
    }

    #[test]
    fn a_part_that_has_no_place_is_missed() {
        assert_eq!(filled(&PAGE.replace("<!-- end limits -->", ""), DOCUMENT), Err("limits"));
    }
}
