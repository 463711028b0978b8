//! What all sessions share, and who is admitted to it.

use std::{sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::WebSocketConfig};
use tracing::{debug, info};

use super::{
    MOST_ESCAPED, Phase, Reason, Session, WRITE_BUFFER, Who,
    outbound::Outbound,
    registry::{Guard, Refused, Registry},
    seats::{Seat, Seats},
    state::State,
    wire::{EndpointInfo, PROTOCOL, ServerMessage, Status, WireLimits},
};
use crate::{
    config::{self, OnLeave},
    id::{Client, OwnerId, SessionId},
    metrics::Metrics,
    refusal::{Limit, Measure},
    shutdown::Shutdown,
    turn::{desk::Desk, station::Backend},
};

/// Everything that sessions share.
pub struct Sessions {
    config: ArcSwap<config::Session>,
    page: ArcSwap<String>,
    pub(super) desk: Desk,
    registry: Arc<Registry>,
    seats: Seats,
    metrics: Metrics,
    pub(super) shutdown: Shutdown,
}

impl Sessions {
    /// No session yet. `page` says which page is served beside it.
    pub fn new(
        config: config::Session,
        page: String,
        desk: Desk,
        registry: Arc<Registry>,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Arc<Self> {
        Arc::new(Self {
            config: ArcSwap::from_pointee(config),
            page: ArcSwap::from_pointee(page),
            desk,
            registry,
            seats: Seats::default(),
            metrics,
            shutdown,
        })
    }

    /// Sets up the sessions that begin from now on so.
    pub fn set(&self, config: config::Session, page: String) {
        self.config.store(Arc::new(config));
        self.page.store(Arc::new(page));
    }

    /// Admits one more session, before its upgrade. Where a successor waits nobody is refused for a drain: whose
    /// connection was accepted just before it is told so in the session.
    pub fn admit(&self, client: Option<Client>, owner: OwnerId) -> Result<Guard, Refused> {
        if self.is_going_down() {
            Err(Refused::Full)
        } else {
            let refused = |refused: &Refused| {
                let (measure, scope) = (Measure::Sessions, refused.scope());
                let refusals = self.desk.quotas().refusals();
                refusals.note(Limit { scope, measure }, client);
            };
            self.registry
                .admit(client, Some(owner))
                .inspect_err(refused)
        }
    }

    /// Why one more would not be admitted now; who only asks is not counted as refused.
    pub fn refuses(&self, client: Option<Client>, owner: OwnerId) -> Option<Refused> {
        match self.is_going_down() {
            true => Some(Refused::Full),
            false => self.registry.refuses(client, Some(owner)),
        }
    }

    /// Whether nobody is admitted for a drain.
    pub fn is_going_down(&self) -> bool {
        self.shutdown.is_draining() && !self.shutdown.has_successor()
    }

    /// Who is here.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How a session's socket is to be set up: small buffers, because most sessions are idle, and a message that
    /// has room for the longest question, however it is escaped.
    pub fn socket_config(&self) -> WebSocketConfig {
        let message = self.config.load().max_question * MOST_ESCAPED + (4 << 10);
        WebSocketConfig::default()
            .read_buffer_size(1 << 10)
            .write_buffer_size(4 << 10)
            .max_write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(message))
            .max_frame_size(Some(message))
    }

    /// Serves one client until it leaves, or has to.
    pub async fn run<S>(&self, socket: WebSocketStream<S>, _guard: Guard, who: Who)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let id = SessionId::new();
        let Who {
            owner,
            client,
            user,
            pass,
            peer,
            meter,
        } = who;
        debug!(session = %id, %peer, "session opened");
        let since = SystemTime::now();
        let seat = Seat {
            user: user.clone(),
            peer: peer.clone(),
            since,
        };
        let _seated = self.seats.take(id, seat);
        let (begin, config) = (Instant::now(), self.config.load_full());
        let (sink, mut inbound) = socket.split();
        let mut session = Session {
            all: self,
            owner,
            client,
            pass,
            meter,
            state: State::new(id, (owner, client, user), &config, begin),
            outbound: Outbound::new(sink, config.heartbeat, config.send_timeout),
            phase: Phase::Up,
            told: false,
            heard: begin,
            asked: None,
            ping_at: begin + config.heartbeat,
            active: begin,
            config,
        };
        let reason = session.serve(id, &mut inbound).await;
        let has_asked = session.state.has_asked();
        // Before the handshake: an answer that nobody reads any more ends in the same breath.
        session.outbound.leave(reason == Reason::Goodbye);
        // Boxed, so that its state is no part of an idle session.
        Box::pin(session.close(reason, inbound)).await;
        let seconds = (begin.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        // To open one and leave costs nothing, and anybody could fill the log by that.
        match has_asked {
            true => info!(session = %id, %peer, %reason, seconds, "session ended"),
            false => debug!(session = %id, %peer, %reason, seconds, "session ended"),
        }
        self.metrics.session_ended(reason.word());
        if let Some(why) = reason.refusal() {
            self.metrics.refused(why);
        }
    }

    /// The open sessions, the newest first but behind those that are `first`; at most so many.
    pub fn list(&self, first: impl Fn(&SessionId) -> bool, most: usize) -> Vec<(SessionId, Seat)> {
        self.seats.list(first, most)
    }

    pub(super) fn status(&self, session: SessionId, config: &config::Session) -> ServerMessage {
        let stations = self.desk.stations();
        ServerMessage::Status(Status::Ready {
            session,
            protocol: PROTOCOL,
            server: env!("CARGO_PKG_VERSION"),
            limits: WireLimits {
                question_bytes: config.max_question,
                questions_per_minute: config.questions_per_minute,
            },
            endpoints: stations
                .iter()
                .map(|station| EndpointInfo {
                    name: station.name.clone(),
                    models: station.models.clone(),
                    takes_options: matches!(station.backend, Backend::Endpoint { .. }),
                })
                .collect(),
            on_leave: match config.on_leave {
                OnLeave::Stop => "stop".to_owned(),
                OnLeave::Finish => "finish".to_owned(),
                OnLeave::Grace(grace) => humantime::format_duration(grace).to_string(),
            },
            documents: stations.iter().any(|station| station.searches()),
            page: self.page.load().to_string(),
        })
    }
}
