use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::{answer::ErrorCode, metrics::Metrics};

const HOUR: u64 = 3_600_000;

fn none() -> Limits {
    let share = Share::default();
    Limits {
        user_sessions: 0,
        user: share,
        address: share,
        all: share,
    }
}

fn share(questions_per_minute: u32, answers_at_once: usize, tokens_per_day: u64) -> Share {
    Share {
        questions_per_minute,
        answers_at_once,
        tokens_per_day,
    }
}

fn quotas(limits: Limits) -> Arc<Quotas> {
    Quotas::new(limits, vec![], Arc::new(Refusals::new(Metrics::new())))
}

fn at(n: u32) -> Option<Client> {
    Some(Client::from(IpAddr::from(Ipv4Addr::from(n))))
}

fn anybody() -> Asker {
    Asker {
        owner: OwnerId::new(),
        client: at(1),
    }
}

impl Moment {
    /// So much later on both clocks.
    fn after(self, millis: u64) -> Self {
        Self {
            at: self.at + Duration::from_millis(millis),
            wall: self.wall + millis,
        }
    }

    /// Noon of some day.
    fn noon() -> Self {
        Self {
            at: Instant::now(),
            wall: 20_000 * 24 * HOUR + 12 * HOUR,
        }
    }
}

fn remembered(quotas: &Quotas) -> usize {
    quotas.books().iter().map(HashMap::len).sum()
}

#[test]
fn where_there_is_no_limit_nothing_is_counted() {
    let (quotas, now) = (quotas(none()), Moment::noon());
    let grant = quotas.take(anybody(), true, now).unwrap();
    assert_eq!(remembered(&quotas), 0);
    assert_eq!(grant.spend(1000, now), None);
}

#[test]
fn a_minutes_questions_may_come_at_once_and_then_one_each_time_that_one_has_grown() {
    let user = share(4, 0, 0);
    let (quotas, now, ada) = (quotas(Limits { user, ..none() }), Moment::noon(), anybody());
    for _ in 0..4 {
        drop(quotas.take(ada, true, now).unwrap());
    }
    let fault = quotas.take(ada, true, now.after(5_000)).err().unwrap();
    assert_eq!(
        (fault.code, fault.retry_after_ms, fault.message.as_str()),
        (
            ErrorCode::RateLimited,
            Some(10_000),
            "You may ask at most 4 questions a minute; ask again in 10 seconds."
        )
    );
    assert!(quotas.take(ada, true, now.after(14_999)).is_err());
    assert!(quotas.take(ada, true, now.after(15_000)).is_ok());
    assert!(quotas.take(ada, true, now.after(15_000)).is_err());
    // Another one's are another one's.
    assert!(quotas.take(anybody(), true, now).is_ok());
    for _ in 0..4 {
        assert!(quotas.take(ada, true, now.after(HOUR)).is_ok());
    }
    assert!(quotas.take(ada, true, now.after(HOUR)).is_err());
}

#[test]
fn answers_that_run_are_counted_over_all_of_a_users_sessions_and_make_room_when_they_end() {
    let user = share(0, 2, 0);
    let (quotas, now, ada) = (quotas(Limits { user, ..none() }), Moment::noon(), anybody());
    let first = quotas.take(ada, true, now).unwrap();
    let elsewhere = Asker {
        client: at(2),
        ..ada
    };
    let _second = quotas.take(elsewhere, true, now).unwrap();
    let fault = quotas.take(ada, true, now).err().unwrap();
    assert_eq!(
        (fault.retry_after_ms, fault.message.as_str()),
        (
            Some(20_000),
            "You have 2 answers running already, and may have no more until one ends or is stopped; ask again in about 20 seconds."
        )
    );
    drop(first);
    assert!(quotas.take(ada, true, now).is_ok());
}

#[test]
fn who_has_answers_running_is_told_when_one_of_them_should_end_by_how_long_others_took() {
    let user = share(0, 1, 0);
    let (quotas, now, ada) = (quotas(Limits { user, ..none() }), Moment::noon(), anybody());
    let others = quotas.take(anybody(), true, now).unwrap();
    let _ = others.spend(0, now.after(60_000));
    let _hers = quotas.take(ada, true, now).unwrap();
    let wait = |at| quotas.take(ada, true, at).err().unwrap().retry_after_ms;
    assert_eq!(wait(now), Some(60_000));
    assert_eq!(wait(now.after(45_500)), Some(14_500));
    // A question that was taken back before it was answered says nothing of how long answers take.
    drop(quotas.take(anybody(), true, now).unwrap());
    assert_eq!(wait(now), Some(60_000));
}

