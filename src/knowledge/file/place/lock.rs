//! Which askd writes the index.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
};

use super::{FileError, Place, beside, touch};

impl Place {
    /// Takes the lock that says which askd writes the file.
    pub(in crate::knowledge) fn lock(&self) -> Result<Option<File>, FileError> {
        self.path.as_deref().map(lock).transpose()
    }

    /// Whether this lock still keeps others away: it is nothing to who makes a new file of its name.
    pub(in crate::knowledge) fn is_locked_by(&self, lock: Option<&File>) -> bool {
        let Some(path) = &self.path else {
            return true;
        };
        let there = fs::metadata(beside(path, ".lock")).ok();
        let held = lock.and_then(|lock| lock.metadata().ok());
        let id = |found: fs::Metadata| (found.dev(), found.ino());
        held.is_some() && held.map(id) == there.map(id)
    }
}

/// A lock is a file of its own: SQLite's locks would go if the database were opened and closed beside it.
fn lock(path: &Path) -> Result<File, FileError> {
    let file = beside(path, ".lock");
    let fault = |error| FileError::Io {
        path: file.display().to_string(),
        error,
    };
    if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(fault)?;
    }
    let lock = touch(&file)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}
