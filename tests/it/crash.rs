//! `kill -9` of the real binary at random moments while answers run, and what the next one makes of the file.
//!
//! A [`Life`] is what one askd went through from its start to the kill; several in a row share one file, so that what
//! earlier ones left is looked at again and again. The luck is seeded.

mod power;
mod readers;

use std::{
    cell::Cell,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fastrand::Rng;
use futures_util::future::{join, join_all};
use rusqlite::{Connection, functions::FunctionFlags};
use tempfile::TempDir;
use tokio::time::sleep;
use uuid::Uuid;

use self::readers::{Asked, Heard, ask_until_killed, check_text, resume, send};
use crate::{
    binary::Binary,
    client::{Answer, Browser},
    fake::Fake,
    harness::{PATIENCE, Seed},
    resuming::Story,
};

/// Lives that share a file; four tests make two hundred.
const LIVES: usize = 50;
/// Answers that run at once.
const ABREAST: usize = 20;
/// How long an askd may answer before it is killed, in milliseconds.
const MOMENT: std::ops::Range<u64> = 50..1500;
/// What a crash may cost of an answer.
const LOST: Duration = Duration::from_secs(1);
/// What a disk that is busy with other tests may add to that in a single life, whose last save it has not taken yet.
const BUSY: Duration = Duration::from_secs(1);
/// Of so many answers one ends with an error.
const FAILING: u64 = 4;
/// Earlier turns that each life looks at again.
const AGAIN: usize = 10;

/// What is different from test to test.
#[derive(Clone, Copy)]
struct Way {
    /// Of `[store]`.
    synchronous: &'static str,
    /// Pieces of an answer.
    length: (usize, usize),
    /// Whether a start is killed before the one that serves.
    killed_starts: bool,
    /// The shortest life.
    shortest: u64,
}

const WAY: Way = Way {
    synchronous: "full",
    length: (1, 80),
    killed_starts: false,
    shortest: MOMENT.start,
};

#[tokio::test]
async fn killed_at_fifty_moments_it_loses_no_question_and_at_most_the_last_second() {
    kill_again_and_again(WAY).await;
}

#[tokio::test]
async fn killed_at_fifty_moments_with_synchronous_normal_it_loses_no_more() {
    let way = Way {
        synchronous: "normal",
        ..WAY
    };
    kill_again_and_again(way).await;
}

#[tokio::test]
async fn killed_at_fifty_moments_and_while_it_starts_again_it_loses_no_more() {
    let way = Way {
        killed_starts: true,
        ..WAY
    };
    kill_again_and_again(way).await;
}

#[tokio::test]
async fn killed_at_fifty_moments_in_the_midst_of_long_answers_it_loses_no_more() {
    let way = Way {
        length: (150, 300),
        shortest: 800,
        ..WAY
    };
    kill_again_and_again(way).await;
}

/// A file, and all that was asked over it.
struct Lives {
    rng: Rng,
    way: Way,
    seed: u64,
    fake: Fake,
    folder: TempDir,
    browser: Browser,
    questions: u64,
    /// Asked in the life before.
    last: Vec<Asked>,
    /// When that was killed.
    killed: Instant,
    /// What has its outcome, for good.
    settled: Vec<(Uuid, u64, Answer)>,
    /// The most that was lost of an answer, life by life.
    lost: Vec<Duration>,
    /// Ends that were heard before a kill and are the same behind it.
    ends: usize,
}

fn story(seed: u64, way: Way, number: u64) -> Story {
    let mut rng = Rng::with_seed(seed ^ (number << 8));
    let pace = Duration::from_millis(rng.u64(5..40));
    let story = Story::of_length(rng.u64(..), way.length.0..way.length.1).paced(pace);
    match number % FAILING {
        0 => story.failing(),
        _ => story,
    }
}

async fn kill_again_and_again(way: Way) {
    let seed = Seed::any();
    let fake = Fake::start().await;
    let luck = seed.0;
    fake.choose(move |request| story(luck, way, request.question().parse().unwrap()).script(""));
    let mut lives = Lives {
        rng: Rng::with_seed(seed.0),
        way,
        seed: seed.0,
        fake,
        folder: TempDir::new().unwrap(),
        browser: Browser::default(),
        questions: 0,
        last: Vec::new(),
        killed: Instant::now(),
        settled: Vec::new(),
        lost: Vec::new(),
        ends: 0,
    };
    for _ in 0..LIVES {
        lives.live().await;
    }
    lives.see_all().await;
}

impl Lives {
    fn path(&self) -> PathBuf {
        self.folder.path().join("askd.db")
    }

    fn toml(&self) -> String {
        let (url, path, synchronous) = (self.fake.base_url(), self.path(), self.way.synchronous);
        format!(
            "[[endpoint]]\nbase_url = \"{url}\"\nmodel = \"m\"\nretries = 0\nconcurrency = {}\n\
             [session]\non_leave = \"finish\"\nquestions_per_minute = 0\n\
             [store]\npath = {path:?}\nsynchronous = \"{synchronous}\"\n",
            2 * ABREAST
        )
    }

    async fn start(&mut self) -> Binary {
        if self.way.killed_starts {
            let after = Duration::from_millis(self.rng.u64(..40));
            Binary::start_and_kill(&self.toml(), after).await;
        }
        let browser = self.browser.clone();
        let mut askd = Binary::start(&self.toml(), &[]).await;
        askd.browser = browser;
        askd
    }

    /// Looks at what the life before left, then asks until the kill.
    async fn live(&mut self) {
        let askd = self.start().await;
        let unheard = self.look(&askd).await;
        self.look_again(&askd).await;
        let mut clients = Vec::new();
        for _ in 0..ABREAST {
            clients.push(askd.connect().await);
        }
        let life = Duration::from_millis(self.rng.u64(self.way.shortest..MOMENT.end));
        let questions = Cell::new(self.questions);
        let new = || {
            questions.set(questions.get() + 1);
            (Uuid::now_v7(), questions.get())
        };
        // What was not accepted is sent again, as a page would; the rest is new.
        let firsts: Vec<_> = unheard.into_iter().map(Some).collect();
        let firsts = firsts.into_iter().chain(std::iter::repeat(None));
        let readers = clients.into_iter().zip(firsts);
        let readers = readers.map(|(client, first)| ask_until_killed(client, first, &new));
        let kill = async {
            sleep(life).await;
            askd.kill().await
        };
        let (asked, killed) = join(join_all(readers), kill).await;
        self.questions = questions.get();
        self.last = asked.into_iter().flatten().collect();
        self.killed = killed;
        check_integrity(&self.path());
    }

    /// What became of the turns that the kill met; gives the questions that were not accepted by then.
    async fn look(&mut self, askd: &Binary) -> Vec<(Uuid, u64)> {
        let mut unheard = Vec::new();
        self.lost.push(Duration::ZERO);
        let mut client = askd.connect().await;
        for asked in std::mem::take(&mut self.last) {
            let (heard, turn, number) = (asked.heard, asked.turn, asked.number);
            let story = story(self.seed, self.way, number);
            check_text(&heard, &story);
            if !heard.accepted {
                unheard.push((turn, number));
                continue;
            }
            let after = match self.rng.u8(..10) {
                _ if heard.has_ended() => 0,
                0 | 1 => 0,
                2 => heard.answer.seq + 1_000_000,
                _ => heard.answer.seq,
            };
            let kept = resume(&mut client, turn, after, &heard.answer).await;
            check_text(&kept, &story);
            self.check_kept(&heard, &kept);
            self.settled.push((turn, number, kept.answer));
        }
        client.leave(1001).await;
        unheard
    }

    fn check_kept(&mut self, heard: &Heard, kept: &Heard) {
        let (ended, kept, when) = (heard.has_ended(), &kept.answer, &heard.when);
        let heard = &heard.answer;
        if ended {
            assert_eq!(heard, kept, "an end that was heard is the end");
            self.ends += 1;
            return;
        }
        if heard.code.is_some() {
            let error = |answer: &Answer| (answer.code.clone(), answer.message.clone());
            assert_eq!(error(heard), error(kept), "and so is an error");
        }
        if kept.outcome != "interrupted" {
            return;
        }
        assert_eq!(kept.complete["cause"], "crashed");
        // The end's number is not one of the endpoint's.
        let lost = when.iter().find(|(_, seq)| *seq >= kept.seq);
        let lost = lost.map_or(Duration::ZERO, |(heard, _)| {
            self.killed.saturating_duration_since(*heard)
        });
        assert!(
            lost <= LOST + BUSY,
            "{lost:?} of an answer are lost: {kept:?} of {heard:?}"
        );
        let most = self.lost.last_mut().expect("a life began");
        *most = lost.max(*most);
    }

    /// Some of what was settled in earlier lives is as it was.
    async fn look_again(&mut self, askd: &Binary) {
        let mut client = askd.connect().await;
        for _ in 0..AGAIN {
            let Some((turn, _, settled)) = self.rng.choice(&self.settled) else {
                break;
            };
            let again = resume(&mut client, *turn, 0, &Answer::default()).await;
            assert_eq!(again.answer, *settled);
        }
        client.leave(1001).await;
    }

    /// A last life, which ends in peace, and what the file holds then.
    async fn see_all(mut self) {
        let askd = self.start().await;
        let unheard = self.look(&askd).await;
        let mut client = askd.connect().await;
        for (turn, number) in unheard {
            send(&mut client, turn, number).await.unwrap();
            let mut heard = Heard::default();
            while !heard.take(&client.next().await, turn) {}
            check_text(&heard, &story(self.seed, self.way, number));
            self.settled.push((turn, number, heard.answer));
        }
        for (turn, _, settled) in &self.settled {
            let again = resume(&mut client, *turn, 0, &Answer::default()).await;
            assert_eq!(again.answer, *settled);
        }
        client.leave(1001).await;
        askd.signal("TERM").await;
        let ended = askd.ended(PATIENCE).await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        self.check_requests();
        self.check_rows();
        let outcomes = self
            .settled
            .iter()
            .map(|(.., answer)| answer.outcome.as_str());
        let cut = outcomes.filter(|outcome| *outcome == "interrupted").count();
        self.lost.sort_unstable();
        let (middle, most) = (self.lost[LIVES / 2], self.lost[LIVES]);
        let turns = self.settled.len();
        println!(
            "{turns} turns, {} ends heard before a kill, {cut} interrupted; lost at the most: {middle:?} in the middle life, {most:?} in all",
            self.ends
        );
        assert!(self.ends > 0 || self.way.length.0 > 100, "ends were heard");
        assert!(middle <= LOST, "{:?}", self.lost);
        assert!(cut >= LIVES, "answers ran when askd was killed");
    }

    /// Each question was asked once at the most, and each accepted one that was not met by a kill just then.
    fn check_requests(&self) {
        let mut asked = HashMap::<u64, usize>::new();
        for request in self.fake.requests() {
            *asked
                .entry(request.question().parse().unwrap())
                .or_default() += 1;
        }
        assert!(asked.values().all(|times| *times == 1), "{asked:?}");
        for (_, number, answer) in &self.settled {
            let begun = answer.seq > 1;
            assert!(!begun || asked.contains_key(number), "{number} {answer:?}");
        }
    }

    fn check_rows(&self) {
        let db = check_integrity(&self.path());
        let count = |query: &str| {
            db.query_row(query, [], |row| row.get::<_, isize>(0))
                .unwrap()
        };
        assert_eq!(
            count("SELECT count(*) FROM turn"),
            self.settled.len().cast_signed()
        );
        assert_eq!(count("SELECT count(*) FROM turn WHERE outcome IS NULL"), 0);
        assert_eq!(count("SELECT count(*) FROM piece"), 0);
        let mut question = db
            .prepare("SELECT question FROM turn WHERE id = ?1")
            .unwrap();
        for (turn, number, _) in &self.settled {
            let kept: String = question.query_row([turn], |row| row.get(0)).unwrap();
            assert_eq!(kept, number.to_string());
        }
        // With `rank`, what is findable is compared with the texts, as askd makes words of the only letter in them that
        // stands for one.
        db.create_scalar_function("spaced", 1, FunctionFlags::SQLITE_INNOCUOUS, |context| {
            let text: Option<String> = context.get(0)?;
            Ok(text.map(|text| text.replace('字', "\u{200b}字\u{200b}")))
        })
        .unwrap();
        for index in ["search", "search_title"] {
            let check =
                format!("INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)");
            db.execute(&check, []).unwrap();
        }
    }
}

/// The write-ahead log of this database.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

/// Looks at a copy, because looking at the file itself would repair it before askd does.
fn check_integrity(path: &Path) -> Connection {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(path, &copy).unwrap();
    if beside(path).exists() {
        fs::copy(beside(path), beside(&copy)).unwrap();
    }
    let db = Connection::open(copy).unwrap();
    let found: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
    db
}
