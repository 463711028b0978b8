//! `askd index` and `askd search`: the operator's documents, read and searched by hand.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

use super::{Cli, EXIT_CONFIG, EXIT_UNAVAILABLE, complain};
use crate::{
    app::embedder,
    config::{self, Config},
    knowledge::{
        By, Embedded, Embedder, FileError, Found, Keeper, Knowledge, Library, LibraryError,
        Passage, Report, Set,
    },
    shutdown::Shutdown,
};

/// How often a long embedding says how far it is.
const TELL: Duration = Duration::from_secs(5);
/// How long a question's vector may take here, whatever `timeout` says: figures and ranks must not hang on how busy the
/// machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The knowledge that a configuration names, and who keeps it where no other askd does.
pub(super) struct Opened {
    pub(super) knowledge: Knowledge,
    keeper: Option<Keeper>,
    pub(super) config: Config,
    /// What asks the embeddings' server.
    _runtime: Option<Runtime>,
}

/// What a command ends with, told already if it is a failure.
pub(super) type Done<T> = Result<T, ExitCode>;

impl Cli {
    /// `askd index`: brings the index to what the folders hold, and says what could not be read.
    pub fn index(&self) -> ExitCode {
        let index = || -> Done<()> {
            let opened = self.open()?;
            let Some(mut keeper) = opened.keeper else {
                let Knowledge::Library(library) = &opened.knowledge else {
                    return Err(fail_with(
                        EXIT_CONFIG,
                        "no folder is named; write knowledge.folders = [\"/path\"]",
                    ));
                };
                // Another askd keeps it.
                return Err(library
                    .keep()
                    .err()
                    .map_or(ExitCode::SUCCESS, |error| fail(&error)));
            };
            let report = updated(&mut keeper)?;
            let embedded = embedded(&mut keeper);
            told(&report, &keeper.library());
            match embedded {
                Ok(None) => {}
                Ok(Some(embedded)) => told_of_vectors(&embedded),
                Err(error) => return Err(fail(&error)),
            }
            match report.folders.is_empty() {
                true => Ok(()),
                false => Err(ExitCode::from(EXIT_UNAVAILABLE)),
            }
        };
        index().map_or_else(|code| code, |()| ExitCode::SUCCESS)
    }

    /// `askd search "…"`: the passages that match best, with their scores.
    pub fn search(&self, question: &str, limit: usize) -> ExitCode {
        let search = || -> Done<()> {
            let opened = self.current()?;
            let found = find(&opened.knowledge, question, limit, By::Both)?;
            if found.is_empty() {
                print("nothing has a word of it\n");
            }
            for (one, place) in found.iter().zip(1..) {
                let passage = &one.passage;
                let below = passage.score < opened.config.knowledge.min_score;
                let mark = if below { "  (below min_score)" } else { "" };
                print(&format!(
                    "{place}. {:.2}{mark}{}  {}\n   {}\n   {}\n",
                    passage.score,
                    parts(one),
                    passage.title,
                    address(passage),
                    passage.excerpt
                ));
            }
            Ok(())
        };
        search().map_or_else(|code| code, |()| ExitCode::SUCCESS)
    }

    fn open(&self) -> Done<Opened> {
        let config = self.load()?.config;
        if config.knowledge.folders.is_empty() {
            let set = Set::built_in().map_err(|error| fail(&error))?;
            let knowledge = Knowledge::Set(Arc::new(set));
            return Ok(Opened {
                knowledge,
                keeper: None,
                config,
                _runtime: None,
            });
        }
        let (embedder, runtime) = embedder(&config)?.unzip();
        let library = Library::with(&config.knowledge, &config.store.path, embedder)
            .map_err(|error| fail(&error))?;
        let keeper = match library.keep() {
            Ok(keeper) => Some(keeper),
            Err(LibraryError::File(FileError::InUse { .. })) => None,
            Err(error) => return Err(fail(&error)),
        };
        Ok(Opened {
            knowledge: Knowledge::Library(library),
            keeper,
            config,
            _runtime: runtime,
        })
    }

    /// The same, as the folders are now; as another askd has it in the file, if one keeps that.
    pub(super) fn current(&self) -> Done<Opened> {
        let mut opened = self.open()?;
        match (&mut opened.keeper, &opened.knowledge) {
            (Some(keeper), _) => {
                updated(keeper)?;
                if let Err(error) = embedded(keeper) {
                    complain(&format!("warning: {error}"));
                }
            }
            (None, Knowledge::Library(library)) => library.load().map_err(|error| fail(&error))?,
            (None, Knowledge::Set(_)) => {}
        }
        Ok(opened)
    }
}

fn updated(keeper: &mut Keeper) -> Done<Report> {
    let report = keeper.load().and_then(|()| keeper.update(&mut |_, _| {}));
    if let Some(why) = keeper.healed() {
        complain(&format!(
            "the documents are read anew into another knowledge.db: {why}"
        ));
    }
    // Nobody tells it to stop here.
    let report = report
        .map(Option::unwrap_or_default)
        .map_err(|error| fail(&error))?;
    for folder in &report.folders {
        complain(&format!("the folder {} {}", folder.path, folder.reason));
    }
    Ok(report)
}

