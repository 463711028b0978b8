//! The unit is hardened, has no fault, and fits the program that it starts.

use std::{
    fs,
    process::{Command, Output},
};

use askd::{
    cli::{self, Cli},
    config::Config,
};
use clap::Parser;

const UNIT: &str = include_str!("../../systemd/askd.service");
const UNIT_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/askd.service");

const SOCKET: &str = include_str!("../../systemd/askd.socket");

/// Exposure as systemd rates it, 0 to 10, that the unit has to stay below.
const MAX_EXPOSURE: f32 = 2.0;

fn systemd_analyze(arguments: &[&str]) -> Output {
    Command::new("systemd-analyze")
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("systemd-analyze has to be there for this test: install the Debian package systemd")
}

/// All values of a setting.
fn values<'u>(unit: &'u str, name: &str) -> Vec<&'u str> {
    unit.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .collect()
}

/// The only value of a setting.
fn value<'u>(unit: &'u str, name: &str) -> &'u str {
    let values = values(unit, name);
    assert_eq!(values.len(), 1, "{name}");
    values[0]
}

#[test]
fn the_unit_exposes_little() {
    let output = systemd_analyze(&["security", "--offline=yes", "--no-pager", UNIT_PATH]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("Overall exposure level"))
        .unwrap_or_else(|| panic!("no rating in {text}"));
    let rating = line.split(": ").nth(1).unwrap().split(' ').next().unwrap();
    let exposure: f32 = rating.parse().unwrap();
    assert!(exposure < MAX_EXPOSURE, "{line}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn systemd_has_nothing_to_say_about_the_unit() {
    // The program need not be installed where the tests run.
    let directory = tempfile::tempdir().unwrap();
    let installed = value(UNIT, "ExecStart").split(' ').next().unwrap();
    let unit = UNIT.replace(installed, env!("CARGO_BIN_EXE_askd"));
    let path = directory.path().join("askd.service");
    fs::write(&path, unit).unwrap();
    let output = systemd_analyze(&["verify", path.to_str().unwrap()]);
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8(said).unwrap(), "");
    assert!(output.status.success());
}

#[test]
fn systemd_has_nothing_to_say_about_the_socket_which_is_the_services_own() {
    let directory = tempfile::tempdir().unwrap();
    let installed = value(UNIT, "ExecStart").split(' ').next().unwrap();
    let unit = UNIT.replace(installed, env!("CARGO_BIN_EXE_askd"));
    fs::write(directory.path().join("askd.service"), unit).unwrap();
    let path = directory.path().join("askd.socket");
    fs::write(&path, SOCKET).unwrap();
    let output = systemd_analyze(&["verify", path.to_str().unwrap()]);
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8(said).unwrap(), "");
    assert!(output.status.success());
}

#[test]
fn the_socket_listens_where_askd_does_by_itself_and_for_one_askd() {
    let default = Config::default().server.listen;
    let listen: Vec<_> = default.iter().map(ToString::to_string).collect();
    assert_eq!(values(SOCKET, "ListenStream"), listen);
    assert_eq!(value(SOCKET, "Accept"), "no");
    assert_eq!(value(SOCKET, "WantedBy"), "sockets.target");
    for other in [
        "ListenDatagram",
        "ListenSequentialPacket",
        "ListenFIFO",
        "Service",
    ] {
        assert!(values(SOCKET, other).is_empty(), "{other}");
    }
}

#[test]
fn the_service_starts_behind_its_socket_and_also_without_one() {
    let after = value(UNIT, "After");
    assert!(after.split(' ').any(|unit| unit == "askd.socket"));
    for needed in ["Requires", "BindsTo", "Sockets"] {
        assert!(values(UNIT, needed).is_empty(), "{needed}");
    }
}

#[test]
fn the_unit_starts_askd_as_askd_understands_it() {
    let cli = Cli::try_parse_from(value(UNIT, "ExecStart").split(' ')).unwrap();
    assert_eq!(cli.command(), cli::Command::Serve);
    assert_eq!(cli.config.unwrap().to_str(), Some("/etc/askd/askd.toml"));
    assert_eq!(value(UNIT, "Type"), "notify");
    assert_eq!(value(UNIT, "ExecReload"), "/bin/kill -HUP $MAINPID");
    let fatal = value(UNIT, "RestartPreventExitStatus");
    assert_eq!(fatal, cli::EXIT_CONFIG.to_string());
}

#[test]
fn systemd_waits_longer_for_the_end_than_running_answers_may_take() {
    let patience: u64 = value(UNIT, "TimeoutStopSec").parse().unwrap();
    assert!(patience > Config::default().server.shutdown_grace.as_secs());
}

#[test]
fn the_units_credential_is_the_one_of_the_example_and_may_be_absent() {
    let example = include_str!("../../config.example.toml");
    let (name, path) = value(UNIT, "LoadCredential").split_once(':').unwrap();
    assert!(example.contains(&format!("api_key_credential = \"{name}\"")));
    assert_eq!(path, "/etc/askd/api-key");
    // systemd does not fail for want of a file whose credential has a default.
    let (default, text) = value(UNIT, "SetCredential").split_once(':').unwrap();
    assert_eq!((default, text), (name, "\\n"));
}

#[test]
fn the_network_sockets_and_low_ports_stay_open() {
    let families = value(UNIT, "RestrictAddressFamilies");
    for family in ["AF_INET", "AF_INET6", "AF_UNIX"] {
        assert!(families.split(' ').any(|f| f == family), "{family}");
    }
    assert_eq!(value(UNIT, "AmbientCapabilities"), "CAP_NET_BIND_SERVICE");
    for closed in ["PrivateNetwork", "IPAddressDeny", "PrivateUsers"] {
        assert!(values(UNIT, closed).is_empty(), "{closed}");
    }
}
