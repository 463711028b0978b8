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
fn memory_that_nobody_asked_for_is_a_warning_with_its_remedy() {
    let warnings = |toml, env: &dyn Fn(&str) -> Option<String>| {
        let loaded = check("askd.toml", toml, &Overrides::default(), env).unwrap();
        loaded.warnings
    };
    let asked = warnings("[store]\npath = \":memory:\"\n", &|_| None);
    let home = warnings("", &|name| (name == "HOME").then(|| "/home/a".to_owned()));
    assert_eq!((asked, home), (Vec::new(), Vec::new()));
    let fallen = warnings("", &|_| None);
    assert_eq!(fallen.len(), 1);
    insta::assert_snapshot!(fallen[0].render_warning(false));
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
