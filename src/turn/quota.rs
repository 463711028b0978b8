//! What one user, one address and all together may take: questions a minute, answers at once, tokens a day.
//!
//! It is all in memory, and nothing here waits. Only scopes that have a limit are counted, from when they have it on. The
//! store keeps the day's tokens: who spends gets a [`Bill`] and has it written.

mod words;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::pace::Pace;
use crate::{
    answer::Fault,
    config::{Limits, Share},
    id::{Client, OwnerId},
    refusal::{Limit, Measure, Refusals, Scope},
    store::{self, Spender},
};

const MINUTE: Duration = Duration::from_secs(60);
/// Users, and addresses, that are remembered, beside those who have answers running. At the bound half of them is
/// forgotten: those who hold nothing, then those who have asked nothing for longest.
const REMEMBERED: usize = 20_000;

/// What is taken, by whom.
pub struct Quotas {
    limits: ArcSwap<Limits>,
    books: Mutex<[Books; 3]>,
    pace: Pace,
    refusals: Arc<Refusals>,
}

/// Those of one scope.
type Books = HashMap<Spender, Book>;

/// What one has taken.
#[derive(Debug)]
struct Book {
    /// When all of a minute's questions are to be had again.
    full_at: Instant,
    /// When the answers that run were begun.
    running: Vec<Instant>,
    day: u64,
    tokens: u64,
    /// When something was asked last.
    asked: Instant,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// As whom.
    pub owner: OwnerId,
    /// From where; `None`: nobody says.
    pub client: Option<Client>,
}

/// A moment on both clocks: minutes go by one that nobody sets, days by the calendar.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    at: Instant,
    /// Milliseconds since the epoch.
    wall: u64,
}

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self {
            at: Instant::now(),
            wall: store::now(),
        }
    }

    fn day(self) -> u64 {
        store::day(self.wall)
    }
}

/// What is to be kept of what was spent.
#[derive(Debug, PartialEq, Eq)]
pub struct Bill {
    /// The day.
    pub day: u64,
    /// Who have spent it, each of them all of it.
    pub who: Vec<Spender>,
    /// How much.
    pub tokens: u64,
}

/// An answer that may run. It counts until it is dropped.
pub struct Grant {
    quotas: Arc<Quotas>,
    who: Vec<Spender>,
    begun: Instant,
}

impl Quotas {
    /// Counts on from what was spent today.
    pub fn new(limits: Limits, spent: Vec<(Spender, u64)>, refusals: Arc<Refusals>) -> Arc<Self> {
        let mut books: [Books; 3] = Default::default();
        let now = Moment::now();
        for (spender, tokens) in spent {
            let of_scope = &mut books[index(spender)];
            if of_scope.len() < REMEMBERED {
                let book = Book {
                    tokens,
                    ..Book::new(now)
                };
                of_scope.insert(spender, book);
            }
        }
        Arc::new(Self {
            limits: ArcSwap::from_pointee(limits),
            books: Mutex::new(books),
            pace: Pace::default(),
            refusals,
        })
    }

    /// Others hold for what is asked from now on.
    pub fn set(&self, limits: Limits) {
        self.limits.store(Arc::new(limits));
    }

    /// Where refusals are counted.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    fn books(&self) -> MutexGuard<'_, [Books; 3]> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a question and an answer from all whose limits hold for it, or from none. `costs`: the answer takes tokens.
    pub fn take(self: &Arc<Self>, asker: Asker, costs: bool, now: Moment) -> Result<Grant, Fault> {
        let limited = self.limited(asker);
        let mut books = self.books();
        let refused = limited.iter().filter_map(|(spender, share)| {
            let lack = match books[index(*spender)].get(spender) {
                Some(book) => book.lacks(share, costs, &self.pace, now),
                None => Book::new(now).lacks(share, costs, &self.pace, now),
            };
            Some((*spender, *share, lack?))
        });
        // Who waits for the longest has waited for the others too.
        if let Some((spender, share, lack)) = refused.max_by_key(|(.., lack)| lack.wait) {
            drop(books);
            let (scope, measure) = (scope(spender), lack.measure);
            self.refusals.note(Limit { scope, measure }, asker.client);
            return Err(lack.fault(scope, &share));
        }
        for (spender, share) in &limited {
            let of_scope = &mut books[index(*spender)];
            if !of_scope.contains_key(spender) {
                make_room(of_scope, now);
            }
            let book = of_scope.entry(*spender).or_insert_with(|| Book::new(now));
            book.ask(share, now);
        }
        drop(books);
        Ok(Grant {
            quotas: self.clone(),
            who: limited.into_iter().map(|(spender, _)| spender).collect(),
            begun: now.at,
        })
    }

