//! What is in Asterisk, asked of Asterisk itself.

use reqwest::{Client, Method};
use serde_json::Value;

use super::{until, variable};

const KINDS: [&str; 2] = ["channels", "bridges"];

async fn ask(method: Method, path: &str) -> Value {
    let url = format!("{}/{path}", variable("ASTERISK_ARI_URL"));
    let request = Client::new().request(method, url);
    let request = request.basic_auth(variable("ASTERISK_ARI_USER"), Some(variable("ASTERISK_ARI_PASSWORD")));
    let answer = request.send().await.expect("Asterisk answers");
    answer.json().await.unwrap_or_default()
}

/// Waits until there is no channel and no bridge.
pub async fn is_empty() {
    until("nothing is left in Asterisk", async || {
        for kind in KINDS {
            let left = ask(Method::GET, kind).await;
            if left.as_array().is_none_or(|left| !left.is_empty()) {
                return Err(format!("{kind}: {left}"));
            }
        }
        Ok(())
    })
    .await;
}

/// Takes away what a test that failed has left behind, so that the next one fails for reasons of its own only.
pub async fn clear() {
    for kind in KINDS {
        for left in ask(Method::GET, kind).await.as_array().into_iter().flatten() {
            ask(Method::DELETE, &format!("{kind}/{}", left["id"].as_str().unwrap_or_default())).await;
        }
    }
}
