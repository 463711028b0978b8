//! Noticing that the folders may have changed.
//!
//! The kernel tells of changes, and all that is made of them is one wish: to look through the folders again, which finds
//! what is new by size and date. So a change that is told twice, or badly, costs a look and nothing else.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use notify::{
    Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use walkdir::WalkDir;

use crate::knowledge::extract::Kind;

/// How long nothing must have changed before the folders are looked through: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How long they may go on changing before they are looked through all the same.
const RESTLESS: Duration = Duration::from_secs(2);
/// How often they are looked through when no change is told: another machine's folders tell none of theirs.
const UNTOLD: Duration = Duration::from_secs(600);
/// How often they are looked through when the kernel tells nothing of one of them, or they could not be read.
pub(super) const BLIND: Duration = Duration::from_secs(15);

/// What wakes the thread that follows the folders.
#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<Rung>,
    changed: Condvar,
}

#[derive(Default)]
struct Rung {
    /// When a change was told last, since the folders were looked through.
    last: Option<Instant>,
    stopped: bool,
}

/// What ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// There is something to do.
    Ring,
    /// Nobody called.
    Silence,
    /// It is to end.
    End,
}

impl Bell {
    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ring(&self) {
        self.rung().last = Some(Instant::now());
        self.changed.notify_all();
    }

    /// Whether a change was told since the folders were looked through.
    pub(super) fn has_rung(&self) -> bool {
        self.rung().last.is_some()
    }

    /// Wakes it for the last time.
    pub(super) fn stop(&self) {
        self.rung().stopped = true;
        self.changed.notify_all();
    }