    /// For whom there is a limit of any kind.
    fn limited(&self, asker: Asker) -> Vec<(Spender, Share)> {
        let limits = self.limits.load();
        let address = asker.client.map(Spender::Address);
        let all = [
            (Some(Spender::User(asker.owner)), limits.user),
            (address, limits.address),
            (Some(Spender::All), limits.all),
        ];
        let limited = all
            .into_iter()
            .filter(|(_, share)| *share != Share::default());
        limited
            .filter_map(|(spender, share)| Some((spender?, share)))
            .collect()
    }
}

impl Grant {
    /// The answer has ended and has taken so many tokens; `None`: nobody counts them.
    pub fn spend(self, tokens: u64, now: Moment) -> Option<Bill> {
        let took = now.at.saturating_duration_since(self.begun);
        self.quotas.pace.took(took);
        let limits = self.quotas.limits.load();
        let is_counted = |spender: &Spender| {
            let share = match spender {
                Spender::User(_) => limits.user,
                Spender::Address(_) => limits.address,
                Spender::All => limits.all,
            };
            share.tokens_per_day > 0
        };
        let who: Vec<Spender> = self.who.iter().copied().filter(is_counted).collect();
        if tokens == 0 || who.is_empty() {
            return None;
        }
        let mut books = self.quotas.books();
        for spender in &who {
            if let Some(book) = books[index(*spender)].get_mut(spender) {
                book.tokens = book.spent(now).saturating_add(tokens);
                book.day = now.day();
            }
        }
        drop(books);
        let day = now.day();
        Some(Bill { day, who, tokens })
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut books = self.quotas.books();
        for spender in &self.who {
            let Some(book) = books[index(*spender)].get_mut(spender) else {
                continue;
            };
            if let Some(at) = book.running.iter().position(|begun| *begun == self.begun) {
                book.running.swap_remove(at);
            }
        }
    }
}

/// Of what somebody has had all that they may.
#[derive(Debug, Clone, Copy)]
struct Lack {
    measure: Measure,
    /// Until there is more; for answers at once it is an estimate.
    wait: Duration,
}

impl Book {
    fn new(now: Moment) -> Self {
        Self {
            full_at: now.at,
            running: vec![],
            day: now.day(),
            tokens: 0,
            asked: now.at,
        }
    }

    /// The day's tokens.
    fn spent(&self, now: Moment) -> u64 {
        if self.day == now.day() {
            self.tokens
        } else {
            0
        }
    }

    fn lacks(&self, share: &Share, costs: bool, pace: &Pace, now: Moment) -> Option<Lack> {
        if costs && share.tokens_per_day > 0 && self.spent(now) >= share.tokens_per_day {
            let wait = Duration::from_millis(store::rest_of_day(now.wall));
            return Some(Lack {
                measure: Measure::Tokens,
                wait,
            });
        }
        if let Some(each) = each(share) {
            // A minute's questions may come at once; then one each time that one has grown again.
            let ahead = self.full_at.saturating_duration_since(now.at);
            let wait = (ahead + each).saturating_sub(MINUTE);
            if !wait.is_zero() {
                return Some(Lack {
                    measure: Measure::Questions,
                    wait,
                });
            }
        }
        let full = share.answers_at_once > 0 && self.running.len() >= share.answers_at_once;
        full.then(|| Lack {
            measure: Measure::Answers,
            wait: pace.until_one_ends(self.running.iter().copied(), now.at),
        })
    }

    fn ask(&mut self, share: &Share, now: Moment) {
        if let Some(each) = each(share) {
            self.full_at = self.full_at.max(now.at) + each;
        }
        self.running.push(now.at);
        self.asked = now.at;
    }

    /// Whether it would be missed.
    fn holds(&self, now: Moment) -> bool {
        !self.running.is_empty() || self.full_at > now.at || self.spent(now) > 0
    }
}

/// In what time one question grows again; `None`: there is no limit.
fn each(share: &Share) -> Option<Duration> {
    (share.questions_per_minute > 0).then(|| MINUTE / share.questions_per_minute)
}

fn make_room(books: &mut Books, now: Moment) {
    if books.len() < REMEMBERED {
        return;
    }
    books.retain(|_, book| book.holds(now));
    if books.len() < REMEMBERED / 2 {
        return;
    }
    let mut asked: Vec<Instant> = books.values().map(|book| book.asked).collect();
    let middle = asked.len() / 2;
    let (_, middle, _) = asked.select_nth_unstable(middle);
    let middle = *middle;
    books.retain(|_, book| !book.running.is_empty() || book.asked > middle);
}

fn index(spender: Spender) -> usize {
    match spender {
        Spender::User(_) => 0,
        Spender::Address(_) => 1,
        Spender::All => 2,
    }
}

fn scope(spender: Spender) -> Scope {
    match spender {
        Spender::User(_) => Scope::User,
        Spender::Address(_) => Scope::Address,
        Spender::All => Scope::All,
    }
}

#[cfg(test)]
mod tests;
