//! Whether `assets/page/src/lib/wire.ts` is what the present Rust types generate.
//!
//! A build script cannot run the generator, which is a test of the crate that is yet to be built. So the generator
//! stamps its file with a hash of what it was made from and of what it made, and the build compares. Shared by
//! `build.rs` and by that test.

use std::{fs, io, path::Path};

/// Where the types are that the page sees, and what generates from them.
pub const SOURCES: [&str; 4] = [
    "src/answer/event.rs",
    "src/id.rs",
    "src/session/wire.rs",
    "src/session/wire/generate.rs",
];
/// What is generated from them.
pub const GENERATED: &str = "assets/page/src/lib/wire.ts";

const STAMP: &str = "// Stamp: ";

/// The generated text with its stamp as the last line.
pub fn stamped(root: &Path, text: &str) -> io::Result<String> {
    Ok(format!("{text}\n{STAMP}{:016x}\n", stamp(root, text)?))
}

/// Whether the generated file is whole, untouched, and made from the sources as they are.
pub fn is_current(root: &Path) -> io::Result<bool> {
    let kept = fs::read_to_string(root.join(GENERATED))?;
    match kept.rsplit_once(&format!("\n{STAMP}")) {
        Some((text, _)) => Ok(kept == stamped(root, text)?),
        None => Ok(false),
    }
}

/// FNV-1a, because it is the same on every toolchain; it guards against forgetting, not against malice.
fn stamp(root: &Path, text: &str) -> io::Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    take(text.as_bytes());
    for source in SOURCES {
        take(&fs::read(root.join(source))?);
    }
    Ok(hash)
}
