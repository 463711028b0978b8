//! The certificate that askd shows: read from two files, and read again when they change.
//!
//! Connections that stand keep what they began with; the next handshake takes what is there then. What cannot be served
//! never takes the place of what can.

pub mod pair;

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tracing::{info, warn};

use self::pair::{Pair, PairError};
use crate::shutdown::Shutdown;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The certificate in use, and its files; clones share it.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    certificate: PathBuf,
    key: PathBuf,
    shown: RwLock<Arc<CertifiedKey>>,
    /// Held while the files are read: two readings do not overtake each other.
    seen: Mutex<Seen>,
}

/// The files as they were when they were read last, and what came of it.
#[derive(Debug)]
struct Seen {
    stamps: [Stamp; 2],
    came: Came,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// They are what is shown.
    Taken,
    /// They cannot be, and may be half written: the next look tells.
    Doubted,
    /// They cannot be, and that was told.
    Told,
}

/// What a file's content cannot change without; `None`: there is no file.
type Stamp = Option<(u64, u64, [i64; 4])>;

impl Certificate {
    /// Reads both files, which have to be good.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, PairError> {
        let stamps = [&certificate, &key].map(stamp);
        let pair = Pair::read(&certificate, &key)?;
        Ok(Self(Arc::new(Inner {
            certificate,
            key,
            shown: RwLock::new(pair.key),
            seen: Mutex::new(Seen {
                stamps,
                came: Came::Taken,
            }),
        })))
    }

    /// Reads the files now, changed or not; blocks meanwhile. The caller tells what is wrong with them; then what was shown
    /// before stays.
    pub fn reload(&self) -> Result<(), PairError> {
        let mut seen = self.seen();
        seen.stamps = self.stamps();
        let taken = self.take();
        seen.came = match &taken {
            Ok(_) => Came::Taken,
            Err(_) => Came::Told,
        };
        taken.map(|until| self.tell(until))
    }

    /// Takes up the files whenever they have changed, until the halt.
    pub async fn follow(self, shutdown: Shutdown) {
        let mut beat = interval(LOOK);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let this = self.clone();
            let looked = async {
                beat.tick().await;
                spawn_blocking(move || this.look()).await
            };
            let looked = tokio::select! {
                biased;
                () = shutdown.halted() => return,
                looked = looked => looked,
            };
            // A look that panics has said so; the next one is another.
            match looked.ok().flatten() {
                Some(Ok(until)) => self.tell(until),
                Some(Err(error)) => {
                    warn!("{error}; the certificate that was read before stays in use");
                }
                None => {}
            }
        }
    }

    /// Reads the files if they have changed, or were in doubt at the last look. Gives what there is to tell.
    fn look(&self) -> Option<Result<SystemTime, PairError>> {
        let mut seen = self.seen();
        let stamps = self.stamps();
        let is_new = stamps != seen.stamps;
        if !is_new && seen.came != Came::Doubted {
            return None;
        }
        seen.stamps = stamps;
        let taken = self.take();
        seen.came = match &taken {
            Ok(_) => Came::Taken,
            Err(_) if is_new => Came::Doubted,
            Err(_) => Came::Told,
        };
        (seen.came != Came::Doubted).then_some(taken)
    }

    /// Shows what the files hold from now on; gives the end of its time.
    fn take(&self) -> Result<SystemTime, PairError> {
        let Inner {
            certificate, key, ..
        } = &*self.0;
        let pair = Pair::read(certificate, key)?;
        pair.is_current(SystemTime::now(), certificate)?;
        let mut shown = self.0.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = pair.key;
        Ok(pair.until)
    }

    fn tell(&self, until: SystemTime) {
        info!(
            certificate = %self.0.certificate.display(),
            until = %httpdate::fmt_http_date(until),
            "the certificate has been read again"
        );
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stamps(&self) -> [Stamp; 2] {
        [&self.0.certificate, &self.0.key].map(stamp)
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let of = |file: fs::Metadata| {
        let times = [
            file.mtime(),
            file.mtime_nsec(),
            file.ctime(),
            file.ctime_nsec(),
        ];
        (file.ino(), file.size(), times)
    };
    let found: io::Result<_> = fs::metadata(path);
    found.ok().map(of)
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(shown.clone())
    }
}
