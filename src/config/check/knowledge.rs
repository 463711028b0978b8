//! `[knowledge]`: what is answered from, and which files of the folders are read.

use std::path::{self, Component, Path, PathBuf};

use super::super::{
    Endpoint, Knowledge, Language,
    report::Report,
    section::Section,
    value::{Given, Wrong},
};
use super::{Env, KIB, MIB, embeddings, written::written_file};

/// Bytes of a file at most, whatever the operator allows: its reader holds all of it in memory.
const MAX_FILE: u64 = 32 * MIB;
/// How sure a match must be, unless the operator says otherwise: the knowledge was measured at it.
const MIN_SCORE: f32 = 0.45;
/// The same where a model answers from folders: it sees for itself what a passage does not answer, and without one it has
/// nothing to see. `askd eval` on fitz-gov: a right document among three and this sure for 0.64 of the questions, 0.54 with the other one.
const MIN_SCORE_FOR_MODELS: f32 = 0.3;
/// The surest that a match by meaning can be: `knowledge/confidence.rs` draws that curve.
const MOST_BY_MEANING: f32 = 0.75;
/// Folders, and globs of each kind.
const MAX_LIST: usize = 100;

/// The languages by name.
const LANGUAGES: [(&str, Language); 19] = [
    ("arabic", Language::Arabic),
    ("danish", Language::Danish),
    ("dutch", Language::Dutch),
    ("english", Language::English),
    ("finnish", Language::Finnish),
    ("french", Language::French),
    ("german", Language::German),
    ("greek", Language::Greek),
    ("hungarian", Language::Hungarian),
    ("italian", Language::Italian),
    ("norwegian", Language::Norwegian),
    ("portuguese", Language::Portuguese),
    ("romanian", Language::Romanian),
    ("russian", Language::Russian),
    ("spanish", Language::Spanish),
    ("swedish", Language::Swedish),
    ("tamil", Language::Tamil),
    ("turkish", Language::Turkish),
    ("none", Language::None),
];

/// Reads the section.
pub(super) fn read(
    report: &Report<'_>,
    section: Section<'_, '_>,
    endpoints: &[Endpoint],
    env: Env<'_>,
) -> Knowledge {
    let mut knowledge = Knowledge {
        built_in: section.flag("built_in"),
        folders: folders(report, &section),
        include: globs(&section, "include"),
        exclude: globs(&section, "exclude"),
        max_file: section.size("max_file", KIB..=MAX_FILE).unwrap_or(MAX_FILE),
        watch: section.flag("watch").unwrap_or(true),
        language: section
            .word("language", &LANGUAGES)
            .unwrap_or(Language::English),
        passages: section.number("passages", 1..=20).unwrap_or(3),
        min_score: MIN_SCORE,
        only: section.flag("only").unwrap_or(false),
        misses: written_file(report, &section, "misses", "/var/lib/askd/misses.jsonl"),
        embeddings: embeddings::read(report, &section, env),
    };
    let by_default = match knowledge.folders.is_empty() || endpoints.is_empty() {
        true => MIN_SCORE,
        false => MIN_SCORE_FOR_MODELS,
    };
    knowledge.min_score = (section.fraction("min_score", 0.0..=1.0)).unwrap_or(by_default);
    if knowledge.embeddings.is_some() && knowledge.folders.is_empty() {
        let draft = section.draft("embeddings", "has nothing to embed: no folder is named");
        report.warn(draft.help("write knowledge.folders = [\"/path\"], or remove the section"));
    }
    let is_searched = knowledge.is_searched(!endpoints.is_empty());
    if knowledge.embeddings.is_some() && knowledge.min_score > MOST_BY_MEANING {
        let found = format!(
            "is {}, and nothing that is found by its meaning alone is that sure",
            knowledge.min_score
        );
        let draft = section.draft("min_score", found);
        report.warn(draft.help("only what shares words with a question will be; write 0.75 or less, or remove knowledge.embeddings"));
    }
    let is_faulty = report.is_faulty(&["endpoint", "knowledge.folders"]);
    if !is_searched && !is_faulty && !endpoints.is_empty() {
        for (key, given) in [
            ("only", knowledge.only),
            ("misses", knowledge.misses.is_some()),
        ] {
            if given {
                let draft = section.draft(key, "is set, and there is nothing to be searched");
                let help = "name folders, or remove this line; `built_in = true` searches the built-in set";
                report.fault(draft.allowed("knowledge.folders beside it").help(help));
            }
        }
    }
    if !is_searched && !is_faulty && endpoints.is_empty() {
        let draft = section.draft(
            "built_in",
            "is false, and there is no endpoint and no folder",
        );
        report.fault(
            draft
                .allowed("true, or an [[endpoint]], or knowledge.folders")
                .help("askd has nothing to answer from: add an [[endpoint]] or a folder, or remove this line"),
        );
    }
    section.finish();
    knowledge
}