#[test]
fn an_address_and_all_together_have_limits_of_their_own() {
    let limits = Limits {
        address: share(0, 1, 0),
        all: share(0, 2, 0),
        ..none()
    };
    let (quotas, now) = (quotas(limits), Moment::noon());
    let from = |n| Asker {
        client: n,
        ..anybody()
    };
    let _one = quotas.take(from(at(1)), true, now).unwrap();
    let same = quotas.take(from(at(1)), true, now).err().unwrap();
    assert!(same.message.contains("Your address has"), "{same:?}");
    let _nowhere = quotas.take(from(None), true, now).unwrap();
    let third = quotas.take(from(at(2)), true, now).err().unwrap();
    assert!(third.message.contains("This server has"), "{third:?}");
    for (scope, count) in [(Scope::User, 0), (Scope::Address, 1), (Scope::All, 1)] {
        let measure = Measure::Answers;
        let limit = Limit { scope, measure };
        assert_eq!(quotas.refusals().count(limit), count, "{limit:?}");
    }
}

#[test]
fn who_is_refused_has_taken_nothing_from_anybody() {
    let limits = Limits {
        user: share(2, 0, 0),
        all: share(0, 1, 0),
        ..none()
    };
    let (quotas, now, ada) = (quotas(limits), Moment::noon(), anybody());
    let running = quotas.take(ada, true, now).unwrap();
    for _ in 0..5 {
        assert!(quotas.take(ada, true, now).is_err());
    }
    drop(running);
    assert!(quotas.take(ada, true, now).is_ok());
}

#[test]
fn the_tokens_of_a_day_are_to_be_had_again_at_midnight() {
    let user = share(0, 0, 100);
    let (quotas, now, ada) = (quotas(Limits { user, ..none() }), Moment::noon(), anybody());
    let grant = quotas.take(ada, true, now).unwrap();
    let second = quotas.take(ada, true, now).unwrap();
    let bill = grant.spend(100, now).unwrap();
    assert_eq!((bill.tokens, bill.day), (100, 20_000));
    assert_eq!(bill.who, [Spender::User(ada.owner)]);
    let fault = quotas.take(ada, true, now.after(1)).err().unwrap();
    assert_eq!(fault.retry_after_ms, Some(12 * HOUR - 1));
    assert_eq!(
        fault.message,
        "You have used up your 100 tokens of today; ask again in 12 hours, when a new day begins (UTC)."
    );
    // What costs none goes on, and so does what had begun.
    assert!(quotas.take(ada, false, now).is_ok());
    let tomorrow = now.after(12 * HOUR);
    assert_eq!(second.spend(7, tomorrow).unwrap().day, 20_001);
    assert!(quotas.take(ada, true, tomorrow).is_ok());
}

#[test]
fn who_has_to_wait_for_two_things_is_told_the_longer_time() {
    let limits = Limits {
        user: share(1, 0, 0),
        all: share(0, 0, 10),
        ..none()
    };
    let (quotas, now, ada) = (quotas(limits), Moment::noon(), anybody());
    let bill = quotas.take(ada, true, now).unwrap().spend(10, now).unwrap();
    assert_eq!(bill.who, [Spender::All]);
    let fault = quotas.take(ada, true, now).err().unwrap();
    assert_eq!(fault.retry_after_ms, Some(12 * HOUR));
}

#[test]
fn what_was_spent_before_a_restart_counts_and_other_limits_hold_at_once() {
    let limits = Limits {
        all: share(0, 0, 100),
        ..none()
    };
    let quotas = Quotas::new(
        limits,
        vec![(Spender::All, 100)],
        Arc::new(Refusals::new(Metrics::new())),
    );
    let now = Moment::now();
    assert!(quotas.take(anybody(), true, now).is_err());
    quotas.set(Limits {
        all: share(0, 0, 101),
        ..none()
    });
    assert!(quotas.take(anybody(), true, now).is_ok());
}

#[test]
fn what_is_remembered_has_a_bound_and_who_has_answers_running_stays() {
    let limits = Limits {
        user: share(1, 2, 0),
        ..none()
    };
    let (quotas, now, ada) = (quotas(limits), Moment::noon(), anybody());
    let _running = quotas.take(ada, true, now).unwrap();
    for n in 1..3 * REMEMBERED as u64 {
        drop(quotas.take(anybody(), true, now.after(n)).unwrap());
    }
    assert!(remembered(&quotas) <= REMEMBERED + 1);
    let fault = quotas.take(ada, true, now.after(1)).err().unwrap();
    assert_eq!(fault.retry_after_ms, Some(59_999));
}

#[test]
fn who_holds_nothing_is_forgotten_first() {
    let limits = Limits {
        user: share(60_000, 0, 0),
        ..none()
    };
    let (quotas, now) = (quotas(limits), Moment::noon());
    let spent = anybody();
    quotas.set(Limits {
        user: share(0, 0, 5),
        ..none()
    });
    let _ = quotas.take(spent, true, now).unwrap().spend(5, now);
    for n in 1..2 * REMEMBERED as u64 {
        drop(quotas.take(anybody(), true, now.after(n)).unwrap());
    }
    assert!(quotas.take(spent, true, now.after(1)).is_err());
}