    /// Waits until somebody calls and is quiet then, `patience` at the most.
    pub(super) fn wait(&self, patience: Duration) -> Call {
        let quiet = |rung: &mut Rung| !rung.stopped && rung.last.is_none();
        let rung = self.rung();
        let waited = self.changed.wait_timeout_while(rung, patience, quiet);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let begin = Instant::now();
        while let Some(last) = rung.last.filter(|_| !rung.stopped) {
            let rest = QUIET.saturating_sub(last.elapsed());
            if rest.is_zero() || begin.elapsed() >= RESTLESS {
                break;
            }
            let waited = self.changed.wait_timeout(rung, rest);
            (rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        match (rung.stopped, rung.last.take()) {
            (true, _) => Call::End,
            (false, Some(_)) => Call::Ring,
            (false, None) => Call::Silence,
        }
    }
}

/// The kernel's word on the folders.
pub(super) struct Watch {
    /// `None`: the kernel refuses.
    kernel: Option<RecommendedWatcher>,
    /// The folders that it tells of: one that was removed and made again is another.
    watched: HashMap<PathBuf, Watched>,
    /// Of these, the ones in which something may not be watched, so that what is below is named one by one.
    piecemeal: HashSet<PathBuf>,
    /// Folders of which it was said that nothing is told.
    blind: HashMap<PathBuf, String>,
    /// Whether the kernel refused to watch what was made later, and whether that was said.
    refused: Arc<AtomicBool>,
    is_refusal_told: bool,
}

/// A folder that is watched.
struct Watched {
    /// By device and number.
    place: (u64, u64),
    /// Where it lies, without links.
    root: PathBuf,
}

impl Watch {
    pub(super) fn new(bell: Arc<Bell>) -> Self {
        let refused = Arc::new(AtomicBool::new(false));
        let refusal = refused.clone();
        let told = move |told: notify::Result<Event>| {
            if told.is_err() {
                refusal.store(true, Ordering::Relaxed);
            }
            if told.as_ref().map_or(true, matters) {
                bell.ring();
            }
        };
        // A link to / would take all the watches that the user may have.
        let config = Config::default().with_follow_symlinks(false);
        let kernel = RecommendedWatcher::new(told, config);
        if let Err(error) = &kernel {
            tracing::warn!(%error, "changes of the documents are noticed late: the system does not tell of them");
        }
        Self {
            kernel: kernel.ok(),
            watched: HashMap::new(),
            piecemeal: HashSet::new(),
            blind: HashMap::new(),
            refused,
            is_refusal_told: false,
        }
    }

    /// Sees to it that all folders are watched. Called before they are looked through, so that no change falls between.
    pub(super) fn cover(&mut self, folders: &[PathBuf]) {
        let Some(kernel) = &mut self.kernel else {
            return;
        };
        if self.refused.load(Ordering::Relaxed) && !self.is_refusal_told {
            self.is_refusal_told = true;
            tracing::warn!(
                "changes in folders made since askd started are noticed every {} s only: the system does not tell of all of \
                 them; raise fs.inotify.max_user_watches with sysctl, and start askd again",
                BLIND.as_secs()
            );
        }
        for folder in folders {
            let (Some(there), Ok(root)) = (place(folder), fs::canonicalize(folder)) else {
                // The look through the folders says so.
                self.watched.remove(folder);
                continue;
            };
            let known = self.watched.get(folder);
            let is_known = known.is_some_and(|known| known.place == there);
            if is_known && !self.piecemeal.contains(folder) {
                continue;
            }
            if !is_known {
                // Of what stood there before nothing is to be told any more.
                if let Some(Watched { root, .. }) = self.watched.remove(folder) {
                    unwatch(kernel, &root, self.piecemeal.contains(folder));
                }
                // Nor anything twice of a folder that was made again.
                let _ = kernel.unwatch(&root);
                self.piecemeal.remove(folder);
            }
            let watched = match self.piecemeal.contains(folder) {
                true => watch_each(kernel, &root),
                false => kernel.watch(&root, RecursiveMode::Recursive).or_else(|_| {
                    // One folder that is closed to askd ends the watching of all that come after it.
                    self.piecemeal.insert(folder.clone());
                    watch_each(kernel, &root)
                }),
            };
            match watched {
                Ok(()) => {
                    let place = there;
                    self.watched.insert(folder.clone(), Watched { place, root });
                    self.blind.remove(folder);
                }
                Err(error) => {
                    self.watched.remove(folder);
                    tell_blind(&mut self.blind, folder, &error);
                }
            }
        }
    }

    /// Whether each folder is still the one that is watched, or still none: a link may lead elsewhere by now.
    pub(super) fn is_current(&self, folders: &[PathBuf]) -> bool {
        let same = |folder: &PathBuf| {
            let watched = self.watched.get(folder).map(|watched| watched.place);
            self.blind.contains_key(folder) || place(folder) == watched
        };
        self.kernel.is_none() || folders.iter().all(same)
    }

    /// How long to wait before the folders are looked through without a call: less when that did not go `well` the last
    /// time.
    pub(super) fn patience(&self, folders: &[PathBuf], well: bool) -> Duration {
        let sees_all = folders.len() == self.watched.len() && !self.refused.load(Ordering::Relaxed);
        match sees_all && well {
            true => UNTOLD,
            false => BLIND,
        }
    }
}

/// Which folder lies at a path, by device and number.
fn place(folder: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(folder).ok()?;
    Some((found.dev(), found.ino()))
}

/// Watches a folder and each below it that may be: the others are closed to the look through the folders too, which says so.
/// Those that are watched already stay so.
fn watch_each(kernel: &mut RecommendedWatcher, root: &Path) -> notify::Result<()> {
    let below = WalkDir::new(root).into_iter().filter_map(Result::ok);
    for folder in below.filter(|entry| entry.file_type().is_dir()) {
        match kernel.watch(folder.path(), RecursiveMode::NonRecursive) {
            Err(error) if folder.depth() == 0 || matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Ends the watching of a folder, and of those below it that were named one by one.
fn unwatch(kernel: &mut RecommendedWatcher, root: &Path, is_piecemeal: bool) {
    let _ = kernel.unwatch(root);
    if is_piecemeal {
        let below = WalkDir::new(root).min_depth(1).into_iter();
        for folder in below.filter_map(Result::ok) {
            if folder.file_type().is_dir() {
                let _ = kernel.unwatch(folder.path());
            }
        }
    }
}

fn tell_blind(blind: &mut HashMap<PathBuf, String>, folder: &Path, error: &notify::Error) {
    let said = error.to_string();
    if blind.get(folder) != Some(&said) {
        tracing::warn!(
            folder = %folder.display(), error = said,
            "changes of this folder's documents are noticed every {} s only; if its folders are too many to watch, raise \
             fs.inotify.max_user_watches with sysctl",
            BLIND.as_secs()
        );
        blind.insert(folder.to_owned(), said);
    }
}

/// Whether something may have changed that is searched. A file of another kind may be written all the time: askd's own
/// storage may lie in the folder.
fn matters(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
            // A folder may have been opened to askd.
            let matters = |path: &PathBuf| Kind::of(path).is_some() || path.is_dir();
            event.need_rescan() || event.paths.iter().any(matters)
        }
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use notify::event::{CreateKind, DataChange, MetadataKind};

    use super::*;

    #[test]
    fn only_what_may_be_searched_is_news() {
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let closed = |mode| EventKind::Access(AccessKind::Close(mode));
        assert!(matters(&event(written, "/d/a.md")));
        assert!(!matters(&event(written, "/d/askd.db-wal")));
        assert!(matters(&event(closed(AccessMode::Write), "/d/a.pdf")));
        assert!(!matters(&event(closed(AccessMode::Read), "/d/a.pdf")));
        assert!(matters(&event(
            EventKind::Create(CreateKind::Folder),
            "/d/new"
        )));
        let opened = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        assert!(
            matters(&event(opened, "/")),
            "a folder, that of all folders"
        );
        assert!(!matters(&event(opened, "/d/askd.db-wal")));
    }

    #[test]
    fn whoever_waits_is_woken_by_a_change_and_by_the_end() {
        let bell = Arc::new(Bell::default());
        let waiter = bell.clone();
        let waiting = thread::spawn(move || [waiter.wait(UNTOLD), waiter.wait(UNTOLD)]);
        bell.ring();
        while bell.rung().last.is_some() {
            thread::yield_now();
        }
        bell.stop();
        assert_eq!(waiting.join().unwrap(), [Call::Ring, Call::End]);
        assert_eq!(Bell::default().wait(Duration::ZERO), Call::Silence);
    }

    #[test]
    fn what_a_link_leads_to_is_not_watched() {
        let home = tempfile::tempdir().unwrap();
        let (inside, outside) = (home.path().join("inside"), home.path().join("outside"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let mut watch = Watch::new(Arc::default());
        watch.cover(std::slice::from_ref(&inside));
        assert!(is_watched(&inside));
        assert!(!is_watched(&outside));
    }

    /// Whether the kernel tells this process of a folder.
    fn is_watched(folder: &Path) -> bool {
        let wanted = format!("ino:{:x} ", fs::metadata(folder).unwrap().ino());
        let open = fs::read_dir("/proc/self/fdinfo").unwrap();
        open.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok())
            .any(|text| {
                text.lines()
                    .any(|line| line.starts_with("inotify ") && line.contains(&wanted))
            })
    }

    #[test]
    fn a_folder_of_which_not_all_may_be_watched_is_watched_one_by_one_and_new_ones_too() {
        let home = tempfile::tempdir().unwrap();
        let docs = home.path().join("docs");
        fs::create_dir_all(docs.join("a/b")).unwrap();
        let mut watch = Watch::new(Arc::default());
        watch.piecemeal.insert(docs.clone());
        let (place, root) = (place(&docs).unwrap(), docs.clone());
        watch.watched.insert(docs.clone(), Watched { place, root });
        watch.cover(std::slice::from_ref(&docs));
        assert!(is_watched(&docs) && is_watched(&docs.join("a/b")));
        fs::create_dir(docs.join("a/new")).unwrap();
        watch.cover(std::slice::from_ref(&docs));
        assert!(is_watched(&docs.join("a/new")));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_another_folder() {
        let home = tempfile::tempdir().unwrap();
        let (one, two) = (home.path().join("one"), home.path().join("two"));
        let link = home.path().join("current");
        fs::create_dir(&one).unwrap();
        fs::create_dir(&two).unwrap();
        std::os::unix::fs::symlink(&one, &link).unwrap();
        let folders = [link.clone()];
        let mut watch = Watch::new(Arc::default());
        assert!(!watch.is_current(&folders));
        watch.cover(&folders);
        assert!(watch.is_current(&folders) && is_watched(&one));
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&two, &link).unwrap();
        assert!(!watch.is_current(&folders));
        watch.cover(&folders);
        assert!(watch.is_current(&folders) && is_watched(&two));
        assert!(!is_watched(&one), "of the old one nothing is told any more");
    }
}
