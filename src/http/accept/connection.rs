//! One connection: the handshake of TLS, if there is one, and its requests by HTTP/1.1 or HTTP/2.
//!
//! Sessions come by HTTP/1.1 alone: WebSockets over HTTP/2 are not offered, and browsers open a connection of their own
//! for them.

mod heard;
mod streams;
mod target;

use std::{
    convert::Infallible, error::Error as _, future::ready, io, pin::Pin, sync::Arc, time::Duration,
};

use futures_util::future::Either;
use hyper::{
    Request, Version,
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::{ServerConfig, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::debug;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use self::{heard::Heard, streams::Streams};
use super::{KEEPALIVE, Limits, Peer, SEND_BUFFER, redirect::Redirect};
use crate::{
    config,
    http::{Site, base::Base, metrics_alone, routes},
    metrics::Refusal,
    shutdown::Shutdown,
    tls::Certificate,
};

/// Bytes of a request's headers, and of hyper's buffer.
const MAX_HEADERS: usize = 16 << 10;
/// How long a response may take to go out once the server halts, or the connection is to end.
const HALTING: Duration = Duration::from_millis(500);
/// Requests at once on one HTTP/2 connection; a browser waits with further ones.
const MAX_STREAMS: u32 = 128;
/// Bytes that an HTTP/2 client may send ahead: of one request's body, and of all together.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// How long an HTTP/2 client may take to answer a ping, which it gets every [`KEEPALIVE`].
const PONG: Duration = Duration::from_secs(20);
/// The protocols that the handshake offers, the better one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What a connection comes and goes by.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Who answers the requests of a connection.
enum Answer {
    /// The site, with how long browsers are to keep to TLS, if that is to be said.
    Routes(Option<HeaderValue>),
    /// The metrics alone.
    Metrics,
    /// An address elsewhere.
    Elsewhere(Arc<Redirect>),
}

/// How connections are served; clones share the routes.
#[derive(Clone)]
pub struct Connections {
    routes: BoxedFilter<(Response,)>,
    metrics: BoxedFilter<(Response,)>,
    base: Base,
    tls: Option<TlsAcceptor>,
    hsts: Option<HeaderValue>,
    limits: Arc<Limits>,
    shutdown: Shutdown,
}

impl Connections {
    /// Serves the site; over TLS with this certificate.
    pub fn new(
        site: Arc<Site>,
        server: &config::Server,
        limits: Arc<Limits>,
        certificate: Option<Certificate>,
        shutdown: Shutdown,
    ) -> Self {
        let hsts = server.tls.as_ref().and_then(|tls| tls.hsts);
        let hsts = hsts.map(|hsts| format!("max-age={}", hsts.as_secs()));
        Self {
            base: site.base.clone(),
            metrics: metrics_alone(site.clone()).boxed(),
            routes: routes(site).boxed(),
            tls: certificate.map(|certificate| TlsAcceptor::from(Arc::new(handshake(certificate)))),
            hsts: hsts.and_then(|hsts| HeaderValue::from_str(&hsts).ok()),
            limits,
            shutdown,
        }
    }

    /// Serves a connection without TLS.
    pub async fn plain(self, socket: impl Stream, peer: Peer) {
        self.http1(Box::new(socket), peer, Answer::Routes(None))
            .await;
    }

    /// Shows the metrics on a connection without TLS, and nothing else.
    pub async fn metrics(self, socket: impl Stream, peer: Peer) {
        self.http1(Box::new(socket), peer, Answer::Metrics).await;
    }

    /// Serves a connection over TLS. Who does not come through the handshake in the time that headers have is sent away.
    pub async fn secure(self, socket: TcpStream, peer: Peer) {
        let Some(tls) = &self.tls else {
            return;
        };
        let shaken = tokio::select! {
            biased;
            () = self.shutdown.halted() => return,
            shaken = timeout(self.limits.times().header, tls.accept(socket)) => shaken,
        };
        let socket = match shaken {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => {
                // Whoever only looked whether somebody is here was not refused.
                if error.kind() == io::ErrorKind::InvalidData {
                    self.refused(Refusal::TlsFailed);
                }
                return debug!(%error, peer = %peer.name, "a TLS handshake failed");
            }
            Err(_) => {
                self.refused(Refusal::TlsSlow);
                return debug!(peer = %peer.name, "a TLS handshake took too long");
            }
        };
        let answer = Answer::Routes(self.hsts.clone());
        match speaks_2(&socket) {
            true => self.http2(Box::new(socket), peer, answer).await,
            false => self.http1(Box::new(socket), peer, answer).await,
        }
    }

    /// Leads whoever asks over a connection without TLS to the one with it.
    pub async fn redirect(self, socket: TcpStream, peer: Peer, redirect: Arc<Redirect>) {
        self.http1(Box::new(socket), peer, Answer::Elsewhere(redirect))
            .await;
    }

    fn refused(&self, why: Refusal) {
        self.limits.refusals.metrics().refused(why);
    }

    /// What hyper calls for each request. It is one type for every kind of connection, as their streams are: hyper's code is
    /// there once.
    fn service(
        &self,
        peer: Peer,
        answer: Answer,
        heard: Heard,
    ) -> impl Service<
        Request<Incoming>,
        Response = Response,
        Error = Infallible,
        Future: Send + 'static,
    > + use<> {
        let routes = match &answer {
            Answer::Metrics => self.metrics.clone(),
            Answer::Routes(_) | Answer::Elsewhere(_) => self.routes.clone(),
        };
        let routes = TowerToHyperService::new(warp::service(routes));
        let (base, shutdown) = (self.base.clone(), self.shutdown.clone());
        let metrics = self.limits.refusals.metrics().clone();
        service_fn(move |mut request: Request<Incoming>| {
            heard.answered();
            let heard = heard.clone();
            // HTTP/2 has no such header: there the connection ends with the halt.
            let shutdown = (request.version() != Version::HTTP_2).then(|| shutdown.clone());
            let (answered, hsts) = match (target::fault(&request), &answer) {
                (Some(fault), _) => {
                    metrics.refused(Refusal::Malformed);
                    (Either::Right(ready(Ok(fault))), None)
                }
                (None, Answer::Routes(hsts)) => {
                    base.enter(&mut request);
                    target::name_host(&mut request);
                    request.extensions_mut().insert(peer.clone());
                    (Either::Left(routes.call(request)), hsts.clone())
                }
                (None, Answer::Metrics) => {
                    request.extensions_mut().insert(peer.clone());
                    (Either::Left(routes.call(request)), None)
                }
                (None, Answer::Elsewhere(redirect)) => {
                    let answer = redirect.answer(request.uri(), request.headers());
                    (Either::Right(ready(Ok(answer))), None)
                }
            };
            async move {
                let response = held_to_tls(answered.await?, hsts);
                // Its body has come by now, too.
                heard.answered();
                Ok(match shutdown {
                    Some(shutdown) => last(response, &shutdown),
                    None => response,
                })
            }
        })
    }

    async fn http1(&self, socket: Box<dyn Stream>, peer: Peer, answer: Answer) {
        let heard = Heard::default();
        let service = self.service(peer, answer, heard.clone());
        let socket = heard.over(socket);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.times().header)
            .max_buf_size(MAX_HEADERS)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        let halted = self.shutdown.halted();
        let ended = to_the_end(
            connection,
            http1::UpgradeableConnection::graceful_shutdown,
            halted,
        )
        .await;
        let why = match ended {
            Err(error) if error.is_parse() => Some(Refusal::Malformed),
            Err(error) if error.is_timeout() => heard.late(),
            Err(error) if is_untaken(&error) => Some(Refusal::SlowReader),
            _ => None,
        };
        if let Some(why) = why {
            self.refused(why);
        }
    }

    async fn http2(&self, socket: Box<dyn Stream>, peer: Peer, answer: Answer) {
        let metrics = self.limits.refusals.metrics().clone();
        let streams = Streams::new(self.shutdown.clone(), metrics);
        let service = self.service(peer, answer, Heard::default());
        let connection = http2::Builder::new(streams.clone())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADERS as u32)
            .max_send_buf_size(SEND_BUFFER)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(PONG)
            .serve_connection(TokioIo::new(socket), service);
        let over = async {
            tokio::select! {
                () = self.shutdown.halted() => {}
                had_any = streams.unused(self.limits.times().header) => if !had_any {
                    self.refused(Refusal::NoRequest);
                }
            }
        };
        let ended = to_the_end(connection, http2::Connection::graceful_shutdown, over).await;
        // What ends a request alone is told in HTTP/2's own way, and counted nowhere.
        match ended {
            Err(error) if is_untaken(&error) => self.refused(Refusal::SlowReader),
            Err(error) if is_sent_away(&error) => self.refused(Refusal::Malformed),
            _ => {}
        }
    }
}

