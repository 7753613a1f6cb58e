//! Recordings, from the sound of a call to a file that can be listened to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bridge::audio::frame::{Codec, FRAME_TIME, Frame};
use bridge::metrics::Metrics;
use bridge::recording::{Folder, Kept, RecordingKey, Recordings, RestoreError, S3, Vault, restore};
use domain::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use services::SystemRandom;
use testkit::house;

const CALL: &str = "0c4a1c9e";
/// Length of the header of the WAV files.
const HEAD: usize = 58;

fn key() -> RecordingKey {
    RecordingKey::new(&[7; 32])
}

fn recordings(vault: Arc<dyn Vault>, metrics: &Metrics) -> Recordings {
    Recordings::new(vault, key(), Arc::new(SystemRandom), metrics.clone())
}

/// A folder that is gone after the test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bianca-recording-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn vault(&self) -> Arc<dyn Vault> {
        Arc::new(Folder::new(&self.0))
    }

    fn call(&self) -> PathBuf {
        self.0.join(CALL)
    }

    fn segment(&self, number: u32) -> PathBuf {
        self.call().join(format!("{number:06}.seg"))
    }

    fn out(&self) -> PathBuf {
        self.0.join("out.wav")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Frame `n` of either side; no two that are near look alike.
fn caller(n: u32) -> [u8; 160] {
    [u8::try_from(n % 100).unwrap(); 160]
}

fn bianca(n: u32) -> Frame {
    Frame([u8::try_from(100 + n % 100).unwrap(); 160])
}

/// Records so many frames of both sides, as fast as they are taken.
async fn record(recordings: &Recordings, frames: u32) -> Kept {
    let (mut recorder, recording) = recordings.start(CALL, Codec::Ulaw);
    let start = Instant::now();
    for n in 0..frames {
        let now = start + FRAME_TIME * n;
        recorder.bianca(now, &bianca(n), 0);
        recorder.caller(now + FRAME_TIME, &caller(n));
        // A call would leave 20 ms for this.
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    drop(recorder);
    recording.kept().await
}

#[tokio::test]
async fn a_recording_is_restored_sample_by_sample() {
    let (place, metrics) = (Place::new(), Metrics::new());
    assert_eq!(record(&recordings(place.vault(), &metrics), 260).await, Kept { segments: 3, lost: 0 });
    let restored = restore(&place.call(), &key(), &place.out()).unwrap();
    assert_eq!((restored.segments, restored.missing, restored.complete), (3, 0, true));
    assert_eq!(restored.length, Duration::from_millis(5200));

    let wav = std::fs::read(place.out()).unwrap();
    assert_eq!(
        (&wav[..4], &wav[8..16], &wav[38..42], &wav[50..54]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"fact"[..], &b"data"[..])
    );
    let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
    assert_eq!((number(4), number(54), number(24)), (u32::try_from(wav.len() - 8).unwrap(), 260 * 320, 8000));
    for n in 0..260_u32 {
        let from = HEAD + usize::try_from(n).unwrap() * 320;
        for pair in wav[from..from + 320].chunks(2) {
            assert_eq!(pair, [caller(n)[0], bianca(n).0[0]], "frame {n}");
        }
    }
    assert!(metrics.text().contains("bridge_recording_segments_total{result=\"kept\"} 3\n"));
    assert!(matches!(restore(&place.call(), &key(), &place.out()), Err(RestoreError::Io(..))), "it was overwritten");
}

#[tokio::test]
async fn what_lies_in_the_folder_does_not_show_what_was_said() {
    let place = Place::new();
    record(&recordings(place.vault(), &Metrics::new()), 110).await;
    for number in 0..2 {
        let bytes = std::fs::read(place.segment(number)).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"RIFF"));
        assert!(!bytes.windows(12).any(|window| window.iter().all(|byte| *byte == window[0])));
    }
}

#[tokio::test]
async fn a_changed_moved_or_foreign_segment_is_refused() {
    let place = Place::new();
    record(&recordings(place.vault(), &Metrics::new()), 260).await;
    let refused = |place: &Place, number| {
        let error = restore(&place.call(), &key(), &place.out()).unwrap_err();
        assert!(matches!(&error, RestoreError::Refused(path) if *path == place.segment(number)), "{error}");
        assert!(!place.out().exists());
    };
    let segments: Vec<_> = (0..3).map(|number| std::fs::read(place.segment(number)).unwrap()).collect();

    let mut changed = segments[1].clone();
    changed[5000] ^= 1;
    std::fs::write(place.segment(1), &changed).unwrap();
    refused(&place, 1);

    std::fs::write(place.segment(1), &segments[0]).unwrap();
    std::fs::write(place.segment(0), &segments[1]).unwrap();
    refused(&place, 0);

    std::fs::write(place.segment(0), &segments[0]).unwrap();
    std::fs::write(place.segment(1), &segments[1]).unwrap();
    // However the folder is named.
    let inside = place.call().join("inside");
    std::fs::create_dir(&inside).unwrap();
    restore(&inside.join(".."), &key(), &place.out()).unwrap();
    std::fs::remove_file(place.out()).unwrap();

    // The same segments as another call's.
    let other = place.0.join("another");
    std::fs::rename(place.call(), &other).unwrap();
    assert!(matches!(restore(&other, &key(), &place.out()), Err(RestoreError::Refused(_))));
    assert!(matches!(restore(&place.0, &key(), &place.out()), Err(RestoreError::Empty(_))));
}

/// Takes the first and then nothing more, like a disk that is full.
struct Full(Arc<dyn Vault>, AtomicU32);

