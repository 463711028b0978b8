//! The files of a folder that are worth reading.
//!
//! Walking is `walkdir`'s: its cousin `ignore` would also heed `.gitignore`, and what is kept out of a repository is often
//! the very thing to be searched. Globs are `fast-glob`'s, which is a few hundred lines where `globset` brings a
//! regular expression engine.
//!
//! Nothing here fails as a whole. What cannot be taken is a [`Problem`] with its name and the reason, and the rest goes
//! on.

mod globs;

use std::{
    collections::HashSet,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::{
        fd::AsRawFd as _,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    time::SystemTime,
};

use walkdir::{DirEntry, WalkDir};

pub use self::globs::{GlobError, Globs};
use super::extract::{ExtractError, Kind, MAX_FILE_BYTES};

/// Files of a folder at most; those that come after in the order of their names are left out, with a problem.
pub const MAX_FILES: usize = 100_000;
/// Entries of a folder, of any kind, that are looked at.
pub const MAX_ENTRIES: usize = 1_000_000;
/// Folders within folders.
pub const MAX_DEPTH: usize = 32;
/// Bytes of a path within the folder.
pub const MAX_PATH_BYTES: usize = 1024;
/// Problems that are told by name; further ones are only counted.
pub const MAX_PROBLEMS: usize = 1_000;

/// Seconds that the coarsest clock of a file system in use stands still.
const CLOCK: i64 = 2;

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path within the folder, with `/`, without control characters; at most [`MAX_PATH_BYTES`].
    pub path: String,
    /// Where it really lies: absolute, without links.
    pub real: PathBuf,
    /// Its size when it was seen, at most [`MAX_FILE_BYTES`].
    pub bytes: u64,
    /// When it was last changed, as the file system says.
    pub modified: SystemTime,
    /// When its inode was, which nobody can set back: nanoseconds since 1970. Zero where that was only just now, for
    /// the file system's clock may stand still until another change, which would then look the same.
    pub changed: i64,
    /// What it is, by its name.
    pub kind: Kind,
}

/// What could not be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path within the folder, fit to be shown: odd characters are escaped.
    pub path: String,
    /// A sentence that goes on from the path, without its full stop.
    pub reason: String,
}

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The files to be read, by path, each once.
    pub files: Vec<SourceFile>,
    /// What could not be taken, in the order of its finding. At most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: usize,
    /// Files and folders that are there, by path, and could not be looked at: what they hold is not known. An empty
    /// one is the whole folder.
    pub unseen: Vec<String>,
    /// Whether something went while it was looked at: what is missing may be elsewhere in the folder.
    pub is_torn: bool,
}

/// Whether a character changes the direction of those around it, or ends a line: a name with it reads as another.
fn turns(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Looks through a folder. The same folder gives the same walk, in the same order.
pub fn walk(folder: &Path, globs: &Globs) -> Walk {
    let mut walker = Walker {
        globs,
        root: PathBuf::new(),
        links: Vec::new(),
        walk: Walk::default(),
    };
    match fs::canonicalize(folder) {
        Ok(root) if root.is_dir() => walker.root = root,
        Ok(_) => {
            walker.problem(folder, "is not a folder");
            return walker.walk;
        }
        Err(error) => {
            walker.problem(folder, format!("cannot be opened: {error}"));
            return walker.walk;
        }
    }
    walker.entries();
    walker.links();
    walker.done()
}

struct Walker<'a> {
    globs: &'a Globs,
    /// The folder, without links.
    root: PathBuf,
    /// Links, to be judged when it is known what is found without them.
    links: Vec<String>,
    walk: Walk,
}

