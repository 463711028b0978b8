//! What the machine gives, compared with what the configuration may take: told at the start and by `askd check`.
//!
//! Too little refuses no start: caps that are never reached take nothing. Of descriptors connections get what the rest leaves.

use std::{fmt, fs, path::Path};

use bytesize::ByteSize;

use super::stations::{KNOWLEDGE_LINE, KNOWLEDGE_SLOTS};
use crate::{
    config::{Config, Endpoint},
    http::accept::SCRAPES,
};

/// Descriptors beside connections, answers and listeners: the databases and their logs, the log's file, the folders that
/// are watched, the runtime's own, a PDF that is read, files on their way to readers.
const OTHER_DESCRIPTORS: u64 = 64;
/// So many connections are taken however few descriptors there are: a server that takes none tells nobody what it lacks.
const LEAST_CONNECTIONS: u64 = 16;
/// Memory that askd takes at rest and for what the databases cache: 17.8 MiB in BENCHMARKS.md (`store`), and as much again.
const AT_REST: u64 = 36 << 20;
/// Of a connection: an idle session's bound in BENCHMARKS.md (`idle`).
const CONNECTION: u64 = 8 << 10;
/// Of a connection over TLS, beside that: a record that has come in part (RFC 8446: 2^14 + 256 bytes), and one that goes.
const RECORDS: u64 = 2 * ((16 << 10) + 256);
/// Where the limits of memory lie, by version of the control groups: the folder, and the file in each group's.
const GROUPS: (&str, &str) = ("/sys/fs/cgroup", "memory.max");
const GROUPS_1: (&str, &str) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes");

/// What this process may have; `None`: nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// File descriptors.
    pub descriptors: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

impl Machine {
    /// This one. The limit of descriptors is raised as far as it can be without any right, for it is often 1,024.
    pub fn here() -> Self {
        let info = rustix::system::sysinfo();
        let installed = wide(info.totalram).saturating_mul(wide(info.mem_unit));
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let read = |path: &Path| fs::read_to_string(path).ok();
        let allowed = group_limit(&groups, &read);
        Self {
            descriptors: rlimit::increase_nofile_limit(u64::MAX).ok(),
            memory: Some(allowed.map_or(installed, |allowed| allowed.min(installed))),
        }
    }
}

/// A number of the system's, whose size is the machine's.
fn wide(number: impl Into<u64>) -> u64 {
    number.into()
}

/// The least that the groups of this process, and those around them, may take. `groups` is `/proc/self/cgroup`.
fn group_limit(groups: &str, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
        let (root, file) = match controllers {
            "" => GROUPS,
            _ if controllers.split(',').any(|name| name == "memory") => GROUPS_1,
            _ => return None,
        };
        let group = group.trim_start_matches('/');
        // "max" is no number, and no limit.
        let limit = |group: &Path| -> Option<u64> {
            read(&Path::new(root).join(group).join(file))?
                .trim()
                .parse()
                .ok()
        };
        Path::new(group).ancestors().filter_map(limit).min()
    });
    limits.min()
}

/// What a configuration may take where its caps are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Connections, each of which is a descriptor.
    pub connections: u64,
    /// Descriptors beside them: one for each answer's way to its endpoint, listeners, those who scrape the metrics, and 64 others.
    pub beside: u64,
    /// What it takes at rest; 8 KiB for each connection, and 32.5 KiB more over TLS; for each answer that runs twice its length, for a
    /// text that grows is copied, and for each that runs or waits its question.
    ///
    /// Not in it: imports, exports and documents on their way (128 MiB each), the passages of folders, and readers that take
    /// nothing for as long as `session.send_timeout` lets them.
    pub memory: u64,
}

impl Need {
    /// Of this one.
    pub fn of(config: &Config) -> Self {
        let Config {
            server,
            endpoints,
            session,
            metrics,
            ..
        } = config;
        let connections = server.max_connections as u64;
        let redirects = server.tls.as_ref().map_or(0, |tls| tls.redirect.len());
        let scrapes = metrics.listen.as_ref().map_or(0, |_| 1 + SCRAPES);
        let listeners = (server.listen.len() + redirects + scrapes) as u64;
        let sum = |of: fn(&Endpoint) -> usize| endpoints.iter().map(of).sum::<usize>() as u64;
        let upstream = sum(|endpoint| endpoint.concurrency);
        let (running, waiting) = match endpoints.is_empty() {
            true => (KNOWLEDGE_SLOTS as u64, KNOWLEDGE_LINE as u64),
            false => (upstream, sum(|endpoint| endpoint.queue)),
        };
        let records = if server.tls.is_some() { RECORDS } else { 0 };
        let answers = running.saturating_mul(2 * session.max_answer as u64);
        let questions = (running + waiting).saturating_mul(session.max_question as u64);
        let memory = AT_REST
            .saturating_add(connections * (CONNECTION + records))
            .saturating_add(answers)
            .saturating_add(questions);
        Self {
            connections,
            beside: upstream + listeners + OTHER_DESCRIPTORS,
            memory,
        }
    }

    /// How many connections that machine has room for: who is here already must be able to ask, however many come.
    pub fn connections_on(self, machine: Machine) -> usize {
        let room = machine.descriptors.map_or(u64::MAX, |given| {
            given.saturating_sub(self.beside).max(LEAST_CONNECTIONS)
        });
        usize::try_from(self.connections.min(room)).unwrap_or(usize::MAX)
    }

