//! What is printed: answers to standard output, everything else to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

use std::io::Write as _;

/// A line of the answer.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A part of a line, shown at once.
pub(crate) fn say_on(part: &str) {
    print!("{part}");
    // A closed standard output is no reason to stop.
    std::io::stdout().flush().ok();
}

/// Why it did not work.
pub(crate) fn complain(line: &str) {
    eprintln!("error: {line}");
}

/// What is going on.
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}