impl Vault for Full {
    fn put(&self, name: String, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        match self.1.fetch_add(1, Ordering::Relaxed) {
            1 | 2 => std::future::ready(Err(Error::unavailable("recordings", "no space left"))).boxed(),
            _ => self.0.put(name, bytes),
        }
    }
}

#[tokio::test]
async fn a_full_disk_costs_the_segments_that_did_not_fit_and_no_more() {
    let (place, metrics) = (Place::new(), Metrics::new());
    let full = Arc::new(Full(place.vault(), AtomicU32::new(0)));
    assert_eq!(record(&recordings(full, &metrics), 460).await, Kept { segments: 3, lost: 2 });
    assert!(metrics.text().contains("bridge_recording_segments_total{result=\"lost\"} 2\n"));
    let restored = restore(&place.call(), &key(), &place.out()).unwrap();
    assert_eq!((restored.segments, restored.missing, restored.complete), (3, 2, true));
    let wav = std::fs::read(place.out()).unwrap();
    // Silence where something is missing; what follows is where it belongs.
    let frame = |n: usize| &wav[HEAD + n * 320..][..2];
    assert_eq!((frame(150), frame(250), frame(450)), (&[0xFF, 0xFF][..], &[0xFF, 0xFF][..], &[50, 150][..]));
}

/// Never answers.
struct Stuck;

impl Vault for Stuck {
    fn put(&self, _: String, _: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn storage_that_does_not_answer_never_holds_up_the_call() {
    let metrics = Metrics::new();
    let (mut recorder, _recording) = recordings(Arc::new(Stuck), &metrics).start(CALL, Codec::Ulaw);
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    for n in 0..3000 {
        let now = start + FRAME_TIME * n;
        let began = Instant::now();
        recorder.bianca(now, &bianca(n), 0);
        recorder.caller(now, &caller(n));
        slowest = slowest.max(began.elapsed());
        tokio::task::yield_now().await;
    }
    // The storage takes for ever; anything near a second would be waiting for it.
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let text = metrics.text();
    let dropped = text.lines().find_map(|line| line.strip_prefix("bridge_recording_dropped_frames_total "));
    let dropped: u32 = dropped.unwrap().parse().unwrap();
    // A minute of both sides, less what the window and the channel hold: 2.5 s and not quite 4 s.
    assert!((5000..6000).contains(&dropped), "{dropped}");
}

const FOLDER: &str = "BIANCA_TEST_FOLDER";

#[tokio::test]
#[ignore = "not a test: the process that the next one kills"]
async fn a_process_that_records_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let vault = Arc::new(Folder::new(Path::new(&folder)));
    let (mut recorder, _recording) = recordings(vault, &Metrics::new()).start(CALL, Codec::Ulaw);
    for n in 0.. {
        recorder.bianca(Instant::now(), &bianca(n), 0);
        recorder.caller(Instant::now(), &caller(n));
        tokio::time::sleep(FRAME_TIME / 5).await;
    }
}

#[tokio::test]
async fn a_process_that_is_killed_loses_only_the_segment_it_was_filling() {
    let place = Place::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "recording::a_process_that_records_until_it_is_killed"])
        .env(FOLDER, &place.0)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !place.segment(2).exists() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing is recorded");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // SIGKILL: nothing in the process gets to run any more.
    child.kill().unwrap();
    child.wait().unwrap();
    let restored = restore(&place.call(), &key(), &place.out()).unwrap();
    assert!(restored.segments >= 3, "{restored:?}");
    assert_eq!((restored.missing, restored.complete), (0, false));
    assert_eq!(restored.length, Duration::from_secs(2) * restored.segments);
}

#[tokio::test]
async fn a_recording_in_s3_comes_back_from_there() {
    let env = house().env();
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let settings = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(settings);
    s3.create_bucket().bucket("recordings").send().await.unwrap();
    let vault = Arc::new(S3::new(&aws, "recordings", "dev"));
    assert_eq!(record(&recordings(vault, &Metrics::new()), 260).await, Kept { segments: 3, lost: 0 });

    let place = Place::new();
    std::fs::create_dir(place.call()).unwrap();
    for number in 0..3 {
        let name = format!("dev/{CALL}/{number:06}.seg");
        let object = s3.get_object().bucket("recordings").key(name).send().await.unwrap();
        std::fs::write(place.segment(number), object.body.collect().await.unwrap().into_bytes()).unwrap();
    }
    let restored = restore(&place.call(), &key(), &place.out()).unwrap();
    assert_eq!((restored.segments, restored.missing, restored.complete), (3, 0, true));

    let nowhere = Arc::new(S3::new(&aws, "no-such-bucket", ""));
    assert_eq!(record(&recordings(nowhere, &Metrics::new()), 10).await, Kept { segments: 0, lost: 1 });
}

fn restore_command(place: &Place, key: &str) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
    command.arg("--restore-recording").arg(place.call()).arg(place.out()).env_clear();
    command.env("BRIDGE_RECORDING_KEY", key).output().unwrap()
}

#[tokio::test]
async fn an_operator_restores_a_recording_with_the_key_and_with_no_other() {
    let place = Place::new();
    record(&recordings(place.vault(), &Metrics::new()), 110).await;
    // 32 times the byte 7, in base64; then 32 times 8; then no key at all.
    for (key, said) in
        [("CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=", "does not open"), ("secret", "32 random bytes in base64")]
    {
        let refused = restore_command(&place, key);
        assert!(!refused.status.success());
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains(said) && !error.contains(key), "{error}");
    }
    let done = restore_command(&place, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.ends_with("out.wav: 2 s from 2 segments, 0 missing; complete\n"), "{said}");
    assert_eq!(std::fs::metadata(place.out()).unwrap().len(), 58 + 110 * 320);
}
