//! What an orchestrator asks a cell.

use std::time::Duration;

use testkit::house;

use crate::Cell;
use crate::telephone::Telephones;

async fn asked(cell: &Cell, path: &str) -> (u16, String) {
    for _ in 0..50 {
        if let Ok(answer) = reqwest::get(format!("{}{path}", cell.health)).await {
            return (answer.status().as_u16(), answer.text().await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the cell does not answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_says_that_it_lives_is_ready_and_how_much_it_carries() {
    let cell = Cell::start(Telephones::Talk).await;
    assert_eq!(asked(&cell, "/livez").await.0, 200);
    assert_eq!(asked(&cell, "/readyz").await.0, 200);
    assert!(asked(&cell, "/metrics").await.1.contains("\nbridge_calls_live 0\n"));
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    assert!(asked(&cell, "/metrics").await.1.contains("\nbridge_calls_live 1\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_that_drains_lives_and_is_not_ready() {
    let env = house().env_with_queues().await;
    let cell = Cell::configured(env, Telephones::HangUp, Duration::from_mins(1)).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    cell.stop.cancel();
    assert_eq!(asked(&cell, "/livez").await.0, 200);
    let (status, body) = asked(&cell, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.starts_with(r#"{"ready":false,"reasons":[{"code":"draining","#), "{body}");
    cell.until_ended(id).await;
}
