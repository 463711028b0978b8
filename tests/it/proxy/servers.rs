//! The three proxies as processes of the tests' own: unpacked by `tools/proxies`, on free ports, without privileges.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU8, Ordering},
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    task::yield_now,
};

use crate::{
    harness::soon,
    tls::{Authority, CERTIFICATE, KEY},
};

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
    Apache,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Nginx, Self::Caddy, Self::Apache];

    /// The file of `contrib/`, the program, and the file around the other.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Nginx => (
                include_str!("../../../contrib/nginx.conf"),
                "sbin/nginx",
                NGINX,
            ),
            Self::Caddy => (
                include_str!("../../../contrib/Caddyfile"),
                "bin/caddy",
                CADDY,
            ),
            Self::Apache => (
                include_str!("../../../contrib/apache.conf"),
                "sbin/apache2",
                APACHE,
            ),
        }
    }

    /// What stands in its file for an address that people reach, and what takes its place.
    fn addresses(self, address: SocketAddr, home: &Path) -> Vec<(String, String)> {
        let plain = SocketAddr::new(address.ip(), address.port() ^ 1);
        let home = home.display();
        let pairs = match self {
            Self::Nginx => vec![
                ("listen [::]:80;".to_owned(), String::new()),
                ("listen [::]:443 ssl http2;".to_owned(), String::new()),
                ("listen 80;".to_owned(), format!("listen {plain};")),
                ("listen 443 ".to_owned(), format!("listen {address} ")),
            ],
            // It would ask for certificates of its own.
            Self::Caddy => ["ask.example.org {", "www.example.org {"]
                .map(|site| {
                    let (name, port) = (site.trim_end_matches(" {"), address.port());
                    let tls = format!("tls {home}/{CERTIFICATE} {home}/{KEY}");
                    let site_here = format!("{name}:{port} {{\n\tbind {}\n\t{tls}", address.ip());
                    (format!("\n{site}"), format!("\n{site_here}"))
                })
                .to_vec(),
            Self::Apache => vec![
                ("*:80>".to_owned(), format!("{plain}>")),
                ("*:443>".to_owned(), format!("{address}>")),
            ],
        };
        let files = ("/etc/ssl/askd".to_owned(), home.to_string());
        pairs
            .into_iter()
            .chain((self != Self::Caddy).then_some(files))
            .collect()
    }
}

/// One process in the foreground, with its files in `HOME`.
const NGINX: &str = "daemon off; master_process off; pid HOME/pid; error_log stderr;\n\
    events {}\n\
    http {\n\
        access_log off;\n\
        client_body_temp_path HOME/body; proxy_temp_path HOME/proxy; fastcgi_temp_path HOME/fastcgi;\n\
        uwsgi_temp_path HOME/uwsgi; scgi_temp_path HOME/scgi;\n\
        include HOME/askd;\n\
    }\n";
const STREAM: &str = "load_module MODULE; daemon off; master_process off; pid HOME/pid; error_log stderr;\n\
    events {}\n\
    stream { server { listen ADDRESS; proxy_pass ASKD; proxy_protocol on; } }\n";
const CADDY: &str = "{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system HOME\n}\nimport HOME/askd\n";
const APACHE: &str = "ServerRoot HOME\nServerName localhost\nPidFile HOME/pid\nErrorLog /dev/stderr\nMutex file:HOME\n\
    DefaultRuntimeDir HOME\nListen ADDRESS\nListen PLAIN\n\
    LoadModule mpm_event_module MODULES/mod_mpm_event.so\nLoadModule authz_core_module MODULES/mod_authz_core.so\n\
    LoadModule alias_module MODULES/mod_alias.so\nLoadModule headers_module MODULES/mod_headers.so\n\
    LoadModule http2_module MODULES/mod_http2.so\nLoadModule ssl_module MODULES/mod_ssl.so\n\
    LoadModule proxy_module MODULES/mod_proxy.so\nLoadModule proxy_http_module MODULES/mod_proxy_http.so\n\
    Include HOME/askd\n";

/// The Unix socket on which askd listens too, in the authority's folder; `SOCKET` in a change of a file is its path.
pub const SOCKET: &str = "askd.sock";

/// A running proxy; it ends with this.
pub struct Proxy {
    /// Where it listens with TLS.
    pub address: SocketAddr,
    /// Where it listens without.
    pub plain: SocketAddr,
    kind: Kind,
    child: Child,
    home: TempDir,
}

