//! askd as another TLS, openssl's, sees it.

use std::process::Stdio;

use tokio::{io::AsyncWriteExt, process::Command};

use super::{Authority, put};
use crate::harness::{Server, soon};

/// What openssl's client says of a connection that sends this.
async fn s_client(
    authority: &Authority,
    server: &Server,
    flags: &[&str],
    sent: &str,
) -> (bool, String) {
    put(authority.folder.path(), "root.pem", &authority.pem());
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &server.address.to_string()])
        .args(["-servername", "localhost", "-verify_hostname", "localhost"])
        .args([
            "-verify_return_error",
            "-ign_eof",
            "-no-CApath",
            "-no-CAstore",
            "-CAfile",
        ])
        .arg(authority.folder.path().join("root.pem"))
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl has to be there for this test: install the Debian package openssl");
    let mut input = child.stdin.take().unwrap();
    // It may have ended already, where the handshake fails.
    let _ = input.write_all(sent.as_bytes()).await;
    let output = soon("ended", child.wait_with_output()).await.unwrap();
    drop(input);
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

const ASKED: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn openssl_verifies_the_chain_and_is_answered_by_either_version() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    for (flag, version) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
        let flags = [flag, "-alpn", "http/1.1"];
        let (ended_well, said) = s_client(&authority, &server, &flags, ASKED).await;
        assert!(ended_well, "{said}");
        for part in [
            "Verification: OK",
            "Verified peername: localhost",
            "ALPN protocol: http/1.1",
            version,
            "HTTP/1.1 200 OK",
        ] {
            assert!(said.contains(part), "no {part}: {said}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn openssl_gets_http_2_if_it_offers_it() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    // Not a word of HTTP/2, so the server ends it.
    let (_, said) = s_client(&authority, &server, &["-alpn", "h2,http/1.1"], ASKED).await;
    assert!(said.contains("ALPN protocol: h2"), "{said}");
    assert!(said.contains("Verification: OK"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_older_than_tls_1_2_is_refused_and_so_is_who_trusts_others() {
    let authority = Authority::new();
    let server = Server::start(&authority.toml(""));
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let (ended_well, said) = s_client(&authority, &server, &old, ASKED).await;
    assert!(!ended_well && said.contains("SSL alert number"), "{said}");
    assert!(!said.contains("HTTP/1.1"), "{said}");
    let (ended_well, said) = s_client(&Authority::new(), &server, &[], ASKED).await;
    assert!(!ended_well && !said.contains("Verification: OK"), "{said}");
    server.stop().await;
}
