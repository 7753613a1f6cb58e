//! Which tokens are believed, and what of them.

use clients::Oidc;
use domain::caregivers::Provider;
use domain::{Kind, Secret};
use jiff::Timestamp;
use serde_json::{Value, json};
use test_case::test_case;
use testkit::{IdProvider, Signer};

use crate::{NONCE, SignIn, in_seconds, with_nonce};

const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

#[tokio::test]
async fn somebody_signs_in_with_google() {
    let google = SignIn::google().await;
    let claims =
        json!({ "email": "Nora@Example.org", "email_verified": true, "name": "Nora Weiss", "picture": "https://x" });
    let nora = google.claiming(claims).await.unwrap();
    assert_eq!(nora.provider, Provider::Google);
    assert_eq!(nora.subject, "110169484474386276334");
    assert_eq!(nora.issuer, google.provider.issuer());
    assert_eq!(nora.email.as_ref().unwrap().as_str(), "nora@example.org");
    assert_eq!(nora.name.as_deref(), Some("Nora Weiss"));
    let shown = format!("{nora:?}");
    assert!(!shown.contains("Nora") && !shown.contains("110169484474386276334"), "{shown}");
}

#[tokio::test]
async fn somebody_signs_in_with_microsoft() {
    let microsoft = SignIn::microsoft().await;
    let claims = json!({ "email": "nora@example.org", "xms_edov": true, "name": "Nora Weiss" });
    let nora = microsoft.claiming(claims).await.unwrap();
    assert_eq!(nora.provider, Provider::Microsoft);
    assert_eq!(nora.subject, format!("{}.{}", IdProvider::TENANT, IdProvider::OBJECT));
    assert!(nora.issuer.ends_with(&format!("/{}/v2.0", IdProvider::TENANT)), "{}", nora.issuer);
    assert_eq!(nora.email.unwrap().as_str(), "nora@example.org");
}

#[tokio::test]
async fn a_token_may_be_signed_with_an_elliptic_curve() {
    for sign_in in [SignIn::google().await, SignIn::microsoft().await] {
        let token = sign_in.provider.token_with(json!({}), Signer::Ec, with_nonce(json!({})));
        sign_in.verify(token).await.unwrap();
    }
}

#[tokio::test]
async fn an_app_on_the_telephone_asks_for_the_server() {
    let google = SignIn::google().await;
    google.claiming(json!({ "azp": "bianca-android" })).await.unwrap();
    google.claiming(json!({ "aud": "bianca-ios", "azp": "bianca-ios" })).await.unwrap();
    google.claiming(json!({ "aud": ["bianca-web"] })).await.unwrap();
    google.claiming(json!({ "aud": ["bianca-web", "somebody"], "azp": "bianca-web" })).await.unwrap();
}

