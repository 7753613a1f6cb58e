//! The servers start, answer real questions, remember what they should, and stop.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::common::{installation, listens, socket};
use local_servers::{Error, Servers, Storage, Wanted};
use mongodb::bson::{Document, doc};

const DOCUMENTS: Wanted = Wanted { documents: true, cache: false, aws: false };

/// Sends some bytes and reads until the answer is this long.
fn exchange(url: &str, question: &str, length: u64) -> String {
    let mut stream = TcpStream::connect(socket(url)).unwrap();
    stream.write_all(question.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.take(length).read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn all_three_answer_their_own_protocol_and_shutdown_frees_the_ports() {
    let servers = Servers::start(&installation(), Wanted::ALL, Storage::Memory).await.unwrap();
    let (mongo, cache, aws) =
        [servers.mongodb_uri(), servers.cache_url(), servers.aws_endpoint()].map(|url| url.unwrap().to_owned()).into();

    let client = mongodb::Client::with_uri_str(&mongo).await.unwrap();
    client.database("t").collection::<Document>("c").insert_one(doc! { "_id": 1 }).await.unwrap();
    assert_eq!(exchange(&cache, "SET k v\r\n", 5), "+OK\r\n");
    let queue = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AmazonSQS.CreateQueue\r\n\
        Content-Type: application/x-amz-json-1.0\r\nContent-Length: 17\r\nConnection: close\r\n\
        Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request\r\n\r\n{\"QueueName\":\"q\"}";
    let answer = exchange(&aws, queue, 10_000);
    assert!(answer.contains("QueueUrl"), "{answer}");

    servers.shutdown().await;
    for url in [mongo, cache, aws] {
        assert!(!listens(socket(&url)), "{url} is still there");
    }
}

#[tokio::test]
async fn only_the_wanted_servers_run_and_dropping_stops_them() {
    let wanted = Wanted { documents: false, cache: true, aws: false };
    let mut servers = Servers::start(&installation(), wanted, Storage::Memory).await.unwrap();
    assert_eq!((servers.mongodb_uri(), servers.aws_endpoint()), (None, None));
    servers.check().unwrap();
    let cache = socket(servers.cache_url().unwrap());
    drop(servers);
    assert!(!listens(cache));
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_reported() {
    let wanted = Wanted { documents: false, cache: true, aws: false };
    let mut servers = Servers::start(&installation(), wanted, Storage::Memory).await.unwrap();
    exchange(servers.cache_url().unwrap(), "SHUTDOWN NOSAVE\r\n", 1);
    crate::common::eventually("the end is noticed", || servers.check().is_err());
    let error = servers.check().unwrap_err().to_string();
    assert!(error.starts_with("The local cache server stopped by itself"), "{error}");
    assert!(error.contains("bye bye"), "the log's end is shown: {error}");
}

#[tokio::test]
async fn documents_on_disk_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for run in [1_u32, 2] {
        let storage = Storage::Disk(folder.path().to_owned());
        let servers = Servers::start(&installation(), DOCUMENTS, storage).await.unwrap();
        let client = mongodb::Client::with_uri_str(servers.mongodb_uri().unwrap()).await.unwrap();
        let collection = client.database("t").collection::<Document>("c");
        collection.insert_one(doc! { "run": run }).await.unwrap();
        assert_eq!(collection.count_documents(doc! {}).await.unwrap(), u64::from(run));
        servers.shutdown().await;
    }
}

#[tokio::test]
async fn a_file_where_the_data_should_be_is_reported_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(&data, "").unwrap();
    let error = Servers::start(&installation(), DOCUMENTS, Storage::Disk(data)).await.unwrap_err();
    assert!(matches!(error, Error::Folder { .. }), "{error}");
    assert!(error.to_string().contains("data/documents cannot be used"), "{error}");
}

#[tokio::test]
async fn data_that_is_no_database_is_reported_with_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let documents = folder.path().join("documents");
    std::fs::create_dir(&documents).unwrap();
    for name in ["WiredTiger", "WiredTiger.turtle", "WiredTiger.wt"] {
        std::fs::write(documents.join(name), "garbage").unwrap();
    }
    let mut errors = Vec::new();
    // On a busy machine the server has been seen to end without a word over such data.
    while errors.len() < 3 && !errors.iter().any(|error: &String| error.contains("WiredTiger")) {
        let storage = Storage::Disk(folder.path().to_owned());
        let error = Servers::start(&installation(), DOCUMENTS, storage).await.unwrap_err().to_string();
        assert!(
            error.starts_with("The local documents server did not start (it ended at once with exit status"),
            "{error}"
        );
        errors.push(error);
    }
    assert!(errors.last().is_some_and(|error| error.contains("WiredTiger")), "the log's end is shown: {errors:?}");
}
