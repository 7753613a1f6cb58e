//! `/v1/mfa`: switching the second factor on and off.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use mongodb::bson::{Document, doc, oid::ObjectId};
use serde_json::{Value, json};
use testkit::{Client, TestApp};
use totp_rs::{Builder, Secret};

use crate::{app, refresh_body, sign_in};

/// An authenticator app.
pub(crate) struct Authenticator {
    secret: String,
    /// Its backup codes, on paper.
    pub(crate) backup: Vec<String>,
}

impl Authenticator {
    fn of(enrolment: &Value) -> Self {
        let codes = enrolment["backupCodes"].as_array().unwrap().iter();
        let backup = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
        Self { secret: enrolment["secret"].as_str().unwrap().to_owned(), backup }
    }

    /// What it shows so many steps of 30 s from now.
    pub(crate) fn code(&self, app: &TestApp, steps: i64) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).with_account_name("a").build().unwrap();
        let at = app.ctx.now().as_second() + steps * 30;
        totp.generate(at.try_into().unwrap()).to_string()
    }
}

/// The next code: none is good twice.
pub(crate) fn next_step(app: &TestApp) {
    app.clock.advance(SignedDuration::from_secs(30));
}

/// Switches it on.
pub(crate) async fn enrolled(app: &TestApp, client: &Client) -> Authenticator {
    let authenticator = Authenticator::of(&client.post("/v1/mfa/enable", json!({})).await.ok(200));
    let body = json!({ "token": authenticator.code(app, 0) });
    assert_eq!(client.post("/v1/mfa/verify", body).await.ok(200)["mfaEnabled"], true);
    next_step(app);
    authenticator
}

async fn status(client: &Client) -> Value {
    client.get("/v1/mfa/status").await.ok(200)
}

async fn post(client: &Client, verb: &str, token: &str) -> testkit::Reply {
    client.post(format!("/v1/mfa/{verb}"), json!({ "token": token })).await
}

