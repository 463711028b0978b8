//! The real binary's log, as far as it can be seen without serving.

use std::process::Command;

#[test]
fn a_log_directory_that_cannot_be_used_never_starts_and_is_named_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "").unwrap();
    let config = home.path().join("askd.toml");
    let directory = home.path().join("file/logs");
    std::fs::write(&config, format!("[log]\ndirectory = {directory:?}\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_askd"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(directory.to_str().unwrap()), "{said}");
    assert!(said.contains("change log.directory"), "{said}");
}
