//! Which files of a folder are wanted, by their names.

use std::path::Path;

/// Which files of a folder are wanted.
///
/// A glob with a `/` in it is held against the path within the folder, one without against the name alone, at any
/// depth. One that ends in `/` means a folder with all that is in it. `*` and `?` stay within a name, `**` does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Globs {
    include: Vec<String>,
    exclude: Vec<String>,
    /// Bytes of a file, if they are to be fewer than [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES).
    pub(super) max_bytes: Option<u64>,
}

/// A glob that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is not a glob: {reason}")]
pub struct GlobError {
    /// As it was written.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Globs {
    /// Files that match one of `include` (all, if there is none) and none of `exclude`.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, GlobError> {
        let read = |globs: &[String]| -> Result<_, GlobError> {
            globs.iter().map(|glob| normal(glob)).collect()
        };
        Ok(Self {
            include: read(include)?,
            exclude: read(exclude)?,
            max_bytes: None,
        })
    }

    /// Of these only files of at most so many bytes.
    pub fn up_to(self, max_bytes: u64) -> Self {
        let max_bytes = Some(max_bytes);
        Self { max_bytes, ..self }
    }

    /// A folder that is included by its name is so with all that is in it.
    pub(super) fn wants(&self, path: &str) -> bool {
        let is_name = |glob: &str| !glob.contains(['*', '?', '[', '{']);
        let is_of = |glob: &String| {
            matches(glob, path) || is_name(glob) && above(path).any(|folder| matches(glob, folder))
        };
        self.include.is_empty() || self.include.iter().any(is_of)
    }

    /// Whether a file that lies there, of so many bytes, is one to be read.
    pub fn takes(&self, path: &str, bytes: u64) -> bool {
        self.wants(path)
            && !self.excludes(path)
            && !above(path).any(|folder| self.excludes_folder(folder))
            && self.max_bytes.is_none_or(|max| bytes <= max)
    }

    pub(super) fn excludes(&self, path: &str) -> bool {
        self.exclude.iter().any(|glob| matches(glob, path))
    }

    pub(super) fn excludes_folder(&self, path: &str) -> bool {
        let whole = |glob: &String| {
            glob.strip_suffix("/**")
                .is_some_and(|folder| matches(folder, path))
        };
        self.excludes(path) || self.exclude.iter().any(whole)
    }
}

/// The folders that a path lies in, the innermost first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let above = Path::new(path).ancestors().skip(1);
    above
        .filter_map(Path::to_str)
        .filter(|folder| !folder.is_empty())
}

/// A glob in the form that [`matches()`] takes.
fn normal(glob: &str) -> Result<String, GlobError> {
    let fault = |reason: String| GlobError {
        glob: glob.into(),
        reason,
    };
    fast_glob::validate(glob).map_err(|error| fault(error.to_string()))?;
    let inside = glob.trim_start_matches("./");
    match inside {
        "" | "/" => Err(fault("it names nothing".into())),
        // The whole list is either wanted or not; a glob that takes back another would depend on their order.
        _ if inside.starts_with('!') => {
            Err(fault("write what is not wanted under `exclude`".into()))
        }
        _ => match inside.strip_suffix('/') {
            Some(folder) if folder.contains('/') => {
                Ok(format!("{}/**", folder.trim_start_matches('/')))
            }
            Some(folder) => Ok(format!("**/{folder}/**")),
            None => Ok(inside.to_owned()),
        },
    }
}

fn matches(glob: &str, path: &str) -> bool {
    if let Some(anchored) = glob.strip_prefix('/') {
        return fast_glob::glob_match(anchored, path);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    fast_glob::glob_match(glob, if glob.contains('/') { path } else { name })
}
