//! A function starts with what its template gives it, and with nothing else.

use std::fs;

use config::Env;

use crate::root;

/// The variables of a template: those of all its functions, and for each function, by the name of its binary, those of its
/// own. Read line by line, as the file is written.
fn given(path: &str) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let (mut all, mut own, mut inside) = (Vec::new(), Vec::<(String, Vec<String>)>::new(), false);
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("Binary: ") {
            own.push((name.trim_end_matches('}').to_owned(), Vec::new()));
        }
        let word = line.trim();
        if word == "Variables:" {
            inside = true;
        } else if let Some((name, _)) = word.split_once(": ").filter(|(name, _)| inside && is_variable(name)) {
            own.last_mut().map_or(&mut all, |(_, own)| own).push(name.to_owned());
        } else if !word.starts_with('#') {
            inside = false;
        }
    }
    (all, own)
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A value such as the deployed system has.
fn value(name: &str) -> String {
    match name {
        "STAGE" => "prod".to_owned(),
        "MAIL_FROM" => "bianca@demo.example".to_owned(),
        "MONGODB_URI" => "mongodb://127.0.0.1:1/?directConnection=true".to_owned(),
        "CACHE_URL" => "rediss://cache.demo.example:6379".to_owned(),
        "SESSION_IDLE_MINUTES" => "30".to_owned(),
        "JWT_KEYS" | "DATA_KEYS" | "AUDIT_KEYS" => format!("test:{}BwcHBwc=", "BwcH".repeat(9)),
        "CORS_ORIGINS" => "https://app.demo.example".to_owned(),
        _ if name.ends_with("_URL") || name.ends_with("_ENDPOINT") => "https://demo.example/1".to_owned(),
        _ => name.to_lowercase().replace('_', "-"),
    }
}

#[tokio::test]
async fn every_function_starts_in_production_with_what_its_template_gives_it() {
    clients::tls::install();
    let mut started = Vec::new();
    for template in ["functions/template.yaml", "functions/live/template.yaml"] {
        let (all, own) = given(template);
        assert!(all.len() >= 8, "{template}: {all:?}");
        for (binary, own) in own {
            // What Lambda itself sets.
            let env = Env::default().with("AWS_REGION", "eu-central-1");
            let env = all.iter().chain(&own).fold(env, |env, name| env.with(name, value(name)));
            let said = match binary.as_str() {
                "alerts" => alerts::wire(&env).await.err(),
                "auth" => auth::wire(&env).await.err(),
                "conversations" => conversations::wire(&env).await.err(),
                "docs" => docs::wire(&env).err(),
                "jobs-tick" => jobs::wire_tick(&env).await.err(),
                "jobs-worker" => jobs::wire_worker(&env).await.err(),
                "live-gateway" => live::wire_gateway(&env).await.err(),
                "live-push" => live::wire_push(&env).await.err(),
                "orgs" => orgs::wire(&env).await.err(),
                "patients" => patients::wire(&env).await.err(),
                "privacy" => privacy::wire(&env).await.err(),
                other => panic!("{other} is not known here"),
            };
            assert!(said.is_none(), "{binary}: {}", said.unwrap());
            started.push(binary);
        }
    }
    assert!(started.len() >= 12, "{started:?}");
}
