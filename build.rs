//! Builds the page (`assets/page`) into `$OUT_DIR/dist`, from where it is embedded into the binary, and refuses to
//! if the page's types are not those of the wire (`ASKD_WRITE_WIRE=1` lets `make wire` mend that).
//!
//! Cargo calls this when an input's time stamp changes; what decides is a hash of the inputs, because a checkout
//! changes times and nothing else. Two ways around npm, both by environment:
//!
//! - `ASKD_PAGE_DIST=/folder` embeds a page that was built elsewhere, as it is: that it was built from this revision
//!   is for whoever sets it to see to.
//! - `ASKD_PAGE=skip` embeds a single page that says that it was left out.

#[path = "build/wire.rs"]
mod wire;

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    fs::File,
    hash::{Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// Everything that the built page depends on, below `assets/page`. All exist: one that did not would make cargo
/// run this for every build.
const INPUTS: &[&str] = &[
    "admin.html",
    "index.html",
    "package.json",
    "package-lock.json",
    "plugins",
    "sign-in.html",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// The page's messages, below `assets/page`: each of the files is a language, named by its tag.
const MESSAGES: &str = "src/messages";

/// The oldest Node.js that Vite runs on.
const NODE: (u32, u32) = (20, 19);

const STUB: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>askd</title>\n\
    <script id=\"askd-page\" type=\"application/json\">{}</script>\n</head>\n\
    <body>\n<p>This askd was built without its page (ASKD_PAGE=skip).</p>\n</body>\n</html>\n";

fn main() -> ExitCode {
    let root = folder("CARGO_MANIFEST_DIR");
    let page = root.join("assets/page");
    let dist = folder("OUT_DIR").join("dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=ASKD_PAGE");
    println!("cargo::rerun-if-env-changed=ASKD_PAGE_DIST");
    println!("cargo::rerun-if-env-changed=ASKD_WRITE_WIRE");
    for source in wire::SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", page.join(input).display());
    }
    fold_functions();
    match check_wire(&root)
        .and_then(|()| tell_languages(&page))
        .and_then(|()| provide(&page, &dist))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("\naskd's page could not be built: {why}\n");
            ExitCode::FAILURE
        }
    }
}

/// Has the linker keep functions that came out the same only once, which makes the binary smaller. The linker that Rust
/// brings along knows how to; elsewhere than on Linux with GNU on x86-64 Rust takes the system's, which may not.
fn fold_functions() {
    let target = env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu");
    if target && env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-link-arg-bin=askd=-Wl,--icf=all");
    }
}

/// Refuses a page that would speak to the server in other types than the server's.
fn check_wire(root: &Path) -> Result<(), String> {
    if env::var_os("ASKD_WRITE_WIRE").is_some_and(|value| value == "1") {
        return Ok(());
    }
    match wire::is_current(root) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "{} was not generated from these files as they are now: {}. Run `make wire`; it also shows what the \
             compiler has to say to a change of them",
            wire::GENERATED,
            wire::SOURCES.join(", "),
        )),
        Err(error) => Err(format!(
            "cannot compare {} with the Rust types: {error}. The source tree is not whole; get it anew",
            wire::GENERATED
        )),
    }
}

/// Tells the code which languages the page has, for `page.language`.
fn tell_languages(page: &Path) -> Result<(), String> {
    let folder = page.join(MESSAGES);
    let tags = fs::read_dir(&folder)
        .and_then(|files| files.collect::<io::Result<Vec<_>>>())
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut tags: Vec<String> = tags
        .iter()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".ts")?.to_owned()))
        .collect();
    tags.sort();
    println!("cargo::rustc-env=ASKD_PAGE_LANGUAGES={}", tags.join(","));
    Ok(())
}

