//! A patient read through the cache and past it.

use domain::policy;
use store::Store;
use testkit::TestApp;

use crate::{line, percentile, times};

const ROUNDS: usize = 2_000;

pub(crate) async fn run() {
    let app = TestApp::start(|_| axum::Router::new()).await;
    let ada = app.patient("Ada", &[&app.staff]).await.id;
    let scope = policy::system("a benchmark");
    let uncached = Store::new(config::Database::from_env(&app.env).unwrap(), None);
    let read = async |store: &Store| drop(store.patients().find(&scope, ada).await.unwrap().unwrap());
    // Connections first, and the place in the cache.
    read(&uncached).await;
    read(&app.ctx.store).await;
    let past = times(ROUNDS, || read(&uncached)).await;
    let through = times(ROUNDS, || read(&app.ctx.store)).await;
    line("a patient from the documents", &past);
    line("the same from the cache", &through);
    let ratio = percentile(&past, 50).as_secs_f64() / percentile(&through, 50).as_secs_f64();
    println!("cached reads are {ratio:.1} times as fast at p50");
}
