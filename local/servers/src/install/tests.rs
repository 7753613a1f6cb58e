//! Installation with an environment that holds nothing but pip: the same code, seconds instead of half a minute.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use super::{Recipe, install, python};
use crate::{Error, Progress, Quiet};

const EMPTY: Recipe<'_> = Recipe { requirements: "# nothing\n", programs: &["pip"] };

/// Remembers the names of the steps.
#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Progress for Steps {
    fn begin(&self, name: &str) {
        self.0.lock().unwrap().push(name.to_owned());
    }
    fn advance(&self, _: usize, _: usize, _: &str) {}
    fn end(&self) {}
}

impl Steps {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn fake_python(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_second_start_does_nothing_and_a_damaged_environment_is_made_anew() {
    let root = tempfile::tempdir().unwrap();
    let venv = root.path().join(".local/venv");
    let again = |why: &str, steps: usize| {
        let heard = Steps::default();
        install(root.path(), &EMPTY, &heard).unwrap();
        assert_eq!(heard.count(), steps, "{why}");
    };
    again("the first start makes the environment", 2);
    again("the second finds it", 0);
    fs::write(venv.join("made-from.txt"), [0xff, 0x00]).unwrap();
    again("garbage in the stamp", 2);
    fs::remove_dir_all(&venv).unwrap();
    fs::write(&venv, "not a folder").unwrap();
    again("a file where the environment should be", 2);
    fs::remove_file(venv.join("bin/python")).unwrap();
    let other = Steps::default();
    install(root.path(), &Recipe { requirements: "# other\n", programs: &[] }, &other).unwrap();
    assert_eq!(other.count(), 2, "no Python in it, and another list of packages");
}

#[test]
fn two_processes_install_once() {
    let root = tempfile::tempdir().unwrap();
    let heard = Steps::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| install(root.path(), &EMPTY, &heard).unwrap());
        }
    });
    let steps = heard.0.lock().unwrap();
    assert_eq!(steps.iter().filter(|name| name.starts_with("Making")).count(), 1, "{steps:?}");
}

#[test]
fn a_package_without_its_hash_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let error = install(root.path(), &Recipe { requirements: "six==1.17.0\n", programs: &[] }, &Quiet).unwrap_err();
    assert!(matches!(error, Error::Install { .. }), "{error}");
    assert_eq!(error.to_string().lines().count(), 1);
}

#[test]
fn a_file_named_dot_local_is_reported_by_its_path() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".local"), "").unwrap();
    let error = install(root.path(), &EMPTY, &Quiet).unwrap_err().to_string();
    assert!(error.contains(".local cannot be used") && error.contains("remove it"), "{error}");
}

#[test]
fn no_python_at_all() {
    let error = python::find(OsStr::new("")).unwrap_err().to_string();
    assert_eq!(error, "Python was not found: install Python 3.10, 3.11, 3.12 or 3.13 with its venv module.");
}

#[test]
fn only_an_old_python() {
    let folder = tempfile::tempdir().unwrap();
    fake_python(folder.path(), "python3", "echo 3 8");
    let error = python::find(folder.path().as_os_str()).unwrap_err().to_string();
    assert!(error.starts_with("Only Python 3.8 was found"), "{error}");
}

#[test]
fn a_python_without_venv_is_named_with_the_package_to_install() {
    let folder = tempfile::tempdir().unwrap();
    fake_python(folder.path(), "python3", r#"case "$*" in *ensurepip*) exit 1 ;; *) echo 3 11 ;; esac"#);
    let error = python::find(folder.path().as_os_str()).unwrap_err().to_string();
    assert!(error.contains("python3.11-venv"), "{error}");
}

#[test]
fn a_python_that_works_is_preferred_to_a_launcher_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    fake_python(folder.path(), "python3.12", "exit 127");
    fake_python(folder.path(), "python3", "echo 3 10");
    assert_eq!(python::find(folder.path().as_os_str()).unwrap(), folder.path().join("python3"));
}