/// Makes the vectors that are missing, and says how far it is.
fn embedded(keeper: &mut Keeper) -> Result<Option<Embedded>, LibraryError> {
    let mut told = Instant::now();
    keeper.embed(&mut |done, passages| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            complain(&format!("{done} of {passages} passages are embedded"));
        }
    })
}

/// What asks the embeddings' server that the configuration names, and what it runs on.
fn embedder(config: &Config) -> Done<Option<(Arc<dyn Embedder>, Runtime)>> {
    let Some(embeddings) = &config.knowledge.embeddings else {
        return Ok(None);
    };
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| fail(&error))?;
    let embeddings = config::Embeddings {
        timeout: PATIENCE,
        ..embeddings.clone()
    };
    let made = embedder::over_http(&embeddings, runtime.handle().clone(), Shutdown::new());
    let embedder = made.map_err(|error| fail(&error))?;
    Ok(Some((embedder, runtime)))
}

/// Searches; what is in the way of vectors is told.
pub(super) fn find(
    knowledge: &Knowledge,
    question: &str,
    limit: usize,
    by: By,
) -> Done<Vec<Found>> {
    let found = match knowledge {
        Knowledge::Set(set) => {
            let passages = set.search(question, limit).into_iter();
            let found = |passage: Passage| Found {
                words: passage.score,
                cosine: None,
                passage,
            };
            return Ok(passages.map(found).collect());
        }
        Knowledge::Library(library) => library.find(question, limit, by),
    };
    if let Knowledge::Library(library) = knowledge
        && let Some(trouble) = library.trouble()
    {
        complain(&format!("warning: searched by words alone: {trouble}"));
    }
    found.map_err(|error| fail(&error))
}

/// What a passage's place comes of, where it is more than words.
fn parts(found: &Found) -> String {
    found.cosine.map_or_else(String::new, |cosine| {
        format!(" (words {:.2}, meaning {cosine:.2})", found.words)
    })
}

/// Prints what was embedded.
fn told_of_vectors(embedded: &Embedded) {
    let Embedded {
        asked,
        refused,
        reason,
        passages,
        dimensions,
    } = embedded;
    if let Some(reason) = reason {
        complain(&format!(
            "the embeddings' server refuses {refused} texts: {reason}"
        ));
    }
    print(&format!(
        "{passages} passages have vectors of {dimensions} numbers; {asked} texts were embedded, {refused} refused\n"
    ));
}

/// Prints an update's report: what could not be read to standard error.
fn told(report: &Report, library: &Library) {
    for problem in &report.problems {
        complain(&format!("{} {}", problem.path, problem.reason));
    }
    if report.more_problems > 0 {
        complain(&format!("and {} more", report.more_problems));
    }
    let Report {
        files,
        read,
        gone,
        problems,
        more_problems,
        waiting: _,
        folders,
        unread: _,
        unseen: _,
        crowded: _,
    } = report;
    if *files == 0 && folders.is_empty() {
        complain(
            "the folders hold no file that askd reads; see `include`, `exclude` and the kinds that docs/documents.md names",
        );
    }
    let mut text = format!(
        "{files} files, {read} of them new or changed; {gone} documents are gone or replaced; {} problems\n",
        problems.len() + more_problems
    );
    if let Some(size) = library.size() {
        let mib = size.bytes as f64 / f64::from(1 << 20);
        let of_one = size.bytes / size.passages.max(1);
        text += &format!(
            "{} passages, {} different words, {mib:.1} MiB of memory ({of_one} bytes a passage)\n",
            size.passages, size.terms
        );
        if size.vectors > 0 {
            let mib = size.vector_bytes as f64 / f64::from(1 << 20);
            let of_one = size.vector_bytes / size.passages.max(1);
            text += &format!("{mib:.1} MiB of vectors ({of_one} bytes a passage)\n");
        }
    }
    print(&text);
}

/// Where a passage stands.
fn address(passage: &Passage) -> String {
    let path = passage.path.as_deref().unwrap_or("built-in");
    let anchor = passage.anchor.as_deref().map(|anchor| format!("#{anchor}"));
    let heading = passage
        .heading
        .as_deref()
        .map(|heading| format!("  {heading}"));
    format!(
        "{path}{}{}",
        anchor.unwrap_or_default(),
        heading.unwrap_or_default()
    )
}

pub(super) fn print(text: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = io::stdout().write_all(text.as_bytes());
}

pub(super) fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    fail_with(EXIT_UNAVAILABLE, &error.to_string())
}

pub(super) fn fail_with(code: u8, error: &str) -> ExitCode {
    complain(&format!("error: {error}"));
    ExitCode::from(code)
}
