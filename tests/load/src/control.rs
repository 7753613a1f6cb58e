//! What loopback and the scheduler of this machine take by themselves: a relay with the bridge's sockets and none of
//! its work, measured at the same time and under the same load.
//!
//! A packet as long as one with sound goes to the relay by UDP, and from there at once as a message as long as an
//! `append` by TCP; a message as long as a delta goes the other way. What remains of the bridge's latency when this is
//! taken away is what the bridge adds.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::board::{Board, lock};
use crate::histogram::Histogram;

/// Bytes of an RTP packet, of an `append` and of a delta.
const PACKET: usize = 172;
const APPEND: usize = 270;
const DELTA: usize = 1200;

/// Between two measurements of the same direction; no divisor of 20 ms, so that all phases of a tick are met.
const EVERY: Duration = Duration::from_micros(7_300);

/// The relay: does at once what a bridge does after some thought.
///
/// # Errors
/// When the parent is not there.
pub fn relay(parent: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(parent)?;
    stream.set_nodelay(true)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(io::stdout(), "{}", socket.local_addr()?.port())?;
    let (mut reader, sender) = (stream.try_clone()?, socket.try_clone()?);
    // Told by the first packet.
    let peer = Arc::new(Mutex::new(None));
    let known = Arc::clone(&peer);
    thread::spawn(move || {
        let mut delta = [0; DELTA];
        while reader.read_exact(&mut delta).is_ok() {
            let Some(to) = *lock(&known) else { continue };
            let _ = sender.send_to(&delta[..PACKET], to);
        }
    });
    let (mut packet, mut append) = ([0; PACKET], [0; APPEND]);
    loop {
        let (length, from) = socket.recv_from(&mut packet)?;
        *lock(&peer) = Some(from);
        append[..length].copy_from_slice(&packet[..length]);
        if stream.write_all(&append).is_err() {
            return Ok(());
        }
    }
}

/// A running control measurement.
pub struct Control {
    relay: Child,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    inward: Arc<Mutex<Histogram>>,
    outward: Arc<Mutex<Histogram>>,
}

impl Control {
    /// Starts the relay, a process of this program, and measures while the board says so.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(program: &Path, board: &Arc<Board>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let parent = listener.local_addr()?.to_string();
        let mut relay = Command::new(program).args(["relay", &parent]).stdout(Stdio::piped()).spawn()?;
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut line = String::new();
        let out = relay.stdout.take().ok_or_else(|| io::Error::other("the relay says nothing"))?;
        BufReader::new(out).read_line(&mut line)?;
        let port: u16 = line.trim().parse().map_err(io::Error::other)?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;

        let stop = Arc::new(AtomicBool::new(false));
        let (inward, outward) = (Arc::<Mutex<Histogram>>::default(), Arc::<Mutex<Histogram>>::default());
        let mut threads = Vec::new();
        let mut spawn = |work: Box<dyn FnOnce() + Send>| threads.push(thread::spawn(work));
        {
            let (socket, mut stream, stop, board) =
                (socket.try_clone()?, stream.try_clone()?, stop.clone(), board.clone());
            spawn(Box::new(move || {
                let start = Instant::now();
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    thread::sleep((start + EVERY * n).saturating_duration_since(Instant::now()));
                    let mut packet = [0; PACKET];
                    packet[..8].copy_from_slice(&board.clock.stamp(Instant::now()).to_le_bytes());
                    let _ = socket.send(&packet);
                    thread::sleep(EVERY / 2);
                    let mut delta = [0; DELTA];
                    delta[..8].copy_from_slice(&board.clock.stamp(Instant::now()).to_le_bytes());
                    if stream.write_all(&delta).is_err() {
                        return;
                    }
                }
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }));
        }
        {
            let (mut stream, board, figures) = (stream, board.clone(), Arc::clone(&inward));
            spawn(Box::new(move || {
                let mut append = [0; APPEND];
                while stream.read_exact(&mut append).is_ok() {
                    count(&board, &figures, &append);
                }
            }));
        }
        {
            let (stop, board, figures) = (stop.clone(), board.clone(), Arc::clone(&outward));
            spawn(Box::new(move || {
                let mut packet = [0; PACKET];
                while !stop.load(Ordering::Relaxed) {
                    if socket.recv(&mut packet).is_ok() {
                        count(&board, &figures, &packet);
                    }
                }
            }));
        }
        Ok(Self { relay, stop, threads, inward, outward })
    }

    /// Ends it; what the ways inward and outward took.
    pub fn finish(mut self) -> (Histogram, Histogram) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
        self.relay.kill().ok();
        self.relay.wait().ok();
        (lock(&self.inward).clone(), lock(&self.outward).clone())
    }
}

fn count(board: &Board, figures: &Mutex<Histogram>, message: &[u8]) {
    let now = Instant::now();
    let Some(stamp) = message.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else { return };
    if board.measuring.load(Ordering::Relaxed) {
        lock(figures).add(board.clock.since(stamp, now));
    }
}
