//! No server outlives the process that started it. A second copy of this test program plays that process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use local_servers::{Servers, Storage, Wanted};
use mongodb::bson::{Document, doc};
use tempfile::TempDir;

use crate::common::{eventually, installation, listens, socket};

/// Names the data folder for the copy.
const DATA: &str = "LOCAL_SERVERS_TEST_DATA";

#[tokio::test]
#[ignore = "started by the other tests of this file, to be killed"]
async fn holder() {
    let storage = std::env::var_os(DATA).map_or(Storage::Memory, |folder| Storage::Disk(folder.into()));
    let servers = Servers::start(&installation(), Wanted::ALL, storage).await.unwrap();
    let urls = [servers.mongodb_uri(), servers.cache_url(), servers.aws_endpoint()].map(Option::unwrap);
    writeln!(std::io::stdout(), "\n{}", urls.join(" ")).unwrap();
    std::future::pending::<()>().await;
}

/// A copy of this program that holds servers.
struct Holder {
    child: Child,
    /// Read no further, but kept open: the copy may still print.
    _output: BufReader<ChildStdout>,
    /// Addresses in the order documents, cache, AWS.
    urls: Vec<String>,
    /// Its temporary files.
    temporary: TempDir,
}

impl Holder {
    fn start(data: Option<&Path>) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "outlive::holder", "--ignored", "--nocapture"]).stdout(Stdio::piped());
        command.env("TMPDIR", temporary.path());
        if let Some(folder) = data {
            command.env(DATA, folder);
        }
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let line = output.by_ref().lines().map(Result::unwrap).find(|line| line.starts_with("mongodb://")).unwrap();
        let urls = line.split(' ').map(str::to_owned).collect();
        Self { child, _output: output, urls, temporary }
    }

    /// SIGKILL: nothing of the copy runs any more.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGKILL for every guard of the copy, which itself goes on.
    #[cfg(target_os = "linux")]
    fn kill_guards(&self) {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let guards = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap());
        let kill = format!("kill -KILL {}", guards.collect::<String>());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    fn assert_all_gone(&self) {
        for url in &self.urls {
            eventually(&format!("{url} is gone"), || !listens(socket(url)));
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds a document and says how many there are.
async fn write(uri: &str) -> u64 {
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    let collection = client.database("t").collection::<Document>("c");
    collection.insert_one(doc! {}).await.unwrap();
    collection.count_documents(doc! {}).await.unwrap()
}

async fn documents_in(folder: &Path) -> Servers {
    let wanted = Wanted { documents: true, cache: false, aws: false };
    Servers::start(&installation(), wanted, Storage::Disk(folder.to_owned())).await.unwrap()
}

#[test]
fn kill_9_of_the_parent_leaves_no_server_and_no_temporary_file() {
    let mut holder = Holder::start(None);
    holder.kill();
    holder.assert_all_gone();
    let left = || std::fs::read_dir(holder.temporary.path()).unwrap().count();
    eventually("temporary files are gone", || left() == 0);
}

#[tokio::test]
async fn documents_survive_kill_9_of_the_parent_and_the_next_start_waits_for_the_old_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut holder = Holder::start(Some(folder.path()));
    assert_eq!(write(&holder.urls[0]).await, 1);
    holder.kill();
    let servers = documents_in(folder.path()).await;
    assert_eq!(write(servers.mongodb_uri().unwrap()).await, 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn kill_9_of_the_guards_takes_the_servers_along_and_loses_no_acknowledged_document() {
    let folder = tempfile::tempdir().unwrap();
    let holder = Holder::start(Some(folder.path()));
    for count in 1..=50 {
        assert_eq!(write(&holder.urls[0]).await, count);
    }
    holder.kill_guards();
    holder.assert_all_gone();
    let servers = documents_in(folder.path()).await;
    assert_eq!(write(servers.mongodb_uri().unwrap()).await, 51);
}

#[tokio::test]
async fn a_data_folder_in_use_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let _first = documents_in(folder.path()).await;
    let wanted = Wanted { documents: true, cache: false, aws: false };
    let second = Servers::start(&installation(), wanted, Storage::Disk(folder.path().to_owned())).await;
    let error = second.unwrap_err().to_string();
    assert!(error.contains("in use by another run") && error.lines().count() == 1, "{error}");
}
