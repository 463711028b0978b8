//! The database's file, made and claimed: one askd uses it, under one name.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process,
};

use super::OpenError;
use crate::config::{self, StorePath};

/// Makes the file, for askd's user alone, and takes the lock that says which askd uses it. The lock is a file of its
/// own: SQLite's locks on the database would go if the database were opened and closed beside it.
pub(super) fn claim(path: &Path) -> Result<File, OpenError> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |error| OpenError::Io { path, error }
    };
    if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
        make_directory(directory).map_err(fault(directory))?;
    }
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(fault(path)(io::Error::other("it is no file")));
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let beside = beside(&real(path).map_err(fault(path))?, ".lock");
    let lock = options.open(&beside).map_err(fault(&beside))?;
    match lock.try_lock() {
        // Who uses it, for `askd reload`; a full disk is no reason not to.
        Ok(()) => drop(
            lock.set_len(0)
                .and_then(|()| write!(&lock, "{}", process::id())),
        ),
        Err(TryLockError::WouldBlock) => {
            let path = path.display().to_string();
            return Err(OpenError::InUse { path });
        }
        Err(TryLockError::Error(error)) => return Err(fault(&beside)(error)),
    }
    match options.create_new(true).open(path) {
        Ok(_) => sync_directory_of(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fault(path)(error)),
    }
    let found = fs::metadata(path).map_err(fault(path))?;
    let links = found.nlink();
    if links > 1 {
        let path = path.display().to_string();
        return Err(OpenError::Linked { path, links });
    }
    Ok(lock)
}

/// Why the process that uses a file cannot be named.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// It is no file.
    #[error("conversations are kept in memory, which names no process; give it with --pid")]
    Memory,
    /// Nobody has it open.
    #[error(
        "no askd has {path} open; start one, name the right [store] (sudo STATE_DIRECTORY=/var/lib/askd for the \
         service's), or give the process with --pid"
    )]
    Nobody {
        /// The conversations' file.
        path: String,
    },
    /// It does not say.
    #[error(
        "{path} cannot be read: {error}; run this as root or as askd's user, or give the process with --pid"
    )]
    Unreadable {
        /// The file that says it.
        path: String,
        /// What the system says.
        error: io::Error,
    },
}

/// The process that uses the configured file now.
pub fn owner(config: &config::Store) -> Result<i32, OwnerError> {
    let StorePath::File(path) = &config.path else {
        return Err(OwnerError::Memory);
    };
    let nobody = || OwnerError::Nobody {
        path: path.display().to_string(),
    };
    let beside = beside(&real(path).map_err(|_| nobody())?, ".lock");
    let unreadable = |error| OwnerError::Unreadable {
        path: beside.display().to_string(),
        error,
    };
    let lock = match File::open(&beside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nobody()),
        opened => opened.map_err(unreadable)?,
    };
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) => return Err(nobody()),
        Err(TryLockError::Error(error)) => return Err(unreadable(error)),
    }
    let written = io::read_to_string(lock).map_err(unreadable)?;
    let process = written.trim().parse();
    process.map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// Makes a directory and those that lead to it, for askd's user alone, so that they are there after a power loss too.
fn make_directory(directory: &Path) -> io::Result<()> {
    let made = missing(directory);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)?;
    for made in made {
        sync_directory_of(made);
    }
    Ok(())
}

/// The directories that are not there yet, the innermost first.
fn missing(directory: &Path) -> Vec<&Path> {
    let leading = directory.ancestors();
    leading
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .collect()
}

/// Sees to it that a name is on the disk. Where a directory cannot be synced there is nothing else to do: not all file
/// systems can, and not every user may read what leads to its own.
pub(super) fn sync_directory_of(path: &Path) {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

/// Where a path leads to: an askd that takes another way to the same file is to find it locked.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    // It is to be made.
    match (path.parent(), path.file_name()) {
        (Some(directory), Some(name)) if !directory.as_os_str().is_empty() => {
            Ok(fs::canonicalize(directory)?.join(name))
        }
        _ => Ok(path.to_owned()),
    }
}

/// The file that goes with another: the same name with this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_on_the_way_to_the_file_is_what_was_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let inner = path("a/b/c");
        assert_eq!(missing(&inner), [inner.clone(), path("a/b"), path("a")]);
        make_directory(&inner).unwrap();
        assert_eq!(missing(&inner), [] as [&Path; 0]);
        assert_eq!(missing(Path::new("")), [] as [&Path; 0]);
    }
}
