//! Why somebody was refused, in words that Prometheus counts by. Those for a limit have their words in [`crate::refusal`].

/// Each reason with its word; a further one is a line here.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// Why a connection, a session, a request or a question was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)+
        }

        impl Refusal {
            /// All of them: each is told from the start, at 0.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in the label.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

refusals! {
    /// The server goes down.
    Draining = "draining",
    /// A page of another origin, or under a name that is none of askd's.
    Origin = "origin",
    /// Nobody has signed in, or no longer.
    SignedOut = "signed_out",
    /// A name or a password was wrong.
    WrongPassword = "wrong_password",
    /// There were too many wrong passwords.
    WrongPasswords = "wrong_passwords",
    /// Too many sign in, import or read long conversations at once.
    Busy = "busy",
    /// Nothing came on a connection in the time that headers have. Browsers open some ahead, and then need none.
    NoRequest = "no_request",
    /// A request's headers had begun, and were not whole in time.
    SlowHeaders = "slow_headers",
    /// A TLS handshake failed.
    TlsFailed = "tls_failed",
    /// A TLS handshake took too long.
    TlsSlow = "tls_slow",
    /// Somebody took nothing of an answer or of a response for too long.
    SlowReader = "slow_reader",
    /// A session gave no sign of life.
    Silent = "silent",
    /// What came is no HTTP, or its headers are too large; or a session sent too many messages that cannot be understood.
    Malformed = "malformed",
    /// A body is larger than it may be.
    TooLarge = "too_large",
    /// A body did not come to its end in time.
    TooSlow = "too_slow",
    /// No word of a proxy's on who comes, or of one who is not believed.
    ProxyProtocol = "proxy_protocol",
    /// A question could not be kept.
    StorageFailed = "storage_failed",
    /// Somebody asked for the metrics without their token.
    MetricsToken = "metrics_token",
}
