//! askd behind the proxies of `contrib/`: their files as they are, but for addresses and paths, and where a test says so.

mod passing;
mod servers;

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use self::servers::{Kind, Proxy};
use crate::{
    client::{Browser, Client},
    fake::Fake,
    harness::Server,
    tls::Authority,
};

/// Where askd lies in the files of `contrib/`: the name, and the path.
const PLACES: [(&str, &str); 2] = [("ask.example.org", "/"), ("www.example.org", "/askd/")];

/// An askd behind a proxy.
struct Site {
    name: &'static str,
    path: &'static str,
    authority: Authority,
    server: Server,
    proxy: Proxy,
}

impl Site {
    /// At one of the places, with further lines of askd's configuration, and changes of the proxy's file.
    async fn start(
        kind: Kind,
        (name, path): (&'static str, &'static str),
        fake: &Fake,
        toml: &str,
        changes: &[(&str, &str)],
    ) -> Self {
        let authority = Authority::new();
        let address = servers::free_address();
        let public = format!("https://{name}:{}{path}", address.port());
        let toml = format!("[server]\npublic_url = {public:?}\n{toml}");
        let socket = authority.folder.path().join(servers::SOCKET);
        let listen = ["127.0.0.1:0", &format!("unix:{}", socket.display())];
        let server = Server::with_fake_on(&listen, fake, "", &toml);
        let proxy = Proxy::start(kind, address, server.address, &authority, changes).await;
        Self {
            name,
            path,
            authority,
            server,
            proxy,
        }
    }

    fn address(&self) -> SocketAddr {
        self.proxy.address
    }

    /// An address as people type it; `path` is below askd's own.
    fn url(&self, path: &str) -> String {
        format!(
            "https://{}:{}{}{path}",
            self.name,
            self.address().port(),
            self.path
        )
    }

    /// A connection that speaks HTTP/1.1.
    async fn connect(&self) -> TlsStream<TcpStream> {
        let connected = self
            .authority
            .connect_as(self.name, self.address(), &["http/1.1"]);
        connected.await
    }

    /// A session of this browser's, as a browser opens it.
    async fn session(&self, browser: &Browser) -> Client<TlsStream<TcpStream>> {
        let url = self.url("ws").replace("https://", "wss://");
        Client::at(&url, self.connect().await, browser).await
    }

    async fn stop(self) {
        drop(self.proxy);
        self.server.stop().await;
    }
}