#[tokio::test]
async fn the_picture_says_what_the_app_needs() {
    let app = app().await;
    let body = app.staff.post("/v1/mfa/enable", json!({})).await.ok(200);
    let png = body["qrCode"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap().to_owned();
    let png = BASE64_STANDARD.decode(png).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    let (_, address) = grids[0].decode().unwrap();
    let secret = body["secret"].as_str().unwrap();
    assert!(address.starts_with("otpauth://totp/Bianca:") && address.contains("issuer=Bianca"), "{address}");
    assert!(address.contains(&format!("secret={secret}")), "{address}");
    let email = app.staff.caregiver().email.as_str().replace('@', "%40");
    assert!(address.contains(&email), "{address}");
    assert_eq!(secret.len(), 32, "160 bits");
    let codes = body["backupCodes"].as_array().unwrap();
    let good = |code: &&Value| code.as_str().unwrap().bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    assert_eq!(codes.iter().filter(good).filter(|code| code.as_str().unwrap().len() == 8).count(), 10);
}

#[tokio::test]
async fn it_is_on_once_a_code_was_right_and_off_after_another() {
    let app = app().await;
    assert_eq!(status(&app.staff).await, json!({ "mfaEnabled": false, "backupCodesRemaining": 0 }));
    let first = Authenticator::of(&app.staff.post("/v1/mfa/enable", json!({})).await.ok(200));
    assert_eq!(status(&app.staff).await, json!({ "mfaEnabled": false, "backupCodesRemaining": 0 }));
    post(&app.staff, "verify", "000000").await.refused(401, "mfa_code_wrong");
    post(&app.staff, "verify", &first.backup[0]).await.refused(401, "mfa_code_wrong");

    // Beginning again replaces what was begun.
    let second = Authenticator::of(&app.staff.post("/v1/mfa/enable", json!({})).await.ok(200));
    post(&app.staff, "verify", &first.code(&app, 0)).await.refused(401, "mfa_code_wrong");
    let code = second.code(&app, 0);
    assert_eq!(post(&app.staff, "verify", &format!("{} {}", &code[..3], &code[3..])).await.ok(200)["mfaEnabled"], true);
    let now = status(&app.staff).await;
    assert_eq!((&now["mfaEnabled"], &now["backupCodesRemaining"]), (&json!(true), &json!(10)));
    let since: jiff::Timestamp = now["mfaEnrolledAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(since, app.ctx.now());

    post(&app.staff, "verify", &second.code(&app, 1)).await.refused(400, "mfa_already_enabled");
    app.staff.post("/v1/mfa/enable", json!({})).await.refused(400, "mfa_already_enabled");
    post(&app.staff, "disable", &second.code(&app, 0)).await.refused(401, "mfa_code_wrong");
    next_step(&app);
    assert_eq!(post(&app.staff, "disable", &second.code(&app, 0)).await.ok(200)["mfaEnabled"], false);
    assert_eq!(status(&app.staff).await, json!({ "mfaEnabled": false, "backupCodesRemaining": 0 }));
}

#[tokio::test]
async fn what_was_not_begun_cannot_go_on() {
    let app = app().await;
    post(&app.staff, "verify", "123456").await.refused(400, "mfa_not_begun");
    for verb in ["disable", "backup-codes"] {
        post(&app.staff, verb, "123456").await.refused(400, "mfa_not_enabled");
    }
    app.staff.post("/v1/mfa/enable", json!({})).await.ok(200);
    post(&app.staff, "disable", "123456").await.refused(400, "mfa_not_enabled");
    app.staff.post("/v1/mfa/verify", json!({})).await.invalid(&["token"]);
    app.staff.post("/v1/mfa/verify", json!({ "token": 123_456 })).await.invalid(&["token"]);
    app.staff.post("/v1/mfa/verify", json!({ "token": "1", "caregiver": "x" })).await.invalid(&["caregiver"]);
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_or_only_invited_gets_anywhere() {
    let app = app().await;
    app.anyone.get("/v1/mfa/status").await.refused(401, "token_missing");
    for verb in ["enable", "verify", "disable", "backup-codes"] {
        post(&app.anyone, verb, "123456").await.refused(401, "token_missing");
        post(&app.anyone.with_token("a.b.c"), verb, "123456").await.refused(401, "token_invalid");
        post(&app.invited, verb, "123456").await.refused(403, "role_not_allowed");
    }
    app.invited.get("/v1/mfa/status").await.refused(403, "role_not_allowed");
    app.stranger.get("/v1/mfa/status").await.ok(200);
}

#[tokio::test]
async fn other_sign_ins_end_and_this_one_stays() {
    let app = app().await;
    let laptop = sign_in(&app, &app.staff).await;
    let access = |tokens: &Value| tokens["access"]["token"].as_str().unwrap().to_owned();
    app.whose(&access(&laptop).into()).await.unwrap();
    let authenticator = enrolled(&app, &app.staff).await;
    assert_eq!(app.whose(&access(&laptop).into()).await.unwrap_err().code, "session_ended");
    app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&laptop)).await.refused(401, "token_invalid");
    assert_eq!(status(&app.staff).await["mfaEnabled"], true);

    let second = crate::mfa_login::sign_in(&app, &app.staff, &authenticator.code(&app, 0)).await;
    let second = app.staff.with_token(access(&second["tokens"]));
    next_step(&app);
    post(&second, "disable", &authenticator.code(&app, 0)).await.ok(200);
    app.staff.get("/v1/mfa/status").await.refused(401, "session_ended");
    assert_eq!(status(&second).await["mfaEnabled"], false);
    app.deliver_mails().await;
    let told = app.mails_to(&app.staff).await.into_iter().filter(|mail| !mail.body.contains("token=")).count();
    assert_eq!(told, 2, "on and off");
}

#[tokio::test]
async fn new_backup_codes_replace_the_old_ones() {
    let app = app().await;
    let authenticator = enrolled(&app, &app.staff).await;
    post(&app.staff, "backup-codes", "000000").await.refused(401, "mfa_code_wrong");
    let body = post(&app.staff, "backup-codes", &authenticator.backup[0]).await.ok(200);
    let new: Vec<&str> = body["backupCodes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert!(new.len() == 10 && !new.contains(&authenticator.backup[1].as_str()));
    assert_eq!(status(&app.staff).await["backupCodesRemaining"], 10);
    post(&app.staff, "backup-codes", &authenticator.backup[1]).await.refused(401, "mfa_code_wrong");
    post(&app.staff, "disable", &new[3].to_lowercase()).await.ok(200);
}

#[tokio::test]
async fn nothing_that_opens_the_account_is_stored_as_it_is() {
    let app = app().await;
    let authenticator = Authenticator::of(&app.staff.post("/v1/mfa/enable", json!({})).await.ok(200));
    let id: ObjectId = app.staff.caregiver().id.to_string().parse().unwrap();
    let rows = app.database().await.collection::<Document>("caregivers");
    let pending = rows.find_one(doc! { "_id": id }).await.unwrap().unwrap();
    post(&app.staff, "verify", &authenticator.code(&app, 0)).await.ok(200);
    let on = rows.find_one(doc! { "_id": id }).await.unwrap().unwrap();
    for row in [pending, on] {
        let written = row.to_string();
        assert!(row.contains_key("mfaSecret") && !written.contains(&authenticator.secret), "the secret");
        for code in &authenticator.backup {
            assert!(!written.to_lowercase().contains(&code.to_lowercase()), "a backup code");
        }
        // Its SHA-256 would be found by trying 2^32 codes.
        assert!(!written.contains(&sha256(&authenticator.backup[0])));
        assert_eq!(row.get_array("mfaBackupCodes").unwrap().len(), 10);
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text);
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
