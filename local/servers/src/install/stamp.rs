//! A file in the environment that says from what it was made. It is written last.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Recipe, program, python, remove};
use crate::Error;

/// Whether the environment was finished, from this recipe, and still runs with the Python it was made with.
pub(super) fn matches(venv: &Path, recipe: &Recipe<'_>) -> bool {
    let Ok(there) = fs::read(path(venv)) else { return false };
    expected(venv, recipe).is_some_and(|text| text.as_bytes() == there)
        && recipe.programs.iter().all(|name| program(venv, name).is_file())
}

pub(super) fn write(venv: &Path, recipe: &Recipe<'_>) -> Result<(), Error> {
    let path = path(venv);
    remove(&path)?;
    fs::write(&path, expected(venv, recipe).unwrap_or_default()).map_err(Error::at(&path))
}

fn path(venv: &Path) -> PathBuf {
    venv.join("made-from.txt")
}

/// Version of the environment's Python and the whole list of packages; `None` when that Python does not run.
fn expected(venv: &Path, recipe: &Recipe<'_>) -> Option<String> {
    let version = python::version(&program(venv, "python"))?;
    Some(format!("python {version}\n{}", recipe.requirements))
}