    /// What there is less of.
    pub fn beyond(self, machine: Machine) -> Vec<Shortage> {
        let needed = self.connections + self.beside;
        let descriptors = machine.descriptors.filter(|given| *given < needed);
        let memory = machine.memory.filter(|given| *given < self.memory);
        let descriptors = descriptors.map(|given| Shortage::Descriptors {
            needed,
            given,
            connections: self.connections_on(machine),
        });
        let memory = memory.map(|given| Shortage::Memory {
            needed: self.memory,
            given,
        });
        descriptors.into_iter().chain(memory).collect()
    }
}

/// Of what there is too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// File descriptors.
    Descriptors {
        /// So many may be taken.
        needed: u64,
        /// So many may be had.
        given: u64,
        /// So many connections are taken at once with these.
        connections: usize,
    },
    /// Bytes of memory.
    Memory {
        /// So many may be taken.
        needed: u64,
        /// So many may be had.
        given: u64,
    },
}

/// What, and what to do.
impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Descriptors {
                needed,
                given,
                connections,
            } => write!(
                f,
                "askd may need {needed} file descriptors and may have {given}, so it takes {connections} connections at once, behind \
                 which newcomers wait: raise LimitNOFILE= of the unit (elsewhere `ulimit -Hn`), or lower server.max_connections by {}",
                needed - given
            ),
            Self::Memory { needed, given } => write!(
                f,
                "askd may need {} of memory and may have {}, behind which the system ends it: give it more (MemoryMax= of the \
                 unit, if that is less than the machine has), or lower server.max_connections, session.max_answer, or \
                 concurrency and queue of the endpoints",
                ByteSize(needed).display().iec(),
                ByteSize(given).display().iec(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Overrides, check};

    use super::*;

    fn need(toml: &str) -> Need {
        let loaded = check("", toml, &Overrides::default(), &|_| None).unwrap();
        Need::of(&loaded.config)
    }

    const SMALL: &str = "[server]\nmax_connections = 100\nmax_sessions = 100\nlisten = [\"127.0.0.1:1\", \"unix:/a\"]\n\
        [session]\nmax_answer = \"1 MiB\"\nmax_question = \"1 KiB\"\n";

    #[test]
    fn what_may_be_taken_is_added_up() {
        let endpoint = "[[endpoint]]\nbase_url = \"http://localhost/v1\"\nmodel = \"m\"\nconcurrency = 3\nqueue = 7\n";
        let other = endpoint.replace("model", "name = \"other\"\nmodel");
        assert_eq!(
            need(&format!("{SMALL}{endpoint}{other}")),
            Need {
                connections: 100,
                beside: 6 + 2 + 64,
                memory: (36 << 20) + 100 * (8 << 10) + 6 * (2 << 20) + (6 + 14) * (1 << 10),
            }
        );
        let own = need(SMALL);
        assert_eq!((own.connections, own.beside), (100, 2 + 64));
        assert_eq!(
            own.memory,
            (36 << 20) + 100 * (8 << 10) + 16 * (2 << 20) + (16 + 1024) * (1 << 10)
        );
    }

    #[test]
    fn too_little_is_told_with_both_numbers_and_what_to_change() {
        let need = Need {
            connections: 12_000,
            beside: 100,
            memory: 200 << 20,
        };
        let enough = Machine {
            descriptors: Some(12_100),
            memory: Some(200 << 20),
        };
        assert_eq!(need.beyond(enough), []);
        let unknown = Machine {
            descriptors: None,
            memory: None,
        };
        assert_eq!(need.beyond(unknown), []);
        let little = Machine {
            descriptors: Some(1024),
            memory: Some(128 << 20),
        };
        let told: Vec<_> = need
            .beyond(little)
            .iter()
            .map(Shortage::to_string)
            .collect();
        for (told, words) in told.iter().zip([
            ["12100", "1024", "takes 924 connections", "by 11076"],
            ["200.0 MiB", "128.0 MiB", "MemoryMax=", "session.max_answer"],
        ]) {
            assert!(words.iter().all(|word| told.contains(word)), "{told}");
        }
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn connections_leave_descriptors_for_answers_and_the_rest() {
        let need = Need {
            connections: 12_000,
            beside: 100,
            memory: 0,
        };
        let taken = |descriptors| {
            need.connections_on(Machine {
                descriptors,
                memory: None,
            })
        };
        assert_eq!(taken(None), 12_000);
        assert_eq!(taken(Some(20_000)), 12_000);
        assert_eq!(taken(Some(1_000)), 900);
        assert_eq!(taken(Some(50)), 16);
    }

    #[test]
    fn the_least_of_the_groups_counts_in_either_version() {
        let limit = |groups: &str, files: &[(&str, &str)]| {
            let read = |path: &Path| {
                let found = files.iter().find(|(name, _)| Path::new(name) == path);
                found.map(|(_, content)| (*content).to_owned())
            };
            group_limit(groups, &read)
        };
        let two = [
            (
                "/sys/fs/cgroup/system.slice/askd.service/memory.max",
                "max\n",
            ),
            ("/sys/fs/cgroup/system.slice/memory.max", "1000\n"),
            ("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "70\n"),
        ];
        assert_eq!(limit("0::/system.slice/askd.service\n", &two), Some(1000));
        assert_eq!(limit("0::/\n", &two), None);
        assert_eq!(limit("0::/\n3:cpu,memory:/box/in\n", &two), Some(70));
        assert_eq!(limit("3:cpu:/box\n", &two), None);
        let inside = [("/sys/fs/cgroup/memory.max", "50\n")];
        assert_eq!(limit("0::/\n", &inside), Some(50));
        assert_eq!(limit("nonsense", &inside), None);
    }
}
