//! `[server.tls]`: its files are looked at before anything starts.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, SystemTime},
};

use super::*;
use crate::tls::{Authority, CERTIFICATE, KEY, put};

fn told(authority: &Authority, faults: impl IntoIterator<Item = String>) -> Vec<String> {
    let folder = authority.folder.path().to_str().unwrap();
    let told = faults.into_iter();
    told.map(|one| one.replace(folder, "/etc/askd")).collect()
}

#[test]
fn a_good_pair_is_taken_with_all_that_goes_with_it() {
    let authority = Authority::new();
    let loaded = load(&authority.toml("redirect = [\"127.0.0.1:80\"]\nhsts = \"0s\"")).unwrap();
    let tls = loaded.config.server.tls.unwrap();
    assert_eq!(tls.redirect, ["127.0.0.1:80".parse().unwrap()]);
    assert_eq!(tls.hsts, Some(Duration::ZERO));
    assert_eq!(tls.key, authority.folder.path().join(KEY));
    let warned = loaded.warnings.iter().filter(|one| one.key.contains("tls"));
    assert_eq!(warned.count(), 0);
    let tls = good(&authority.toml("")).server.tls.unwrap();
    assert_eq!((tls.redirect, tls.hsts), (vec![], None));
    assert_eq!(good("").server.tls, None);
}

#[test]
fn a_pair_that_cannot_be_served_does_not_start_and_is_told_with_what_to_do() {
    let authority = Authority::new();
    let folder = authority.folder.path();
    let (one, other) = (authority.pair(), authority.pair());
    let cases = [
        (&one.certificate, &other.key),
        (&one.key, &one.key),
        (&one.certificate, &one.certificate),
        (&one.certificate[..200].to_owned(), &one.key),
    ];
    let mut report = String::new();
    for (certificate, key) in cases {
        put(folder, CERTIFICATE, certificate);
        put(folder, KEY, key);
        let faults = load(&authority.toml("")).unwrap_err().0;
        let told = told(&authority, faults.iter().map(ToString::to_string));
        report += &format!("{}\n", told.join("\n"));
    }
    insta::assert_snapshot!(report);
}

#[test]
fn a_certificate_that_has_expired_or_will_soon_is_a_warning_and_so_is_an_open_key() {
    let authority = Authority::new();
    let day = Duration::from_secs(24 * 3600);
    for (end, warned) in [
        (SystemTime::now() - day, "expired on "),
        (SystemTime::now() + day * 13, "expires on "),
        (SystemTime::now() + day * 15, ""),
    ] {
        authority.pair_ending(end).write(authority.folder.path());
        let loaded = load(&authority.toml("")).unwrap();
        let warnings = loaded.warnings.iter();
        let tls: Vec<_> = warnings
            .filter(|one| one.key == "server.tls.certificate")
            .collect();
        assert_eq!(tls.len(), usize::from(!warned.is_empty()), "{tls:?}");
        assert!(
            tls.iter().all(|one| one.message.starts_with(warned)),
            "{tls:?}"
        );
    }
    let key = authority.folder.path().join(KEY);
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    let loaded = load(&authority.toml("")).unwrap();
    let warning = loaded
        .warnings
        .iter()
        .find(|one| one.key == "server.tls.key");
    assert!(
        warning
            .unwrap()
            .message
            .contains("every user of this machine")
    );
}

#[test]
fn tls_without_an_address_that_speaks_it_is_a_warning() {
    let authority = Authority::new();
    let toml = format!(
        "[server]\nlisten = [\"unix:/run/askd.sock\"]\n{}",
        authority.toml("")
    );
    let loaded = load(&toml).unwrap();
    let warning = loaded.warnings.iter().find(|one| one.key == "server.tls");
    assert!(warning.unwrap().help.contains("server.listen"));
}