/// How a handshake goes: TLS 1.2 or 1.3, with the certificate as it is then.
fn handshake(certificate: Certificate) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for both versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config
}

/// Whether the handshake has chosen HTTP/2; who offers nothing gets HTTP/1.1.
fn speaks_2(socket: &TlsStream<TcpStream>) -> bool {
    let (_, session) = socket.get_ref();
    session.alpn_protocol() == Some(PROTOCOLS[0])
}

/// Whether the kernel has cut the client off for taking nothing of what was sent.
fn is_untaken(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(|cause: &io::Error| cause.kind() == io::ErrorKind::TimedOut)
}

/// Whether HTTP/2 has ended the connection for what its client did.
fn is_sent_away(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(|cause: &h2::Error| cause.is_library())
}

fn held_to_tls(mut response: Response, hsts: Option<HeaderValue>) -> Response {
    if let Some(hsts) = hsts {
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    response
}

/// Where a successor waits, the connection ends with the response, so that its client's next request goes there.
fn last(mut response: Response, shutdown: &Shutdown) -> Response {
    if shutdown.has_successor()
        && shutdown.is_draining()
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Drives a connection until it ends, or is to end: what has begun may still go out for a moment. An error is how it ended early,
/// and told here.
async fn to_the_end<C>(
    connection: C,
    close: fn(Pin<&mut C>),
    over: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = over => {
            close(connection.as_mut());
            timeout(HALTING, connection).await.unwrap_or(Ok(()))
        }
    };
    ended.inspect_err(|error| debug!(%error, "a connection ended early"))
}