#[tokio::test]
async fn one_person_is_one_subject_for_all_our_client_ids() {
    let microsoft = SignIn::microsoft().await;
    let web = microsoft.claiming(json!({ "sub": "pairwise-web" })).await.unwrap();
    let ios = microsoft.claiming(json!({ "sub": "pairwise-ios", "aud": "bianca-ios" })).await.unwrap();
    assert_eq!(web.subject, ios.subject);
    let elsewhere = microsoft.claiming(json!({ "tid": PERSONAL })).await.unwrap();
    assert_ne!(web.subject, elsewhere.subject, "an object of another tenant");
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_is_none() {
    let (google, microsoft) = (SignIn::google().await, SignIn::microsoft().await);
    for claims in [json!({}), json!({ "email_verified": false }), json!({ "email_verified": "true" })] {
        let mut claims = claims;
        claims["email"] = json!("nora@example.org");
        assert_eq!(google.claiming(claims.clone()).await.unwrap().email, None, "{claims}");
        claims["preferred_username"] = json!("nora@example.org");
        assert_eq!(microsoft.claiming(claims.clone()).await.unwrap().email, None, "{claims}");
    }
}

#[test_case(json!({ "aud": "somebody" }) => "audience"; "for another app")]
#[test_case(json!({ "aud": null }) => "audience"; "for nobody")]
#[test_case(json!({ "aud": [] }) => "audience"; "for an empty list")]
#[test_case(json!({ "aud": ["somebody", "else"], "azp": "bianca-web" }) => "audience"; "for others")]
#[test_case(json!({ "aud": "bianca" }) => "audience"; "for an app with half our name")]
#[test_case(json!({ "aud": ["bianca-web", "somebody"] }) => "authorised_party"; "for several without saying who asked")]
#[test_case(json!({ "aud": ["bianca-web", "somebody"], "azp": "somebody" }) => "authorised_party"; "for several and another asked")]
#[test_case(json!({ "azp": "somebody" }) => "authorised_party"; "another asked")]
#[test_case(json!({ "iss": "https://evil.example" }) => "issuer"; "of somebody else")]
#[test_case(json!({ "iss": "accounts.google.com" }) => "issuer"; "of google where that is not configured")]
#[test_case(json!({ "iss": null }) => "issuer"; "of nobody")]
#[test_case(json!({ "nonce": "another" }) => "nonce"; "for another sign in")]
#[test_case(json!({ "nonce": "" }) => "nonce"; "for an empty nonce")]
#[test_case(json!({ "nonce": null }) => "nonce"; "for no nonce")]
#[test_case(json!({ "nonce": 7 }) => "claims"; "for a number")]
#[test_case(json!({ "exp": in_seconds(-61) }) => "expired"; "that is over")]
#[test_case(json!({ "exp": null }) => "expired"; "without an end")]
#[test_case(json!({ "exp": i64::MIN }) => "expired"; "that was over before time began")]
#[test_case(json!({ "exp": "tomorrow" }) => "claims"; "whose end is a word")]
#[test_case(json!({ "iat": in_seconds(-602) }) => "too_old"; "made long ago")]
#[test_case(json!({ "iat": in_seconds(90) }) => "not_issued_yet"; "made in the future")]
#[test_case(json!({ "iat": null }) => "not_issued_yet"; "made at no time")]
#[test_case(json!({ "nbf": in_seconds(90) }) => "not_valid_yet"; "not good yet")]
#[test_case(json!({ "sub": "" }) => "subject"; "about nobody")]
#[test_case(json!({ "sub": null }) => "subject"; "about no one")]
#[test_case(json!({ "sub": "x".repeat(256) }) => "subject"; "about somebody with an endless name")]
#[tokio::test]
async fn a_token_is_refused(claims: Value) -> String {
    SignIn::google().await.reason_for(claims).await
}

#[test_case(json!({ "tid": null }) => "tenant"; "without a tenant")]
#[test_case(json!({ "tid": "common" }) => "tenant"; "of every tenant")]
#[test_case(json!({ "tid": PERSONAL, "iss": null }) => "issuer"; "without an issuer")]
#[test_case(json!({ "iss": "https://sts.windows.net/11111111-2222-4333-8444-555555555555/" }) => "issuer"; "of version 1")]
#[test_case(json!({ "oid": null }) => "object_id"; "without an object")]
#[test_case(json!({ "oid": "nora" }) => "object_id"; "with an object that is none")]
#[tokio::test]
async fn a_token_of_microsoft_is_refused(claims: Value) -> String {
    SignIn::microsoft().await.reason_for(claims).await
}

#[tokio::test]
async fn a_tenant_cannot_speak_for_another() {
    let microsoft = SignIn::microsoft().await;
    let home = microsoft.provider.issuer().replace("common", IdProvider::TENANT);
    assert_eq!(microsoft.reason_for(json!({ "tid": PERSONAL, "iss": home })).await, "issuer");
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let google = SignIn::google().await;
    for claims in [
        json!({ "exp": in_seconds(-50) }),
        json!({ "iat": in_seconds(50), "nbf": in_seconds(50) }),
        json!({ "iat": in_seconds(-590) }),
        json!({ "nbf": null }),
    ] {
        google.claiming(claims.clone()).await.unwrap_or_else(|error| panic!("{claims}: {error}"));
    }
}

#[test_case(json!({}), Signer::Nobody => "malformed"; "by nobody")]
#[test_case(json!({ "alg": "RS256" }), Signer::Nobody => "signature"; "by nobody who says otherwise")]
#[test_case(json!({ "alg": "None" }), Signer::Nobody => "malformed"; "by nobody in other letters")]
#[test_case(json!({}), Signer::PublicKey => "algorithm"; "with the public key as a secret")]
#[test_case(json!({ "alg": "RS256" }), Signer::PublicKey => "signature"; "with the public key as a secret in disguise")]
#[test_case(json!({}), Signer::Stranger => "signature"; "with another key of the same name")]
#[test_case(json!({ "alg": "RS512" }), Signer::Rsa => "algorithm"; "with an algorithm that is not on the list")]
#[test_case(json!({ "alg": "PS256" }), Signer::Rsa => "algorithm"; "with another padding")]
#[test_case(json!({ "kid": "ec-0" }), Signer::Rsa => "algorithm_of_key"; "with a key of another kind")]
#[test_case(json!({ "kid": "rsa-0" }), Signer::Ec => "algorithm_of_key"; "with a key of yet another kind")]
#[test_case(json!({ "kid": null }), Signer::Rsa => "no_key_id"; "with a key without a name")]
#[test_case(json!({ "kid": "" }), Signer::Rsa => "no_key_id"; "with a key with an empty name")]
#[test_case(json!({ "kid": "rsa-9" }), Signer::Rsa => "unknown_key"; "with a key that does not exist")]
#[test_case(json!({ "kid": ["rsa-0"] }), Signer::Rsa => "malformed"; "with several keys")]
#[test_case(json!({ "crit": ["exp"] }), Signer::Rsa => "critical_header"; "with an extension")]
#[test_case(json!({ "typ": "at+jwt" }), Signer::Rsa => "type"; "for another purpose")]
#[tokio::test]
async fn a_token_is_signed_wrongly(header: Value, signer: Signer) -> String {
    SignIn::google().await.reason_for_header(header, signer).await
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let google = SignIn::google().await;
    let (good, other) = (google.provider.token(with_nonce(json!({}))), google.provider.token(json!({ "sub": "1" })));
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let others: Vec<_> = other.split('.').collect();
    assert_eq!(google.reason(format!("{header}.{}.{signature}", others[1])).await, "signature");
    assert_eq!(google.reason(format!("{header}.{claims}.{}", others[2])).await, "signature");
    assert_eq!(google.reason(format!("{header}.{claims}.")).await, "signature");
    google.verify(good.clone()).await.unwrap();
}

#[test_case(""; "nothing")]
#[test_case("."; "a dot")]
#[test_case("a.b.c"; "letters")]
#[test_case("e30.e30"; "two parts")]
#[test_case("e30.e30.e30"; "an empty header")]
#[test_case("e30.e30.e30.e30.e30"; "an encrypted token")]
#[test_case("ü.ü.ü"; "no ascii")]
#[test_case("eyJhbGciOiJSUzI1NiIsImFsZyI6IkhTMjU2In0.e30.e30"; "a header that says it twice")]
#[tokio::test]
async fn garbage_is_refused_and_nobody_is_asked(token: &str) {
    let google = SignIn::google().await;
    assert_eq!(google.reason(token.to_owned()).await, "malformed");
    assert_eq!(google.provider.requests(), 0);
}

#[tokio::test]
async fn a_huge_token_is_refused_and_nobody_is_asked() {
    let google = SignIn::google().await;
    assert_eq!(google.reason_for(json!({ "groups": "x".repeat(20_000) })).await, "too_long");
    assert_eq!(google.provider.requests(), 0);
}

#[tokio::test]
async fn a_token_of_one_provider_is_none_of_the_other() {
    let (google, microsoft) = (SignIn::google().await, SignIn::microsoft().await);
    let token = microsoft.provider.token(with_nonce(json!({})));
    // Test providers share their keys, so that only the issuer is left to tell them apart.
    assert_eq!(google.reason(token).await, "issuer");
}

#[tokio::test]
async fn a_nonce_that_was_never_made_is_no_nonce() {
    let google = SignIn::google().await;
    let token = Secret::new(google.provider.token(json!({ "nonce": "" })));
    let error = google.oidc.verify(Provider::Google, &token, "", Timestamp::now()).await.unwrap_err();
    assert_eq!(error.code, "sso_token_invalid");
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_unknown() {
    let google = SignIn::google().await;
    let token = Secret::new(google.provider.token(with_nonce(json!({}))));
    let none = Oidc::new(&config::Sso::default());
    for (oidc, provider) in [(&none, Provider::Google), (&google.oidc, Provider::Microsoft)] {
        let error = oidc.verify(provider, &token, NONCE, Timestamp::now()).await.unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Invalid, "sso_provider_unknown"));
    }
    assert_eq!(google.provider.requests(), 0);
}
