//! TLS: what readers get over it, and the certificate's files, which are made here.

mod openssl;
mod renewing;
mod serving;

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use reqwest::redirect::Policy;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::harness::Server;

/// The names of the files.
pub const CERTIFICATE: &str = "fullchain.pem";
pub const KEY: &str = "privkey.pem";

/// Who signs certificates here, with the folder that they lie in.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub folder: TempDir,
}

/// Whom a certificate is for.
const NAMES: [&str; 3] = ["localhost", "ask.example.org", "www.example.org"];

/// A certificate for these names, and its key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new one, with a good pair in its folder.
    pub fn new() -> Self {
        let mut root = CertificateParams::new([]).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = DnType::CommonName;
        root.distinguished_name.push(name, "the tests' authority");
        let key = KeyPair::generate().unwrap();
        let authority = Self {
            issuer: CertifiedIssuer::self_signed(root, key).unwrap(),
            folder: TempDir::new().unwrap(),
        };
        authority.pair().write(authority.folder.path());
        authority
    }

    /// A pair for as long as anybody runs this.
    pub fn pair(&self) -> Pair {
        self.pair_until(|params| params.not_after = date_time_ymd(2090, 1, 1))
    }

    /// A pair that ends then.
    pub fn pair_ending(&self, end: SystemTime) -> Pair {
        self.pair_until(|params| params.not_after = end.into())
    }

    fn pair_until(&self, end: impl Fn(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        end(&mut params);
        let key = KeyPair::generate().unwrap();
        let issuer: &Issuer<'_, KeyPair> = &self.issuer;
        let own = params.signed_by(&key, issuer).unwrap();
        Pair {
            certificate: own.pem() + &self.issuer.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Those whom clients trust, in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// `[server.tls]` with the files of the folder, and these further lines.
    pub fn toml(&self, lines: &str) -> String {
        let path = |name| self.folder.path().join(name).display().to_string();
        format!(
            "[server.tls]\ncertificate = {:?}\nkey = {:?}\n{lines}\n",
            path(CERTIFICATE),
            path(KEY)
        )
    }

    /// A connection after its handshake, in which the client has offered these protocols.
    pub async fn connect(&self, address: SocketAddr, alpn: &[&str]) -> TlsStream<TcpStream> {
        self.connect_as("localhost", address, alpn).await
    }

    /// The same, to a server that is known by this name.
    pub async fn connect_as(
        &self,
        name: &'static str,
        address: SocketAddr,
        alpn: &[&str],
    ) -> TlsStream<TcpStream> {
        let socket = TcpStream::connect(address).await.unwrap();
        self.over(socket, name, alpn).await
    }

    /// The same over a connection of the test's own.
    pub async fn over(
        &self,
        socket: TcpStream,
        name: &'static str,
        alpn: &[&str],
    ) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, socket).await.unwrap()
    }

    /// A program that speaks HTTP as browsers do, and finds this name at this address.
    pub fn program(&self, name: &str, address: SocketAddr) -> reqwest::Client {
        let _ = ring::default_provider().install_default();
        reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(self.pem().as_bytes()).unwrap()])
            .resolve(name, address)
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .unwrap()
    }

    /// The certificate that a new connection is shown.
    pub async fn shown(&self, server: &Server) -> CertificateDer<'static> {
        let socket = self.connect(server.address, &[]).await;
        let (_, session) = socket.get_ref();
        session.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

impl Pair {
    /// Puts both files into a folder, each at once, the key for its owner alone.
    pub fn write(&self, folder: &Path) {
        put(folder, CERTIFICATE, &self.certificate);
        put(folder, KEY, &self.key);
    }
}

/// Puts a file into a folder, in one step, where an old one may be.
pub fn put(folder: &Path, name: &str, content: &str) {
    use std::os::unix::fs::PermissionsExt;

    let new = folder.join("new");
    fs::write(&new, content).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, folder.join(name)).unwrap();
}
