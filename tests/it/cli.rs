//! The real binary's command line: what it finds, what it says, and how it exits.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_askd");

/// The binary in a directory of its own, with nothing of askd's in the environment.
struct Askd {
    home: TempDir,
}

/// What it said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Askd {
    fn new() -> Self {
        Self {
            home: TempDir::new().unwrap(),
        }
    }

    /// Writes a file that only its owner can read.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        self.mode(&path, 0o600);
    }

    fn mode(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        self.run_as(BINARY, arguments, environment)
    }

    /// The same by another program.
    fn run_as(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(program)
            .args(arguments)
            .current_dir(&self.home)
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let home = self.home.path().to_str().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(home, "HOME");
        Said {
            code: status.code().unwrap(),
            out: text(stdout),
            err: text(stderr),
        }
    }
}

const BAD: &str = "[server]\nmax_sessions = 0\n[page]\ntitel = \"x\"\n";

fn titled(address: &str) -> String {
    format!("[server]\nlisten = [\"{address}\"]\n")
}

#[test]
fn a_good_file_is_ok_and_its_meaning_is_summed_up_without_secrets() {
    let askd = Askd::new();
    askd.write("key", "sk-secret\n");
    askd.write(
        "askd.toml",
        "[server]\nlisten = [\"127.0.0.1:8080\", \"unix:/run/askd.sock\"]\n\
         max_connections = 100\nmax_sessions = 100\n[log]\ndirectory = \"/var/log/askd\"\n\
         [store]\npath = \":memory:\"\n\
         [[endpoint]]\nname = \"one\"\nbase_url = \"https://one.example/v1?key=sk-secret\"\nmodels = [\"a\", \"b\"]\n\
         api_key_file = \"./key\"\n[[endpoint]]\nbase_url = \"http://127.0.0.1:11434/v1/\"\nmodel = \"c\"\n",
    );
    let said = askd.run(&["check"], &[]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out);
}

#[test]
fn fewer_descriptors_than_the_caps_may_take_are_told_and_are_no_fault() {
    let askd = Askd::new();
    askd.write("askd.toml", "[store]\npath = \":memory:\"\n");
    let few = "ulimit -n 1000 && exec \"$0\" check";
    let said = askd.run_as("/bin/sh", &["-c", few, BINARY], &[]);
    assert_eq!(said.code, 0, "{}", said.err);
    // 12,000 connections, one listener, and 64 others.
    let told = "warning: askd may need 12065 file descriptors and may have 1000";
    assert!(said.err.starts_with(told), "{}", said.err);
    assert!(said.out.contains(": ok\n"), "{}", said.out);
}

#[test]
fn the_check_says_where_conversations_are_kept() {
    let askd = Askd::new();
    askd.write("askd.toml", "");
    for (environment, place) in [
        (vec![], "keeps in     memory, until askd ends\n"),
        (
            vec![("STATE_DIRECTORY", "/var/lib/askd")],
            "keeps in     /var/lib/askd/askd.db\n",
        ),
    ] {
        let said = askd.run(&["check"], &environment);
        assert!(said.out.contains(place), "{}", said.out);
    }
}

#[test]
fn a_bad_file_is_told_whole_on_standard_error_with_exit_code_78() {
    let askd = Askd::new();
    askd.write("askd.toml", BAD);
    let said = askd.run(&["check"], &[]);
    assert_eq!((said.code, said.out.as_str()), (78, ""));
    insta::assert_snapshot!(said.err);
}

#[test]
fn a_bad_file_never_starts() {
    let askd = Askd::new();
    askd.write("askd.toml", BAD);
    for arguments in [&["serve"][..], &[]] {
        let said = askd.run(arguments, &[]);
        assert_eq!((said.code, said.out.as_str()), (78, ""));
        assert!(said.err.contains("askd.toml:2:16"), "{}", said.err);
        assert!(said.err.contains("2 faults"), "{}", said.err);
    }
}

