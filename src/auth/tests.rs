use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant as Clock;
use tokio_util::sync::CancellationToken;

use super::{kept::Kept, *};
use crate::config::{StorePath, Synchronous};

fn store() -> Store {
    Store::open(config::Store {
        path: StorePath::Memory,
        synchronous: Synchronous::Normal,
        retention: None,
        max_size: 0,
    })
    .unwrap()
}

fn user(name: &str) -> config::User {
    config::User {
        name: name.to_owned(),
        password_hash: config::Secret::new(password::hash(&format!("{name}'s password")).unwrap()),
    }
}

fn auth(names: &[&str]) -> Auth {
    let config = config::Auth {
        mode: AuthMode::Password,
        allow_open: false,
        admins: Vec::new(),
        user_header: String::new(),
        audit: None,
        users: names.iter().map(|name| user(name)).collect(),
        session_lifetime: Duration::from_secs(60),
    };
    Auth::new(config, store())
}

fn credential(hash: u8, kind: CredentialKind) -> Credential {
    Credential {
        hash: [hash; 32],
        id: Uuid::from_u128(hash.into()),
        kind,
        user: "ada".to_owned(),
        name: String::new(),
        created: 0,
        expires: (kind == CredentialKind::SignIn).then(|| now() + 60_000),
        proof: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_ends_at_its_time_or_when_it_is_taken_back_and_a_lasting_one_never() {
    let begin = Clock::now();
    let end = (begin + Duration::from_secs(60)).into_std();
    let taken_back = CancellationToken::new();
    let pass = Pass::until(taken_back.clone(), Some(end));
    pass.ended().await;
    assert!(begin.elapsed() >= Duration::from_secs(60));
    let later = (Clock::now() + Duration::from_secs(60)).into_std();
    let pass = Pass::until(taken_back.clone(), Some(later));
    let now = Clock::now();
    taken_back.cancel();
    pass.ended().await;
    assert_eq!(now.elapsed(), Duration::ZERO);
    let year = Duration::from_secs(365 * 24 * 3600);
    let waited = tokio::time::timeout(year, Pass::lasting().ended()).await;
    assert!(waited.is_err());
}

#[tokio::test]
async fn a_name_that_nobody_has_is_compared_with_a_hash_as_costly_as_anothers() {
    let auth = auth(&["ada"]);
    let (known, unknown) = (auth.0.compared("ada"), auth.0.compared("eve"));
    assert!(known.1 && !unknown.1);
    let cost = |hash: &config::Secret| {
        let (cost, _) = hash.expose().rsplit_once("p=").unwrap();
        cost.to_owned()
    };
    assert_eq!(cost(&known.0), cost(&unknown.0));
    // And it is compared: also whoever knows the password behind it is not let in.
    let signed_in = auth.sign_in("eve", "ada's password", None).await;
    assert_eq!(signed_in.err(), Some(NotSignedIn::Wrong));
    assert!(auth.sign_in("ada", "ada's password", None).await.is_ok());
}

#[tokio::test]
async fn of_more_sign_ins_than_there_may_be_the_oldest_ends_and_no_token_does() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    kept.add(credential(200, CredentialKind::Token), now);
    for n in 0..50 {
        assert_eq!(
            kept.add(credential(n, CredentialKind::SignIn), now),
            [[0; 32]; 0]
        );
    }
    let (_, pass) = kept.find(&[0; 32], CredentialKind::SignIn, now).unwrap();
    assert_eq!(
        kept.add(credential(50, CredentialKind::SignIn), now),
        [[0; 32]]
    );
    assert!(kept.find(&[0; 32], CredentialKind::SignIn, now).is_none());
    assert!(kept.find(&[1; 32], CredentialKind::SignIn, now).is_some());
    assert!(kept.find(&[200; 32], CredentialKind::Token, now).is_some());
    let ended = std::pin::pin!(pass.ended());
    assert!(ended.now_or_never().is_some());
}

#[test]
fn a_sign_in_that_is_over_counts_no_more_and_makes_room() {
    let (mut kept, begin) = (Kept::default(), Instant::now());
    kept.add(credential(1, CredentialKind::SignIn), begin);
    let later = begin + Duration::from_secs(61);
    assert!(kept.find(&[1; 32], CredentialKind::SignIn, later).is_none());
    assert_eq!(
        kept.add(credential(2, CredentialKind::SignIn), later),
        [[1; 32]]
    );
}

#[test]
fn the_two_kinds_do_not_stand_in_for_each_other() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    kept.add(credential(1, CredentialKind::SignIn), now);
    kept.add(credential(2, CredentialKind::Token), now);
    assert!(kept.find(&[1; 32], CredentialKind::Token, now).is_none());
    assert!(kept.find(&[2; 32], CredentialKind::SignIn, now).is_none());
    assert_eq!(kept.remove_sign_ins("ada"), [[1; 32]]);
    assert_eq!(kept.tokens("ada").len(), 1);
    assert_eq!(kept.tokens("bob").len(), 0);
    assert_eq!(kept.remove_token("bob", Uuid::from_u128(2)), None);
    assert_eq!(kept.remove_token("ada", Uuid::from_u128(2)), Some([2; 32]));
}