/// The folders, absolute. Links stay: what they lead to may be another folder while askd runs.
fn folders(report: &Report<'_>, section: &Section<'_, '_>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for given in listed(section, "folders") {
        let Given { value, span } = given;
        let folder = absolute(Path::new(&value));
        match fault(&folder, &folders) {
            Some(wrong) => section.refuse("folders", span, wrong),
            None => {
                if !folder.exists() {
                    let draft = section.draft("folders", format!("{value:?} is not there"));
                    report.warn(draft.help(
                        "what was read of it before stays; make the folder, or let askd see it, and it is read anew",
                    ));
                }
                folders.push(folder);
            }
        }
    }
    folders
}

/// The path from the root on; a part that leads upwards is gone where that can be.
fn absolute(written: &Path) -> PathBuf {
    let is_up = |part: Component<'_>| part == Component::ParentDir;
    let real = match written.components().any(is_up) {
        true => written.canonicalize(),
        false => path::absolute(written),
    };
    real.or_else(|_| path::absolute(written))
        .unwrap_or_else(|_| written.to_owned())
}

/// Why a folder cannot stand beside those before it. Its last name goes before the paths of its documents.
fn fault(folder: &Path, before: &[PathBuf]) -> Option<Wrong> {
    let wrong = |found: &str, allowed: &str, help: &str| {
        let found = format_args!("{:?}, {found}", folder.display().to_string());
        Some(Wrong::new(found, allowed, help))
    };
    if folder.exists() && !folder.is_dir() {
        let help = "name the folder that it lies in, and the file under `include`";
        return wrong("which is no folder", "a folder that askd may read", help);
    }
    if folder
        .to_str()
        .is_none_or(|path| path.contains(char::is_control))
        || folder.file_name().is_none()
    {
        let help = "name a folder with a name of its own, in plain letters";
        return wrong(
            "which has no name to be shown",
            "a folder that askd may read",
            help,
        );
    }
    let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let clash = before.iter().find(|other| {
        let (one, two) = (real(folder), real(other));
        one.starts_with(&two) || two.starts_with(&one) || other.file_name() == folder.file_name()
    })?;
    let allowed = "folders of different last names, none within another";
    let help = format!(
        "it clashes with {}: remove or rename one of them",
        clash.display()
    );
    wrong("which clashes with another one", allowed, &help)
}

/// The globs under a key.
fn globs(section: &Section<'_, '_>, key: &'static str) -> Vec<String> {
    let mut globs = Vec::new();
    for Given { value, span } in listed(section, key) {
        let found = match fast_glob::validate(&value) {
            Err(error) => Some(error.to_string()),
            Ok(()) if value.starts_with('!') => Some("it begins with a `!`".to_owned()),
            Ok(()) if value.trim_matches(['.', '/']).is_empty() => {
                Some("it names nothing".to_owned())
            }
            Ok(()) => None,
        };
        match found {
            None => globs.push(value),
            Some(why) => section.refuse(
                key,
                span,
                Wrong::new(
                    format_args!("{value:?}, which is no glob: {why}"),
                    "a glob such as \"*.md\", \"guides/**\" or \"drafts/\"",
                    "what is not wanted goes under `exclude`, without a `!`",
                ),
            ),
        }
    }
    globs
}

/// A list of texts, as long as it may be.
fn listed(section: &Section<'_, '_>, key: &'static str) -> Vec<Given<String>> {
    let mut given = section.texts(key).unwrap_or_default();
    if let Some(first) = given.get(MAX_LIST) {
        let allowed = format!("at most {MAX_LIST} texts");
        let wrong = Wrong::new(
            "a longer list than askd takes",
            &allowed,
            "join some of them",
        );
        section.refuse(key, first.span.clone(), wrong);
    }
    given.truncate(MAX_LIST);
    given
}
