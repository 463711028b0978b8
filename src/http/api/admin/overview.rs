//! How the server is, without a letter of what is asked and answered.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde::Serialize;
use tokio::time::timeout;

use crate::{
    answer::ErrorCode,
    http::Site,
    id::{ConversationId, SessionId, TurnId},
    knowledge::{Lack, Library, Progress, Task},
    store::{Health, Unwritten},
    turn::{
        desk::{Shown, Stage},
        health::Lately,
        misses,
        station::Station,
    },
};

/// Sessions, turns and problems that are listed; of more there is the number.
const LISTED: usize = 200;
/// How long the store may take to say how large it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `GET /admin/overview` says; times are milliseconds since the epoch.
#[derive(Serialize)]
pub struct Overview {
    server: &'static str,
    now: u64,
    up_since: u64,
    draining: bool,
    sessions: Sessions,
    turns: Turns,
    endpoints: Vec<Endpoint>,
    store: Store,
    knowledge: Option<Knowledge>,
    misses: Misses,
}

/// Whether there are questions that found nothing.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Misses {
    /// They are not written down.
    Unkept,
    None,
    Some,
}

#[derive(Serialize)]
struct Sessions {
    total: usize,
    list: Vec<Session>,
}

#[derive(Serialize)]
struct Session {
    id: SessionId,
    /// Null: anonymous.
    user: Option<String>,
    peer: String,
    since: u64,
    /// The turn that it asked for and that runs.
    turn: Option<TurnId>,
}

#[derive(Serialize)]
struct Turns {
    total: usize,
    list: Vec<Turn>,
}

/// A turn that runs.
#[derive(Serialize)]
pub struct Turn {
    id: TurnId,
    session: SessionId,
    /// Null: anonymous.
    user: Option<String>,
    conversation: ConversationId,
    endpoint: String,
    model: String,
    stage: &'static str,
    /// In line: at which place.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    since: u64,
    bytes: usize,
}

/// What can be asked, and how it has done.
#[derive(Serialize)]
pub struct Endpoint {
    name: String,
    models: Vec<String>,
    running: usize,
    waiting: usize,
    /// When an answer began last.
    began: Option<u64>,
    failed: Option<Failed>,
    /// How often it has failed since the last whole answer.
    failures: u32,
}

#[derive(Serialize)]
struct Failed {
    at: u64,
    code: ErrorCode,
}

#[derive(Serialize)]
struct Store {
    #[serde(flatten)]
    state: StoreState,
    /// Bytes of what is kept; null: it could not be told just now.
    bytes: Option<u64>,
    /// What is not on the disk yet.
    unwritten_questions: usize,
    unwritten_answers: usize,
}

/// Whether conversations can be kept, and if not, why.
#[derive(Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum StoreState {
    Good,
    Bad(String),
}

/// The documents.
#[derive(Serialize)]
pub struct Knowledge {
    folders: Vec<Folder>,
    /// Null: they have not been looked at yet.
    files: Option<usize>,
    /// Of these, those that are still to be read.
    waiting: usize,
    passages: usize,
    vectors: usize,
    lack: Option<&'static str>,
    progress: Option<Doing>,
    problems: Problems,
}

#[derive(Serialize)]
struct Folder {
    path: String,
    /// Why it cannot be read, if it cannot.
    problem: Option<String>,
}

/// What its keeper is at.
#[derive(Serialize)]
struct Doing {
    task: &'static str,
    done: usize,
    of: usize,
}

#[derive(Serialize)]
struct Problems {
    total: usize,
    list: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    path: String,
    reason: String,
}

/// How the server is now.
pub(super) async fn of(site: &Site) -> Overview {
    let (turns, running) = site.desk.turns(LISTED);
    let sessions = sessions(site, &turns);
    let bytes = timeout(PATIENCE, site.store.size()).await;
    let Unwritten {
        questions, answers, ..
    } = site.store.unwritten();
    Overview {
        server: env!("CARGO_PKG_VERSION"),
        now: crate::store::now(),
        up_since: site.since,
        draining: site.shutdown.is_draining(),
        sessions,
        turns: Turns {
            total: running,
            list: turns.into_iter().map(Turn::of).collect(),
        },
        endpoints: endpoints(site),
        store: Store {
            state: StoreState::of(site),
            bytes: bytes.ok().and_then(Result::ok),
            unwritten_questions: questions,
            unwritten_answers: answers,
        },
        knowledge: site.documents.as_ref().map(Knowledge::of),
        misses: match &site.misses {
            None => Misses::Unkept,
            Some(file) if misses::any(file).await => Misses::Some,
            Some(_) => Misses::None,
        },
    }
}

