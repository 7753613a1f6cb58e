//! The bridge as a process of its own, so that it can be killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command, Stdio};

use super::{folder, until, variable};

/// A bridge that runs; killed when dropped, as a machine that loses its power.
pub struct Bridge(Child);

impl Bridge {
    /// Starts it, with the environment that the system says it needs.
    pub fn start(environment: &BTreeMap<String, String>) -> Self {
        let log = File::create(folder("bridge").join("bridge.log")).expect("the folder of the run can be written");
        let output = log.try_clone().expect("a file has two handles");
        let mut command = Command::new(variable("BRIDGE_BIN"));
        command.envs(environment).stdin(Stdio::null()).stdout(output).stderr(log);
        Self(command.spawn().expect("BRIDGE_BIN is the program `bridge`"))
    }

    /// Waits until it takes calls.
    pub async fn is_ready(&self, environment: &BTreeMap<String, String>) {
        let url = format!("http://{}/readyz", environment["BRIDGE_HEALTH_ADDR"]);
        until("the bridge is ready", async || {
            let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
            if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
        })
        .await;
    }

    /// SIGTERM, and waits until it has ended by itself; answers whether it ended as it should.
    pub async fn ends_when_asked(mut self) -> bool {
        let asked = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status().expect("there is `kill`");
        assert!(asked.success(), "it runs");
        let child = std::cell::RefCell::new(&mut self.0);
        until("the bridge has ended", async || {
            child.borrow_mut().try_wait().expect("a child can be asked").ok_or_else(|| "it goes on".to_owned())
        })
        .await
        .success()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it was ours");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