#[test]
fn who_is_shut_out_keeps_nothing_and_others_keep_theirs() {
    let (mut kept, now) = (Kept::default(), Instant::now());
    kept.add(credential(1, CredentialKind::SignIn), now);
    kept.add(credential(2, CredentialKind::Token), now);
    let bobs = Credential {
        user: "bob".to_owned(),
        ..credential(3, CredentialKind::Token)
    };
    kept.add(bobs, now);
    let pass = kept.find(&[2; 32], CredentialKind::Token, now).unwrap().1;
    assert_eq!(kept.remove_all("ada"), (vec![[1; 32]], vec![[2; 32]]));
    let ended = std::pin::pin!(pass.ended());
    assert!(ended.now_or_never().is_some());
    assert!(kept.find(&[3; 32], CredentialKind::Token, now).is_some());
    assert_eq!(kept.remove_all("ada"), (vec![], vec![]));
}

#[tokio::test]
async fn many_wrong_passwords_at_once_are_no_more_tries_than_one_after_the_other() {
    let auth = auth(&["ada"]);
    let tries = (0..40).map(|n| {
        let auth = auth.clone();
        async move { auth.sign_in("ada", &format!("guess {n}"), None).await.err() }
    });
    let told = futures_util::future::join_all(tries).await;
    let wrong = told
        .iter()
        .filter(|told| **told == Some(NotSignedIn::Wrong));
    // Five are free, and one more may have begun before the fifth had failed.
    assert!((5..=6).contains(&wrong.count()), "{told:?}");
    let too_often = |told: &Option<NotSignedIn>| matches!(told, Some(NotSignedIn::TooOften(_)));
    assert!(told.iter().filter(|told| too_often(told)).count() >= 34);
}

#[tokio::test]
async fn who_leaves_while_a_password_is_checked_has_tried_it() {
    let auth = auth(&["ada"]);
    for _ in 0..5 {
        let mut tried = Box::pin(auth.sign_in("ada", "guess", None));
        assert!(tried.as_mut().now_or_never().is_none());
        drop(tried);
        // The check goes on by itself, and its end makes room for the next one.
        let checks = u32::try_from(CHECKS).unwrap();
        drop(auth.0.checks.acquire_many(checks).await.unwrap());
    }
    let told = auth.sign_in("ada", "ada's password", None).await.err();
    assert!(matches!(told, Some(NotSignedIn::TooOften(_))), "{told:?}");
}

#[tokio::test]
async fn who_leaves_while_a_token_is_made_has_one_that_is_known() {
    let auth = auth(&["ada"]);
    let ada = auth.0.user("ada", Pass::lasting(), None);
    for n in 0..60 {
        let made = auth.make_token(&ada, n.to_string());
        drop(Box::pin(made).as_mut().now_or_never());
    }
    assert_eq!(auth.tokens("ada").len(), MAX_TOKENS);
    let shut_out = auth.shut_out("ada").await.unwrap();
    assert_eq!(shut_out.tokens, MAX_TOKENS);
}
