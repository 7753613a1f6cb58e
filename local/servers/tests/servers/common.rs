//! What the tests of this crate share.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use local_servers::{Installation, Quiet};

/// The workspace's own installation, as `cargo run -p local` uses it.
pub fn installation() -> Installation {
    let workspace: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Installation::ensure(&workspace, &Quiet).unwrap()
}

/// The socket address in `scheme://host:port/...`.
pub fn socket(url: &str) -> SocketAddr {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap().parse().unwrap()
}

/// Whether somebody listens there.
pub fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

/// Looks until it is so; ten seconds is far beyond what a busy machine needs.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !so() {
        assert!(Instant::now() < deadline, "{what}: not within ten seconds");
        std::thread::sleep(Duration::from_millis(10));
    }
}
