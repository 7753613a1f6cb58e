//! The files of the repository, as the laws read them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::root;

/// What is written by people and read by a compiler or an interpreter. Lock files, generated documents, data
/// and prose have no limit.
const SOURCES: &[&str] = &["rs", "sh", "py", "yaml", "yml", "toml", "js"];

/// A source file.
pub(crate) struct Source {
    /// Relative to the workspace.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The code with its line numbers, without the lines that are comments.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every source file of the repository, also those that are not committed yet.
pub(crate) fn sources() -> Vec<Source> {
    let found: Vec<_> = paths().into_iter().filter_map(source).collect();
    assert!(found.len() > 200, "only {} sources were found", found.len());
    found
}

/// The Rust files below a folder.
pub(crate) fn rust(folder: &str) -> Vec<Source> {
    let is_ours = |source: &Source| {
        let path = Path::new(&source.path);
        path.starts_with(folder) && path.extension().is_some_and(|extension| extension == "rs")
    };
    let found: Vec<_> = sources().into_iter().filter(is_ours).collect();
    assert!(!found.is_empty(), "there is no Rust in {folder}");
    found
}

fn source(path: String) -> Option<Source> {
    let extension = Path::new(&path).extension();
    if extension.is_some_and(|extension| !SOURCES.contains(&extension.to_str().unwrap_or_default())) {
        return None;
    }
    // Deleted and not committed yet, or no text.
    let text = fs::read_to_string(root().join(&path)).ok()?;
    (extension.is_some() || text.starts_with("#!")).then_some(Source { path, text })
}

fn paths() -> Vec<String> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    match Command::new("git").current_dir(root()).args(list).output() {
        Ok(said) if said.status.success() => {
            let names = String::from_utf8(said.stdout).unwrap();
            names.split_terminator('\0').map(str::to_owned).collect()
        }
        // An archive of the sources.
        _ => {
            let mut found = Vec::new();
            walk(&root(), &mut found);
            found
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => {
                let built = ["target", ".local", ".git", ".aws-sam"].iter().any(|built| name == *built);
                if !built {
                    walk(&path, found);
                }
            }
            kind if kind.is_file() => found.extend(path.strip_prefix(root()).unwrap().to_str().map(str::to_owned)),
            _ => {}
        }
    }
}