/// The sessions; those of which a turn runs come first.
fn sessions(site: &Site, turns: &[Shown]) -> Sessions {
    let busy: HashSet<_> = turns.iter().map(|turn| turn.session).collect();
    let listed = site.sessions.list(|id| busy.contains(id), LISTED);
    let list = listed.into_iter().map(|(id, seat)| Session {
        id,
        user: seat.user.map(|user| user.to_string()),
        peer: seat.peer.to_string(),
        since: seat.since.duration_since(UNIX_EPOCH).map_or(0, millis),
        turn: turns
            .iter()
            .find(|turn| turn.session == id)
            .map(|turn| turn.turn),
    });
    Sessions {
        list: list.collect(),
        total: site.sessions.registry().len(),
    }
}

fn millis(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How the endpoints have done.
pub fn endpoints(site: &Site) -> Vec<Endpoint> {
    let stations = site.desk.stations();
    stations
        .iter()
        .map(|station| Endpoint::of(station))
        .collect()
}

impl Turn {
    fn of(shown: Shown) -> Self {
        let (stage, place) = match shown.stage {
            Stage::Beginning => ("beginning", None),
            Stage::InLine(place) => ("in_line", Some(place)),
            Stage::Searching => ("searching", None),
            Stage::Waiting => ("waiting", None),
            Stage::Writing => ("writing", None),
        };
        Self {
            id: shown.turn,
            session: shown.session,
            user: shown.user.map(|user| user.to_string()),
            conversation: shown.conversation,
            endpoint: shown.endpoint,
            model: shown.model,
            stage,
            place,
            since: shown.since,
            bytes: shown.bytes,
        }
    }
}

impl Endpoint {
    fn of(station: &Station) -> Self {
        let Lately {
            began,
            failed,
            failures,
        } = station.health.now();
        let (running, waiting) = station.line.busy();
        Self {
            name: station.name.clone(),
            models: station.models.clone(),
            running,
            waiting,
            began,
            failed: failed.map(|(at, code)| Failed { at, code }),
            failures,
        }
    }
}

impl StoreState {
    /// As the store says.
    pub fn of(site: &Site) -> Self {
        match &*site.health.borrow() {
            Health::Good => Self::Good,
            Health::Bad(reason) => Self::Bad(reason.to_string()),
        }
    }
}

impl Knowledge {
    /// As the library says.
    pub fn of(library: &Library) -> Self {
        let (report, size) = (library.report(), library.size());
        let unreachable = |path: &str| {
            let report = report.as_ref()?;
            let found = report.folders.iter().find(|folder| folder.path == path)?;
            Some(found.reason.clone())
        };
        let folders = library.folders().iter().map(|path| {
            let path = path.display().to_string();
            Folder {
                problem: unreachable(&path),
                path,
            }
        });
        let problems = report.iter().flat_map(|report| &report.problems);
        let listed = problems.take(LISTED).map(|problem| Problem {
            path: problem.path.clone(),
            reason: problem.reason.clone(),
        });
        let count = |report: &Arc<_>| count(report);
        Self {
            folders: folders.collect(),
            files: report.as_ref().map(|report| report.files),
            waiting: report.as_ref().map_or(0, |report| report.waiting),
            passages: size.map_or(0, |size| size.passages),
            vectors: size.map_or(0, |size| size.vectors),
            lack: library.lack().map(Lack::as_str),
            progress: library.progress().map(Doing::of),
            problems: Problems {
                total: report.as_ref().map_or(0, count),
                list: listed.collect(),
            },
        }
    }
}

/// What could not be read, named or not.
fn count(report: &crate::knowledge::Report) -> usize {
    report.problems.len() + report.more_problems
}

impl Doing {
    fn of(progress: Progress) -> Self {
        let Progress { task, done, of } = progress;
        let task = match task {
            Task::Reading => "reading",
            Task::Embedding => "embedding",
        };
        Self { task, done, of }
    }
}
