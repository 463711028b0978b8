//! A file that askd writes to as it goes on.

use std::path::{self, Path, PathBuf};

use super::super::{
    report::Report,
    section::Section,
    value::{Given, Wrong},
};

/// The file of this key, absolute; a folder is refused, and one that is missing warned of.
pub(super) fn written_file(
    report: &Report<'_>,
    section: &Section<'_, '_>,
    key: &'static str,
    example: &str,
) -> Option<PathBuf> {
    let Given { value, span } = section.text(key)?;
    let written = Path::new(&value);
    let file = path::absolute(written).unwrap_or_else(|_| written.to_owned());
    if file.is_dir() || file.file_name().is_none() {
        let found = format_args!("{value:?}, which is a folder");
        let allowed = format!("a file, such as {example:?}");
        section.refuse(key, span, Wrong::new(found, &allowed, "name a file in it"));
        return None;
    }
    if !file.parent().is_some_and(Path::is_dir) {
        let message = format!("{value:?} lies in no folder that is there");
        let draft = section.draft(key, message);
        report.warn(draft.help("make the folder, and let askd's user write to it"));
    }
    Some(file)
}
