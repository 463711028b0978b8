//! Conversations that go over to another owner.

use super::*;

#[tokio::test]
async fn what_goes_over_is_read_found_and_counted_at_its_new_owner_alone() {
    let store = memory();
    let (browser, user, stranger) = (OwnerId::new(), OwnerId::new(), OwnerId::new());
    let (_, first) = exchange(&store, question(browser, None, "A walnut?"), "A drupe.").await;
    let there = Some(first.conversation);
    exchange(&store, question(browser, there, "And then?"), "A seed.").await;
    exchange(&store, question(browser, None, "A hazelnut?"), "A nut.").await;
    exchange(&store, question(user, None, "A peanut?"), "A legume.").await;
    exchange(
        &store,
        question(stranger, None, "A walnut!"),
        "Still a drupe.",
    )
    .await;
    store.settled().await;
    assert_eq!(store.count(browser).await.unwrap(), 2);
    let before = store
        .conversation(browser, first.conversation)
        .await
        .unwrap();
    assert_eq!(store.take_over(browser, user).await.unwrap(), 2);
    sound(&store).await;
    let after = store.conversation(user, first.conversation).await.unwrap();
    assert_eq!(after, before);
    assert_eq!(
        store
            .conversation(browser, first.conversation)
            .await
            .unwrap(),
        None
    );
    for (owner, conversations, finds) in [(browser, 0, 0), (user, 3, 2), (stranger, 1, 2)] {
        assert_eq!(store.count(owner).await.unwrap(), conversations);
        let found = store.search(owner, "walnut".to_owned(), 9).await.unwrap();
        assert_eq!(found.len(), finds);
    }
    assert_eq!(store.take_over(browser, user).await.unwrap(), 0);
}

#[tokio::test]
async fn what_runs_what_is_deleted_and_what_the_other_has_already_stays() {
    let store = memory();
    let (browser, user) = (OwnerId::new(), OwnerId::new());
    let running = question(browser, None, "Still running?");
    let turn = running.turn;
    store.ask(running).await.unwrap();
    let (_, deleted) = exchange(&store, question(browser, None, "Deleted?"), "Yes.").await;
    let (_, twice) = exchange(&store, question(browser, None, "Twice?"), "Once here.").await;
    let same = Some(twice.conversation);
    exchange(&store, question(user, same, "Twice?"), "Once there.").await;
    // A conversation of its own, and a turn's id that the other has used.
    let again = question(browser, None, "Again?");
    let taken = again.turn;
    exchange(&store, again, "Here.").await;
    let there = NewTurn {
        turn: taken,
        ..question(user, None, "Again?")
    };
    exchange(&store, there, "There.").await;
    store.settled().await;
    store.delete(browser, deleted.conversation).await.unwrap();
    assert_eq!(store.take_over(browser, user).await.unwrap(), 0);
    store.finish(browser, turn, Arc::new(said("No longer.")));
    store.settled().await;
    assert_eq!(store.take_over(browser, user).await.unwrap(), 1);
    assert_eq!(store.count(browser).await.unwrap(), 2);
    assert_eq!(store.count(user).await.unwrap(), 3);
    store.restore(browser, deleted.conversation).await.unwrap();
    sound(&store).await;
}
