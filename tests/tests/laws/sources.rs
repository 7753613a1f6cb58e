//! What sources must not hold.

use crate::files::{Source, rust, sources};

/// The most lines a source may have.
const LONGEST: usize = 500;

#[test]
fn no_file_is_longer_than_500_lines() {
    let long = |source: &Source| source.text.lines().count() > LONGEST;
    let found: Vec<_> = sources().into_iter().filter(long).map(|source| source.path).collect();
    assert!(found.is_empty(), "over {LONGEST} lines: {}", found.join(", "));
}

/// Names of the Realtime API's beta, which the service took out in May 2026; the GA names are others. Quoted,
/// since some are the beginning of a name that is still good.
const BETA: &[&str] = &[
    "\"response.audio.",
    "\"response.audio_transcript.",
    "\"response.text.",
    "\"modalities\"",
    "\"max_response_output_tokens\"",
    "\"temperature\"",
    "input_audio_format",
    "output_audio_format",
    "g711_ulaw",
    "g711_alaw",
    "OpenAI-Beta",
    "openai-beta",
];

#[test]
fn the_bridge_speaks_no_beta() {
    let found = places(&rust("bridge/src"), BETA);
    assert!(found.is_empty(), "names of the beta:\n{}", found.join("\n"));
}

/// Ways to ask the machine for the time, for chance or for its environment. `Instant::now` is none of them:
/// durations are measured, not believed.
const ASKED: &[&str] = &[
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "env::var",
    "rand::random",
    "rand::rng",
    "SysRng",
    "OsRng",
    "getrandom",
];

/// Where that is the file's purpose.
const ASKING: &[&str] = &[
    "shared/config/src/env.rs",      // the environment is read here, once, for `main`
    "shared/services/src/system.rs", // the real clock and real chance, handed to everything else
    "functions/docs/src/lib.rs",     // request ids of the one function that has no services
];

#[test]
fn time_chance_and_environment_arrive_from_outside() {
    let crates = ["domain", "config", "store", "clients", "services", "api"].map(|name| format!("shared/{name}/src"));
    let mut searched: Vec<_> = crates.iter().flat_map(|folder| rust(folder)).collect();
    searched.extend(rust("functions").into_iter().filter(|source| source.path.contains("/src/")));
    searched.retain(|source| !ASKING.contains(&source.path.as_str()));
    let found = places(&searched, ASKED);
    assert!(found.is_empty(), "asked below `main`:\n{}", found.join("\n"));
}

#[test]
fn a_file_that_may_ask_does_ask() {
    for path in ASKING {
        let searched = rust(path);
        assert!(!places(&searched, ASKED).is_empty(), "{path} needs no exception any more");
    }
}

/// Lines of code that hold one of these words.
fn places(searched: &[Source], words: &[&str]) -> Vec<String> {
    let lines = searched.iter().flat_map(|source| source.code().map(move |(at, line)| (source, at, line)));
    let found = lines.filter(|(_, _, line)| words.iter().any(|word| line.contains(word)));
    found.map(|(source, at, line)| format!("{}:{at}: {}", source.path, line.trim())).collect()
}
