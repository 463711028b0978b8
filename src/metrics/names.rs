//! Every metric there is: its name and what it says, in one table. `docs/metrics.md` shows the same one.

/// What a metric is called, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// As it is exposed, but for what its kind adds: a counter's `_total`, a histogram's `_bucket`, `_sum` and `_count`.
    pub name: &'static str,
    /// A sentence without its full stop.
    pub help: &'static str,
}

/// Each metric as a constant, and all of them as [`ALL`].
macro_rules! names {
    ($($constant:ident = $name:literal, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: Name = Name { name: $name, help: $help };)+

        /// All of them, in the order in which people read them.
        pub const ALL: &[Name] = &[$($constant),+];
    };
}

names! {
    BUILD_INFO = "askd_build_info", "Always 1; its label is the version that runs";
    SESSIONS = "askd_sessions", "Browser sessions that are open";
    SESSIONS_MAX = "askd_sessions_max", "Sessions that there may be at once, server.max_sessions";
    SESSIONS_ENDED = "askd_sessions_ended", "Sessions that ended, by why";
    CONNECTIONS = "askd_connections", "Connections that are open, those of sessions included";
    TASKS = "askd_tasks", "Tasks that run, by their name";
    REFUSALS = "askd_refusals", "Connections, sessions, requests and questions that were refused, by why";
    TURNS_RUNNING = "askd_turns_running", "Answers that are being made, those in line included";
    TURNS = "askd_turns", "Answers that ended, by the endpoint and how";
    TURN_FAILURES = "askd_turn_failures", "Answers that failed, by the endpoint and the error's code";
    FIRST_CHUNK = "askd_first_chunk_seconds", "From a question's being kept to the first of its answer, with the line and the search";
    TURN = "askd_turn_seconds", "From a question's being kept to the end of its answer";
    CHUNK_LAG = "askd_chunk_lag_seconds", "From a piece's coming to its being written to a reader who keeps up";
    UPSTREAM_CLOSED = "askd_upstream_closed_seconds", "From a cancel, or the end of the grace behind the last reader, to the end of the endpoint's request";
    UPSTREAM_RETRIES = "askd_upstream_retries", "Requests that an endpoint was sent again";
    LINE_RUNNING = "askd_line_running", "Answers that have one of the endpoint's slots";
    LINE_WAITING = "askd_line_waiting", "Questions that wait in the endpoint's line";
    LINE_SLOTS = "askd_line_slots", "Slots of the endpoint, endpoint.concurrency";
    LINE_PLACES = "askd_line_places", "Places in the endpoint's line, endpoint.queue";
    SEARCHES = "askd_searches", "Searches for a question, by what came of them";
    SEARCH = "askd_search_seconds", "How long a search took, with its wait for documents that were being read";
    STORE_HEALTHY = "askd_store_healthy", "1 while conversations can be kept, else 0";
    STORE_WAITING = "askd_store_waiting", "Changes, and answers that grew, which are not on the disk yet";
    STORE_WRITE = "askd_store_write_seconds", "How long a transaction took, its commit included";
    STORE_FAILURES = "askd_store_failures", "Times that the storage failed, each try to use it again included";
    STORE_SIZE = "askd_store_size_bytes", "Bytes of the conversations, free pages included";
    INDEX_DOCUMENTS = "askd_index_documents", "Documents that are searched";
    INDEX_PASSAGES = "askd_index_passages", "Passages that are searched";
    INDEX_VECTORS = "askd_index_vectors", "Passages that have a vector";
    INDEX_UNREAD = "askd_index_unread_files", "Files of which nothing has been read yet, as of the last look";
    INDEX_MEMORY = "askd_index_memory_bytes", "Bytes of memory that the index takes";
    INDEX_LACKS = "askd_index_lacks", "1 for what answers do without now: documents, changes of them, or vectors";
    LOG_DROPPED = "askd_log_lines_dropped", "Log lines that were lost because an output was too slow or could not be written";
    RESIDENT_MEMORY = "process_resident_memory_bytes", "Bytes of memory that the process holds";
    OPEN_FDS = "process_open_fds", "Descriptors that are open";
    MAX_FDS = "process_max_fds", "Descriptors that may be open";
    START_TIME = "process_start_time_seconds", "When the process started, in seconds since the epoch";
}
