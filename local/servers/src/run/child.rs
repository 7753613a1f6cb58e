//! One server under its guard: started on a free port, watched until it answers, stopped.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{self, ChildStdin};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use super::kind::Kind;
use super::probe;
use crate::guard::{self, Terms};
use crate::{Error, Installation};

/// Time a server has to answer. Half a second is usual; a machine that compiles and tests at once needs more.
const DEADLINE: Duration = Duration::from_secs(30);
/// Ports to try. Another program can take one between our choice and the server's start.
const ATTEMPTS: usize = 5;
/// Between two looks at a server that starts or ends.
const PAUSE: Duration = Duration::from_millis(10);
/// Log lines in an error.
const TAIL: usize = 12;

/// Where a server works and how it ends.
#[derive(Debug)]
pub(super) struct Place {
    pub data: PathBuf,
    pub log: PathBuf,
    pub lock: Option<PathBuf>,
    /// Holds `data`; removed with the server.
    pub scratch: Option<TempDir>,
    pub grace: Duration,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Child {
    kind: Kind,
    port: u16,
    guard: process::Child,
    /// Closing it stops the server. Never inherited by other children: the standard library opens it close-on-exec.
    leash: Option<ChildStdin>,
    place: Place,
}

/// Why a server is not ready.
enum Trouble {
    PortTaken,
    Other(Error),
}

impl Child {
    pub(super) async fn start(installation: &Installation, kind: Kind, mut place: Place) -> Result<Self, Error> {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let port = free_port().map_err(|why| refused(kind, &format!("no free port: {why}"), ""))?;
            let command = kind.command(installation, port, &place.data, place.scratch.is_none());
            let mut child = Self::spawn(installation, kind, port, command, place)?;
            match child.ready().await {
                Ok(()) => return Ok(child),
                Err(Trouble::PortTaken) if left > 0 => place = child.abandon().await,
                Err(Trouble::PortTaken) => return Err(refused(kind, "every port tried was taken", &child.tail())),
                Err(Trouble::Other(error)) => return Err(error),
            }
        }
    }

    fn spawn(
        installation: &Installation,
        kind: Kind,
        port: u16,
        command: Vec<OsString>,
        place: Place,
    ) -> Result<Self, Error> {
        let log = File::create(&place.log).map_err(Error::at(&place.log))?;
        let errors = log.try_clone().map_err(Error::at(&place.log))?;
        let terms = Terms {
            grace: place.grace,
            lock: place.lock.as_deref(),
            remove: place.scratch.as_ref().map(TempDir::path),
        };
        let python = installation.python();
        let mut guard = guard::command(&python, &installation.guard(), terms)
            .args(command)
            .current_dir(&place.data)
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(Error::at(&python))?;
        let leash = guard.stdin.take();
        Ok(Self { kind, port, guard, leash, place })
    }

    /// Waits for the server's own word that it listens, then for its answer.
    async fn ready(&mut self) -> Result<(), Trouble> {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.guard.try_wait() {
                return Err(self.ended(status));
            }
            if self.log().contains(self.kind.announcement()) && probe::answers(self.kind, self.address()).await {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        let why = format!("no answer within {} s", DEADLINE.as_secs());
        Err(Trouble::Other(refused(self.kind, &why, &self.tail())))
    }

    fn ended(&self, status: process::ExitStatus) -> Trouble {
        let tail = self.tail();
        if status.code() == Some(guard::LOCK_BUSY) {
            return Trouble::Other(Error::Busy { path: self.place.data.clone() });
        }
        // "Address already in use" is the system's own wording (EADDRINUSE); all three servers print it.
        if tail.to_lowercase().contains("address already in use") {
            return Trouble::PortTaken;
        }
        Trouble::Other(refused(self.kind, &format!("it ended at once with {status}"), &tail))
    }

    /// Gives the folders back for another attempt.
    async fn abandon(mut self) -> Place {
        // The guard has ended by itself, so it removes nothing.
        self.stopped().await;
        let nothing =
            Place { data: PathBuf::new(), log: PathBuf::new(), lock: None, scratch: None, grace: Duration::ZERO };
        std::mem::replace(&mut self.place, nothing)
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(super) fn check(&mut self) -> Result<(), Error> {
        match self.guard.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(Error::Stopped { server: self.kind.name(), tail: self.tail() }),
        }
    }

    pub(super) fn ask_to_stop(&mut self) {
        self.leash = None;
    }

    /// Waits for the end; the guard kills a server that takes longer than its grace.
    pub(super) async fn stopped(&mut self) {
        let deadline = self.last_moment();
        while self.lives() && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
    }

    fn last_moment(&self) -> Instant {
        Instant::now() + self.place.grace + Duration::from_secs(2)
    }

    fn lives(&mut self) -> bool {
        matches!(self.guard.try_wait(), Ok(None))
    }

    fn log(&self) -> String {
        fs::read(&self.place.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Child {
    /// As [`super::Servers::shutdown`], for those who cannot await: returns when the port is free again.
    fn drop(&mut self) {
        self.ask_to_stop();
        let deadline = self.last_moment();
        while self.lives() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }
}

fn refused(kind: Kind, why: &str, tail: &str) -> Error {
    Error::Start { server: kind.name(), why: why.to_owned(), tail: tail.to_owned() }
}

/// A port that was free a moment ago; the system does not hand it out again soon.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
