//! The files change while askd runs.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use tokio::task::yield_now;

use super::{Authority, CERTIFICATE, KEY, put};
use crate::{
    client::{Browser, Client},
    fake::{Fake, Script},
    harness::{Server, soon},
    http::{ask, request},
};

const STAYS: &str = "the certificate that was read before stays in use";

#[tokio::test]
async fn renewed_files_are_taken_up_and_connections_that_stand_live_on() {
    let authority = Authority::new();
    let fake = Fake::start().await;
    fake.always(Script::answer(&["still here"]));
    let server = Server::with_fake(&fake, "", &authority.toml(""));
    let socket = authority.connect(server.address, &[]).await;
    let mut session = Client::over(socket, server.address, &Browser::default()).await;
    let mut socket = authority.connect(server.address, &[]).await;
    let old = authority.shown(&server).await;
    authority.pair().write(authority.folder.path());
    let taken = async {
        while authority.shown(&server).await == old {
            yield_now().await;
        }
    };
    session.until(taken).await;
    let turn = session.ask("Are you?").await;
    assert_eq!(session.read(turn).await.text, "still here");
    let reply = ask(&mut socket, &request("GET", "/healthz", "")).await;
    assert_eq!(reply.status, 200);
    session.leave(1000).await;
    server.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_served_change_nothing_and_are_told_once() {
    let authority = Authority::new();
    let folder = authority.folder.path();
    let server = Server::start(&authority.toml(""));
    let old = authority.shown(&server).await;
    // The key of the next pair has not come yet, or never will.
    put(folder, CERTIFICATE, &authority.pair().certificate);
    let told = async {
        while server.log.lines(STAYS).is_empty() {
            yield_now().await;
        }
    };
    soon("told", told).await;
    let said = server.log.lines(STAYS).remove(0);
    let wrong = "is not the key of the first certificate in";
    assert!(said.contains(wrong) && said.contains(KEY), "{said}");
    assert_eq!(authority.shown(&server).await, old);
    authority.pair().write(folder);
    let taken = async {
        while authority.shown(&server).await == old {
            yield_now().await;
        }
    };
    soon("taken", taken).await;
    assert_eq!(server.log.lines(STAYS).len(), 1);
    server.stop_expecting(&[STAYS]).await;
}

#[tokio::test]
async fn who_has_the_files_read_again_is_told_what_is_wrong_with_them() {
    let authority = Authority::new();
    let folder = authority.folder.path();
    let server = Server::start(&authority.toml(""));
    let certificate = server.certificate.clone().unwrap();
    let old = authority.shown(&server).await;
    let (good, other) = (authority.pair(), authority.pair());
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 3600);
    let expired = authority.pair_ending(yesterday);
    let cut = &good.certificate[..good.certificate.len() / 3];
    let encrypted = good.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let cases = [
        (
            &*good.certificate,
            &*other.key,
            KEY,
            "is not the key of the first certificate",
        ),
        (&good.key, &good.key, CERTIFICATE, "holds no certificate"),
        (&good.certificate, &good.certificate, KEY, "holds no key"),
        (&good.certificate, &encrypted, KEY, "holds no key"),
        (cut, &good.key, CERTIFICATE, "is damaged"),
        ("", "", CERTIFICATE, "holds no certificate"),
        (
            &expired.certificate,
            &expired.key,
            CERTIFICATE,
            "expired on",
        ),
    ];
    for (chain, key, file, wrong) in cases {
        put(folder, CERTIFICATE, chain);
        put(folder, KEY, key);
        let error = certificate.reload().unwrap_err().to_string();
        assert!(error.contains(wrong) && error.contains(file), "{error}");
        assert_eq!(authority.shown(&server).await, old, "{error}");
    }
    fs::remove_file(folder.join(KEY)).unwrap();
    let error = certificate.reload().unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
    good.write(folder);
    certificate.reload().unwrap();
    assert_ne!(authority.shown(&server).await, old);
    server.stop().await;
}