impl Walker<'_> {
    fn entries(&mut self) {
        let mut entries = WalkDir::new(&self.root)
            .min_depth(1)
            .max_depth(MAX_DEPTH)
            .sort_by_file_name()
            .into_iter();
        let mut seen = 0;
        while let Some(entry) = entries.next() {
            seen += 1;
            if seen > MAX_ENTRIES {
                let root = self.root.clone();
                self.problem(
                    &root,
                    format!("holds more than {MAX_ENTRIES} entries; the rest is left out"),
                );
                return;
            }
            match entry {
                Ok(entry) => {
                    let folder = entry.file_type().is_dir();
                    if !self.entry(&entry) && folder {
                        entries.skip_current_dir();
                    }
                }
                Err(error) => {
                    let path = error.path().unwrap_or(&self.root).to_owned();
                    let error = error.into_io_error();
                    let error = error.unwrap_or_else(|| io::Error::other("a loop of links"));
                    self.unseen(&path, &error);
                }
            }
        }
    }

    /// Takes an entry. Whether a folder is to be walked.
    fn entry(&mut self, entry: &DirEntry) -> bool {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            return false;
        }
        let kind = entry.file_type();
        // A name that concerns nobody is no problem, however odd; a link may lead to a folder, whatever its name.
        let is_link_to_folder = kind.is_symlink() && entry.path().is_dir();
        if !kind.is_dir() && !is_link_to_folder && Kind::of(Path::new(entry.file_name())).is_none()
        {
            return false;
        }
        let path = match self.name(entry.path()) {
            Ok(path) => path,
            Err(reason) => {
                self.problem(entry.path(), reason);
                return false;
            }
        };
        if kind.is_dir() {
            let wanted = !self.globs.excludes_folder(&path);
            if wanted && entry.depth() == MAX_DEPTH {
                self.problem(
                    entry.path(),
                    format!("lies more than {MAX_DEPTH} folders deep"),
                );
            }
            return wanted;
        }
        if self.globs.excludes(&path) || !self.globs.wants(&path) {
            return false;
        }
        if kind.is_symlink() {
            self.links.push(path);
        } else {
            self.file(path, entry.path().to_owned());
        }
        false
    }

    /// The path within the folder, if it can be told to others as it is.
    fn name(&self, path: &Path) -> Result<String, String> {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let Some(name) = inside.to_str() else {
            return Err("has a name that is not UTF-8; rename it".into());
        };
        if name.contains(char::is_control) {
            return Err(
                "has a line's end or another control character in its name; rename it".into(),
            );
        }
        if name.contains(turns) {
            return Err("has a sign in its name that turns letters around; rename it".into());
        }
        if name.len() > MAX_PATH_BYTES {
            return Err(format!(
                "has a path of more than {MAX_PATH_BYTES} bytes; move it further up"
            ));
        }
        Ok(name.to_owned())
    }

    fn file(&mut self, path: String, real: PathBuf) {
        let Some(kind) = Kind::of(Path::new(&path)) else {
            return;
        };
        match fs::symlink_metadata(&real) {
            Ok(found) if !found.is_file() => self.problem(&real, "is not a file that can be read"),
            Ok(found) if found.len() > MAX_FILE_BYTES => {
                self.problem(&real, format!("is left out: {}", ExtractError::TooLarge));
            }
            Ok(found) if self.globs.max_bytes.is_some_and(|max| found.len() > max) => {
                self.problem(&real, "is left out: it is larger than `max_file` allows");
            }
            Ok(_) if self.walk.files.len() == MAX_FILES => {
                self.problem(
                    &real,
                    format!("is left out: the folder holds more than {MAX_FILES} files"),
                );
            }
            Ok(found) => self.walk.files.push(SourceFile {
                path,
                real,
                bytes: found.len(),
                modified: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                changed: changed(&found),
                kind,
            }),
            Err(error) => self.unseen(&real, &error),
        }
    }

    /// Tells of what is there and cannot be looked at. What has gone since it was listed may have been moved to where the
    /// walk has been already, with all that is in it: where that is, if anywhere, the next one finds.
    fn unseen(&mut self, path: &Path, error: &io::Error) {
        let inside = path.strip_prefix(&self.root).unwrap_or(Path::new(""));
        if error.kind() == io::ErrorKind::NotFound && !inside.as_os_str().is_empty() {
            self.walk.is_torn = true;
            return;
        }
        match self.walk.unseen.len() {
            ..MAX_PROBLEMS => {
                let inside = inside.to_string_lossy().into_owned();
                self.walk.unseen.push(inside);
            }
            MAX_PROBLEMS => self.walk.unseen.push(String::new()),
            _ => {}
        }
        let reason = "cannot be looked at, and what was read of it before stays";
        self.problem(path, format!("{reason}: {error}"));
    }

    /// Judges the links. One to a file within the folder counts if the file is not found under its own name; so a
    /// folder that Kubernetes makes of links into a hidden one is read, and nothing is read twice.
    fn links(&mut self) {
        let mut known: HashSet<PathBuf> = self
            .walk
            .files
            .iter()
            .map(|file| file.real.clone())
            .collect();
        for path in std::mem::take(&mut self.links) {
            let link = self.root.join(&path);
            match fs::canonicalize(&link) {
                Err(error) => self.problem(&link, format!("is a link that leads nowhere: {error}")),
                Ok(real) if !real.starts_with(&self.root) => {
                    self.problem(&link, "is a link out of the folder, which is not followed");
                }
                Ok(real) if real.is_dir() => {
                    self.problem(&link, "is a link to a folder, which is not followed");
                }
                Ok(real) => {
                    if known.insert(real.clone()) {
                        self.file(path, real);
                    }
                }
            }
        }
    }

    fn problem(&mut self, path: &Path, reason: impl Into<String>) {
        if self.walk.problems.len() == MAX_PROBLEMS {
            self.walk.more_problems += 1;
            return;
        }
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let is_root = inside.as_os_str().is_empty();
        let inside = if is_root { path } else { inside };
        let mut shown = String::new();
        for chunk in inside.as_os_str().as_encoded_bytes().utf8_chunks() {
            shown.extend(chunk.valid().chars().flat_map(|c| {
                let odd = c.is_control() || turns(c) || c == '\\';
                let escaped = odd.then(|| c.escape_default()).into_iter().flatten();
                escaped.chain((!odd).then_some(c))
            }));
            shown.extend(
                chunk
                    .invalid()
                    .iter()
                    .flat_map(|byte| std::ascii::escape_default(*byte))
                    .map(char::from),
            );
        }
        self.walk.problems.push(Problem {
            path: shown,
            reason: reason.into(),
        });
    }

    fn done(mut self) -> Walk {
        self.walk.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.walk
    }
}

fn changed(found: &Metadata) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs().cast_signed());
    match found.ctime() + CLOCK < seconds {
        true => found.ctime() * 1_000_000_000 + found.ctime_nsec(),
        false => 0,
    }
}

impl SourceFile {
    /// Its bytes, one more than [`MAX_FILE_BYTES`] at most: it may have grown since it was seen.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let file = self.open()?;
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or_default());
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Opens it, unless something else lies there by now: a link out of the folder, or a pipe to wait at for ever.
    fn open(&self) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&self.real)?;
        // What was opened is asked, not its name: a folder on the way may have become a link.
        let opened = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        if opened != self.real || !file.metadata()?.is_file() {
            let why = "another file has taken its place";
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests;
