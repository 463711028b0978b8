//! `[server.tls]`, and whether readers come over TLS at all.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::Server;

impl Server {
    /// Whether readers come over TLS, to askd itself or to a proxy before it.
    pub fn is_secure(&self) -> bool {
        let public = self.public_url.as_ref();
        self.tls.is_some() || public.is_some_and(|url| url.scheme() == "https")
    }
}

/// `[server.tls]`: the certificate, and what goes with it. Unix sockets stay plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate with its chain, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
    /// Plain addresses that lead to the page's own, `https://…`.
    pub redirect: Vec<SocketAddr>,
    /// How long browsers come over TLS alone (`Strict-Transport-Security`); `None`: they are told nothing of it.
    pub hsts: Option<Duration>,
}
