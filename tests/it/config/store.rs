//! Where conversations are kept when the file does not say.

use askd::config::StorePath;

use super::*;

#[test]
fn the_usual_place_is_systemds_then_the_users_and_memory_without_either() {
    let place = |variables: &[(&str, &str)]| {
        let env = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let loaded = check("askd.toml", "", &Overrides::default(), &env).unwrap();
        loaded.config.store.path.to_string()
    };
    let home = ("HOME", "/home/a");
    let users = ("XDG_STATE_HOME", "/state");
    let systemds = ("STATE_DIRECTORY", "/var/lib/askd:/var/lib/other");
    assert_eq!(place(&[home, users, systemds]), "/var/lib/askd/askd.db");
    assert_eq!(place(&[home, users]), "/state/askd/askd.db");
    assert_eq!(
        place(&[home, ("XDG_STATE_HOME", "")]),
        "/home/a/.local/state/askd/askd.db"
    );
    assert_eq!(place(&[]), ":memory:");
}

#[test]
fn the_file_says_where_how_long_and_how_much() {
    let store = good("[store]\npath = \":memory:\"\n").store;
    assert_eq!(
        (store.path.clone(), store.bound(), store.retention),
        (StorePath::Memory, Some(64 << 20), None)
    );
    let store = good("[store]\npath = \"a.db\"\nretention = \"90d\"\nmax_size = \"1 GiB\"\n").store;
    assert_eq!(store.path, StorePath::File("a.db".into()));
    assert_eq!(
        (store.bound(), store.retention.unwrap().as_secs()),
        (Some(1 << 30), 90 * 86_400)
    );
    assert_eq!(good("[store]\npath = \"a.db\"\n").store.bound(), None);
}
