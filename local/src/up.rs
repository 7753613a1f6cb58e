//! `up`: everything, until Ctrl-C.

use std::time::Instant;

use domain::{Origin, Secret};
use serde_json::json;
use services::auth::{self, Entry, Proof};

use crate::house::House;
use crate::running::Running;
use crate::{Failure, Up, console, demo};

/// Brings everything up, says where it is, and runs until Ctrl-C, SIGTERM or a failure.
pub(crate) async fn up(Up { json, no_bridge, place }: &Up) -> Result<(), Failure> {
    let began = Instant::now();
    let mut house = House::open(place, !no_bridge).await?;
    if *json {
        console::say(&machine_readable(&house).await?);
    } else {
        greet(&house, began);
    }
    Running { api: house.url(), pid: std::process::id() }.announce(place);
    let outcome = tokio::select! {
        () = asked_to_end() => Ok(()),
        error = house.broken() => Err(error),
    };
    Running::withdraw(place);
    console::note("closing ...");
    house.close().await;
    outcome
}

/// Completes at Ctrl-C or SIGTERM.
pub(crate) async fn asked_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    interrupted.await.ok();
}

fn greet(house: &House, began: Instant) {
    let url = house.url();
    console::say(&format!("Bianca is up after {:.1} s.\n", began.elapsed().as_secs_f32()));
    console::say(&format!("  API            {url}"));
    console::say(&format!("  API page       {url}/v1/docs/"));
    console::say(&format!("  live updates   {}", house.live_url()));
    let model = house
        .model
        .as_ref()
        .map_or("the one you configured".to_owned(), |sim| format!("simulated, {}", sim.base_url()));
    console::say(&format!("  model          {model}"));
    let telephone = if house.env.has("ASTERISK_ARI_URL") { "Asterisk" } else { "simulated" };
    console::say(&format!("  telephone      {telephone}"));
    console::say(&format!("\n  sign in with the password {}:", demo::PASSWORD));
    for (email, role) in &house.demo.logins {
        console::say(&format!("    {email:<20} {}", role.as_str()));
    }
    console::say("\n  patients:");
    for (_, name, language) in &house.demo.patients {
        console::say(&format!("    {name:<20} {}", language.name()));
    }
    console::say("\nNow, in a second terminal: cargo run -p local -- call \"Ada\"\nCtrl-C ends everything.");
}

/// One line for programs: every address and an access token for each demo login.
async fn machine_readable(house: &House) -> Result<String, Failure> {
    let ctx = config::or_exit(services::Front::<services::AccountCtx>::configured(&house.env).await);
    let (password, origin) = (Secret::new(demo::PASSWORD.to_owned()), Origin::default());
    let mut tokens = serde_json::Map::new();
    for (email, role) in &house.demo.logins {
        let proof = Proof::Password { email, password: &password, code: None };
        let Entry::SignedIn(login) = auth::login(&ctx, proof, &origin).await? else { continue };
        let token = login.tokens.access.token.expose().clone();
        tokens.insert(email.clone(), json!({ "role": role.as_str(), "token": token }));
    }
    let patients = house
        .demo
        .patients
        .iter()
        .map(|(id, name, language)| json!({ "id": id.to_string(), "name": name, "language": language.code() }));
    let line = json!({
        "api": house.url(),
        "docs": format!("{}/v1/docs/", house.url()),
        "live": house.live_url(),
        "model": house.model.as_ref().map(openai_sim::Sim::base_url),
        "bridge": house.address("BRIDGE_HEALTH_ADDR"),
        "bridgeEnvironment": house.for_the_bridge(),
        "mongodb": house.address("MONGODB_URI"),
        "cache": house.address("CACHE_URL"),
        "aws": house.address("AWS_ENDPOINT_URL"),
        "password": demo::PASSWORD,
        "tokens": tokens,
        "patients": patients.collect::<Vec<_>>(),
        "pid": std::process::id(),
    });
    Ok(line.to_string())
}
