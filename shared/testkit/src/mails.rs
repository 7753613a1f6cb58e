//! What was sent by mail and by text message.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::TestApp;
use crate::client::Client;

/// A mail that SES took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its subject.
    pub subject: String,
    /// Its page if it has one, or its text: the server keeps one of them.
    pub body: String,
}

impl TestApp {
    /// The mails that were sent to this client, oldest first. Everybody has an address of their own.
    pub async fn mails_to(&self, client: &Client) -> Vec<Sent> {
        self.mails_at(client.caregiver().email.as_str()).await
    }

    /// The mails that were sent to this address, oldest first.
    pub async fn mails_at(&self, address: &str) -> Vec<Sent> {
        let data = emulated().await;
        let mails = data["ses"]["Message"].as_array().cloned().unwrap_or_default().into_iter();
        mails
            .filter(|mail| mail["destinations"]["ToAddresses"][0] == address)
            .map(|mail| Sent {
                subject: mail["subject"].as_str().unwrap().to_owned(),
                body: mail["body"].as_str().unwrap().to_owned(),
            })
            .collect()
    }

    /// The text messages that were sent to this number, oldest first. Tests share the network: each
    /// needs numbers of its own.
    pub async fn texts_to(&self, number: &str) -> Vec<String> {
        let data = emulated().await;
        let texts = data["sns"]["SMS"].as_array().cloned().unwrap_or_default().into_iter();
        texts
            .filter(|text| text["phone_number"] == number)
            .map(|text| text["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// What the emulator of AWS holds. Asked straight, whatever the test does to its own way there, and
/// again when it stumbled: it does when something comes in while it tells.
async fn emulated() -> Value {
    for _ in 0..100 {
        if let Some(told) = told().await {
            return told;
        }
    }
    panic!("the emulator does not tell what it holds")
}

async fn told() -> Option<Value> {
    let endpoint = config::Aws::from_env(&crate::house().env()).unwrap().endpoint.unwrap();
    let host = format!("{}:{}", endpoint.host_str().unwrap(), endpoint.port().unwrap());
    let mut socket = TcpStream::connect(&host).await.unwrap();
    let request = format!("GET /moto-api/data.json HTTP/1.0\r\nHost: {host}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}