/// Puts a page into `dist`: built elsewhere, left out, or built here if its inputs are not those of the last time.
fn provide(page: &Path, dist: &Path) -> Result<(), String> {
    let stamp = dist.with_file_name("page.stamp");
    if let Some(built) = env::var_os("ASKD_PAGE_DIST").map(PathBuf::from) {
        println!("cargo::rerun-if-changed={}", built.display());
        forget(&stamp)?;
        return take(&built, dist);
    }
    if env::var_os("ASKD_PAGE").is_some_and(|value| value == "skip") {
        forget(&stamp)?;
        return clear(dist)
            .and_then(|()| fs::write(dist.join("index.html"), STUB))
            .map_err(|error| format!("cannot write {}: {error}", dist.display()));
    }
    let inputs = hash(page).map_err(|error| format!("cannot read {}: {error}", page.display()))?;
    if fs::read_to_string(&stamp).is_ok_and(|last| last == inputs)
        && dist.join("index.html").is_file()
    {
        return Ok(());
    }
    forget(&stamp)?;
    build(page, dist)?;
    // Last, so that a build that was cut short is done again.
    fs::write(&stamp, inputs).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Runs npm, one process at a time in one checkout: cargo may build several profiles at once.
fn build(page: &Path, dist: &Path) -> Result<(), String> {
    check_node()?;
    let lock = page.join(".build.lock");
    let _held = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| format!("cannot lock {}: {error}", lock.display()))?;
    let wanted = page.join("package-lock.json");
    let installed = page.join("node_modules/.askd-installed");
    let current =
        fs::read(&wanted).map_err(|error| format!("cannot read {}: {error}", wanted.display()))?;
    if !fs::read(&installed).is_ok_and(|last| last == current) {
        npm(
            page,
            dist,
            &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        )?;
        fs::write(&installed, current)
            .map_err(|error| format!("cannot write {}: {error}", installed.display()))?;
    }
    npm(page, dist, &["run", "--silent", "build"])
}

fn npm(page: &Path, dist: &Path, arguments: &[&str]) -> Result<(), String> {
    let shown = format!("`npm {}` in {}", arguments.join(" "), page.display());
    let output = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(arguments)
        .current_dir(page)
        .env("ASKD_PAGE_OUT", dist)
        // Whoever builds askd for production means the page's tools too.
        .env_remove("NODE_ENV")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{shown} did not start: {error}. {REMEDY}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{shown} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    ))
}

const REMEDY: &str = "Install Node.js 20.19 or newer with npm, or set ASKD_PAGE_DIST to the folder of a page that \
    was built elsewhere, or set ASKD_PAGE=skip to build without the page.";

fn check_node() -> Result<(), String> {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|error| format!("Node.js did not start: {error}. {REMEDY}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|number| number.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= NODE => Ok(()),
        _ => Err(format!("Node.js {version} is too old. {REMEDY}")),
    }
}

/// Copies a page that was built elsewhere.
fn take(from: &Path, dist: &Path) -> Result<(), String> {
    if !from.join("index.html").is_file() {
        return Err(format!(
            "ASKD_PAGE_DIST={} holds no index.html",
            from.display()
        ));
    }
    clear(dist)
        .and_then(|()| copy(from, dist))
        .map_err(|error| {
            format!(
                "cannot copy {} to {}: {error}",
                from.display(),
                dist.display()
            )
        })
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn clear(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

fn forget(stamp: &Path) -> Result<(), String> {
    match fs::remove_file(stamp) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", stamp.display()))
        }
        _ => Ok(()),
    }
}

/// Names and contents of all inputs in one number. Not for security, so the standard library's hasher will do.
fn hash(page: &Path) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for input in INPUTS {
        hash_path(&page.join(input), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    path.hash(hasher);
    if !path.is_dir() {
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut inside = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| hash_path(path, hasher))
}

/// A folder that cargo names; run by hand, without cargo, it is the current one.
fn folder(variable: &str) -> PathBuf {
    PathBuf::from(env::var_os(variable).unwrap_or_default())
}