#[test]
fn the_flag_wins_over_the_variable_and_that_over_the_file_here() {
    let askd = Askd::new();
    askd.write("askd.toml", titled("127.0.0.1:1"));
    askd.write("variable.toml", titled("127.0.0.1:2"));
    askd.write("flag.toml", titled("127.0.0.1:3"));
    let variable = [("ASKD_CONFIG", "variable.toml")];
    let here = askd.run(&["check"], &[]);
    assert!(
        here.out
            .starts_with("askd.toml: ok\n  listens on   127.0.0.1:1\n"),
        "{}",
        here.out
    );
    let variable_alone = askd.run(&["check"], &variable);
    assert!(
        variable_alone.out.contains("127.0.0.1:2"),
        "{}",
        variable_alone.out
    );
    let flag = askd.run(&["check", "--config", "flag.toml"], &variable);
    assert!(flag.out.contains("127.0.0.1:3"), "{}", flag.out);
}

#[test]
fn listening_by_flag_wins_over_by_variable_and_that_over_the_file() {
    let askd = Askd::new();
    askd.write("askd.toml", titled("127.0.0.1:1"));
    let variable = [("ASKD_LISTEN", "127.0.0.1:2,unix:/x")];
    let said = askd.run(&["check"], &variable);
    assert!(
        said.out.contains("127.0.0.1:2\n  listens on   unix:/x\n"),
        "{}",
        said.out
    );
    let said = askd.run(
        &["check", "--listen", "127.0.0.1:3", "--listen", "[::1]:4"],
        &variable,
    );
    assert!(
        said.out.contains("127.0.0.1:3\n  listens on   [::1]:4\n"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("unix:/x"), "{}", said.out);
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_with_its_path() {
    let askd = Askd::new();
    askd.write("latin1.toml", b"[page]\ntitle = \"caf\xe9\"\n");
    askd.write("large.toml", "#".repeat(1024 * 1024 + 1));
    let mut told = String::new();
    let rows = ["missing.toml", "/", "latin1.toml", "large.toml"];
    for config in rows {
        let said = askd.run(&["check", "--config", config], &[("HOME", "/home/a")]);
        assert_eq!((said.code, said.out.as_str()), (78, ""), "{config}");
        told += &said.err;
        told += "\n";
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_key_that_every_user_can_read_is_a_warning() {
    let askd = Askd::new();
    let endpoint = "[[endpoint]]\nbase_url = \"https://h/v1\"\nmodel = \"m\"\n";
    askd.write("key", "sk-secret");
    askd.write(
        "inside.toml",
        format!("{endpoint}api_key = \"sk-secret\"\n"),
    );
    askd.write(
        "outside.toml",
        format!("{endpoint}api_key_file = \"./key\"\n"),
    );
    let mut told = String::new();
    for (config, key) in [("inside.toml", "inside.toml"), ("outside.toml", "key")] {
        let said = askd.run(&["check", "--config", config], &[("HOME", "/home/a")]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{config}");
        askd.mode(&askd.home.path().join(key), 0o644);
        let said = askd.run(&["check", "--config", config], &[("HOME", "/home/a")]);
        assert_eq!(said.code, 0, "{config}");
        told += &said.err;
    }
    assert!(!told.contains("sk-secret"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn the_version_is_the_crates() {
    let said = Askd::new().run(&["--version"], &[]);
    assert_eq!(said.out, format!("askd {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_names_every_command_flag_and_variable() {
    let said = Askd::new().run(&["--help"], &[]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out);
}

#[test]
fn a_flag_that_does_not_exist_is_told_with_the_nearest_one() {
    let said = Askd::new().run(&["--confg", "x"], &[]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("--config"), "{}", said.err);
}

#[test]
fn a_port_that_is_in_use_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Askd::new().run(&["--listen", &address], &[]);
    assert_eq!((said.code, said.out.as_str()), (69, ""));
    assert!(
        said.err.contains(&format!("cannot listen on {address}")),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("another program listens there"),
        "{}",
        said.err
    );
}

#[test]
fn more_lines_than_one_are_no_password() {
    let askd = Askd::new();
    let piped = "printf 'first line\\nsecond line\\n' | \"$0\" hash-password";
    let said = askd.run_as(
        "/bin/sh",
        &["-c", piped, BINARY],
        &[("PATH", "/usr/bin:/bin")],
    );
    assert_eq!((said.code, said.out.as_str()), (78, ""));
    assert!(said.err.contains("a password is one line"), "{}", said.err);
}