/// An address of the loopback that no other test takes, with a free port whose neighbour is free too.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., b, c] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, b.max(1), c, NEXT.fetch_add(1, Ordering::Relaxed));
    TcpListener::bind((own, 0)).unwrap().local_addr().unwrap()
}

fn unpacked() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/proxies/usr")
}

impl Proxy {
    /// nginx that passes connections on as they are, and says whose they are.
    pub async fn pass_on(address: SocketAddr, askd: SocketAddr) -> Self {
        let home = TempDir::new().unwrap();
        let module = unpacked().join("lib/nginx/modules/ngx_stream_module.so");
        let around = STREAM
            .replace("MODULE", module.to_str().unwrap())
            .replace("HOME", home.path().to_str().unwrap())
            .replace("ADDRESS", &address.to_string())
            .replace("ASKD", &askd.to_string());
        fs::write(home.path().join("around"), around).unwrap();
        let kind = Kind::Nginx;
        let mut proxy = Self {
            address,
            plain: address,
            kind,
            child: command(kind, home.path()).spawn().unwrap(),
            home,
        };
        proxy.up().await;
        proxy
    }

    /// Starts it with its file of `contrib/`, in which the addresses and paths are those of this test, with further changes.
    pub async fn start(
        kind: Kind,
        address: SocketAddr,
        askd: SocketAddr,
        authority: &Authority,
        changes: &[(&str, &str)],
    ) -> Self {
        let home = TempDir::new().unwrap();
        for name in [CERTIFICATE, KEY] {
            fs::copy(authority.folder.path().join(name), home.path().join(name)).unwrap();
        }
        let (contrib, _, around) = kind.parts();
        let mut pairs = kind.addresses(address, home.path());
        let socket = authority.folder.path().join(SOCKET);
        let socket = socket.to_str().unwrap();
        pairs.extend(
            changes
                .iter()
                .map(|&(from, to)| (from.to_owned(), to.replace("SOCKET", socket))),
        );
        pairs.push(("127.0.0.1:8080".to_owned(), askd.to_string()));
        let contrib = pairs.iter().fold(contrib.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{kind:?} has no {from:?}:\n{text}");
            text.replace(from, to)
        });
        let plain = SocketAddr::new(address.ip(), address.port() ^ 1);
        let around = around
            .replace("HOME", home.path().to_str().unwrap())
            .replace(
                "MODULES",
                unpacked().join("lib/apache2/modules").to_str().unwrap(),
            )
            .replace("ADDRESS", &address.to_string())
            .replace("PLAIN", &plain.to_string());
        fs::write(home.path().join("askd"), contrib).unwrap();
        fs::write(home.path().join("around"), around).unwrap();
        let mut proxy = Self {
            address,
            plain,
            kind,
            child: command(kind, home.path()).spawn().unwrap(),
            home,
        };
        proxy.up().await;
        proxy
    }

    /// Ends it at once, and starts it anew.
    pub async fn restart(&mut self) {
        self.child.kill().await.unwrap();
        self.child = command(self.kind, self.home.path()).spawn().unwrap();
        self.up().await;
    }

    async fn up(&mut self) {
        let listening = async {
            while TcpStream::connect(self.address).await.is_err() {
                let ended = self.child.try_wait().unwrap();
                assert!(ended.is_none(), "{:?}: {}", self.kind, self.said());
                yield_now().await;
            }
        };
        soon("listening", listening).await;
    }

    fn said(&self) -> String {
        fs::read_to_string(self.home.path().join("said")).unwrap()
    }
}

/// The program in the foreground, with nothing of the tests' own environment.
fn command(kind: Kind, home: &Path) -> Command {
    let (_, program, _) = kind.parts();
    let program = unpacked().join(program);
    assert!(
        program.exists(),
        "the proxies are not there: run tools/proxies"
    );
    let (around, said) = (
        home.join("around"),
        fs::File::create(home.join("said")).unwrap(),
    );
    let mut command = Command::new(program);
    match kind {
        Kind::Nginx => command
            .arg("-p")
            .arg(home)
            .arg("-c")
            .arg(around)
            .args(["-e", "stderr"]),
        Kind::Caddy => command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(around),
        // A single process, which does not leave its terminal.
        Kind::Apache => command.arg("-X").arg("-f").arg(around),
    };
    let triple = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    command
        .env_clear()
        .env("HOME", home)
        .env("LD_LIBRARY_PATH", unpacked().join(triple))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .kill_on_drop(true);
    command
}
