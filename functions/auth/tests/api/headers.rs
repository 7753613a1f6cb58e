//! Headers: pages of other sites, what keeps an answer where it belongs, request ids.

use axum::http::{HeaderMap, Method};
use serde_json::json;
use test_case::test_case;
use testkit::{PASSWORD, Reply, TestApp, house};

use crate::{credentials, routes, with_headers};

const LOGIN: &str = "/v1/auth/login";
const SITE: &str = "https://app.example";

async fn app() -> TestApp {
    TestApp::configured(house().env_with_queues().await.with("APP_URL", format!("{SITE}/start")), routes).await
}

fn shared(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(axum::http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn called_from(app: &TestApp, site: &str) -> Reply {
    let headers = [("origin", site), ("content-type", "application/json")];
    with_headers(&app.anyone, Method::POST, LOGIN, &headers, &credentials(&app.staff, PASSWORD).to_string()).await
}

#[tokio::test]
async fn the_apps_page_may_call_and_read() {
    let app = app().await;
    let reply = called_from(&app, SITE).await;
    assert_eq!(reply.headers["access-control-allow-origin"], SITE);
    assert_eq!(reply.headers["access-control-allow-credentials"], "true");
    let shown = reply.headers["access-control-expose-headers"].to_str().unwrap();
    for name in ["retry-after", "x-request-id", "ratelimit", "ratelimit-policy", "idempotency-replayed"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
    assert!(reply.headers.get_all("vary").iter().any(|value| value == "origin"));
    reply.ok(200);
    // An error too, or the page could not tell what is wrong.
    let headers = [("origin", SITE)];
    let reply = with_headers(&app.anyone, Method::GET, "/v1/mfa/status", &headers, "").await;
    reply.refused(401, "token_missing");
    assert_eq!(reply.headers["access-control-allow-origin"], SITE);
}

#[test_case("https://evil.example"; "another site")]
#[test_case("null"; "a page without a site")]
#[test_case("https://app.example.evil.example"; "one that begins alike")]
#[test_case("http://app.example"; "the same without encryption")]
#[test_case("https://APP.example"; "not as a browser writes it")]
#[test_case("https://bianca-git-main.vercel.app"; "a site where anybody can publish")]
#[tokio::test]
async fn another_page_gets_no_leave_and_that_is_no_error(site: &str) {
    let app = app().await;
    let reply = called_from(&app, site).await;
    assert_eq!(shared(&reply.headers), <[&str; 0]>::default());
    assert!(reply.headers.get_all("vary").iter().any(|value| value == "origin"));
    reply.ok(200);
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let app = app().await;
    for (path, method) in [(LOGIN, "POST"), ("/v1/mfa/status", "GET"), ("/v1/nothing", "DELETE")] {
        let asks = |site| [("origin", site), ("access-control-request-method", method)];
        let reply = with_headers(&app.anyone, Method::OPTIONS, path, &asks(SITE), "").await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{path}");
        assert_eq!(reply.headers["access-control-allow-origin"], SITE);
        assert!(reply.headers["access-control-allow-methods"].to_str().unwrap().contains(method));
        let sent = reply.headers["access-control-allow-headers"].to_str().unwrap();
        for name in ["authorization", "content-type", "x-requested-with", "accept", "idempotency-key"] {
            assert!(sent.contains(name), "{name}: {sent}");
        }
        for site in ["https://evil.example", "null"] {
            let reply = with_headers(&app.anyone, Method::OPTIONS, path, &asks(site), "").await;
            assert_eq!((reply.status.as_u16(), shared(&reply.headers).len()), (204, 0), "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_kept_to_itself() {
    let app = app().await;
    let large = json!({ "email": "a@b.de", "password": "x".repeat(300_000) });
    let answers = [
        called_from(&app, SITE).await,
        app.staff.get("/v1/mfa/status").await,
        app.anyone.get("/v1/mfa/status").await,
        app.anyone.post(LOGIN, json!({})).await,
        app.anyone.post(LOGIN, large).await,
        app.anyone.get(LOGIN).await,
        app.anyone.get("/v1/nothing").await,
        app.anyone.get("/v1/auth/invite-info?token=AAAA").await,
        app.anyone.post("/v1/auth/forgot-password", json!({ "email": "a@b.de" })).await,
        with_headers(&app.anyone, Method::OPTIONS, LOGIN, &[("access-control-request-method", "POST")], "").await,
    ];
    for reply in &answers {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(reply.headers.get(name).unwrap(), value, "{} {}", reply.status, reply.text);
        }
        for telling in ["server", "x-powered-by", "set-cookie"] {
            assert!(!reply.headers.contains_key(telling), "{telling}");
        }
    }
    let statuses: Vec<_> = answers.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 401, 400, 413, 405, 404, 401, 204, 204]);
}

#[tokio::test]
async fn a_page_says_for_itself_what_it_may_do_and_is_not_kept_either() {
    let app = app().await;
    let headers = [("accept", "text/html")];
    let page = with_headers(&app.anyone, Method::GET, "/v1/auth/verify-email?token=AAAA", &headers, "").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn a_request_can_be_found_in_the_log_by_what_its_answer_says() {
    let app = app().await;
    let ours = app.anyone.get("/v1/mfa/status").await;
    assert_eq!(ours.json["requestId"], ours.headers["x-request-id"].to_str().unwrap());
    let given = [("x-request-id", "trace-0123456789")];
    let theirs = with_headers(&app.anyone, Method::GET, "/v1/mfa/status", &given, "").await;
    assert_eq!(theirs.headers["x-request-id"], "trace-0123456789");
    assert_eq!(theirs.json["requestId"], "trace-0123456789");
    let hostile = [("x-request-id", "<script>alert(1)</script>")];
    let reply = with_headers(&app.anyone, Method::GET, "/v1/mfa/status", &hostile, "").await;
    assert!(!reply.text.contains("script"), "{}", reply.text);
}
