//! A credential's life: shown once, revoked, and another.

use super::world::*;

#[tokio::test]
async fn a_revoked_credential_is_refused_from_then_on_and_the_next_one_taken() {
    let world = World::new().await;
    let path = "/phones/001565008001.cfg";
    let old = world.own(YEALINK, path).await;
    assert_eq!(old.status, 200);
    assert_eq!(world.generations().revoke(YEALINK).unwrap(), 1);
    assert_eq!(world.own(YEALINK, path).await.status, 401);
    let next = keys().credential(YEALINK, 1);
    let new = world.fetch(path, Some((&next.user, next.secret.reveal()))).await;
    assert_eq!(new.status, 200);
    assert!(new.body.contains(next.secret.reveal()), "the file carries the new credential");
    assert_eq!(world.own(POLY, "/phones/64167f008002.cfg").await.status, 200);
}

#[tokio::test]
async fn a_credential_is_shown_once_a_generation() {
    let world = World::new().await;
    let generations = world.generations();
    assert_eq!(generations.show(YEALINK).unwrap(), 0);
    assert!(generations.show(YEALINK).is_err());
    generations.revoke(YEALINK).unwrap();
    assert_eq!(generations.show(YEALINK).unwrap(), 1);
    assert!(generations.show(YEALINK).is_err());
}

#[tokio::test]
async fn a_damaged_list_of_revocations_lets_nobody_in() {
    let world = World::new().await;
    std::fs::write(world.dir.path().join("phones.json"), "{").unwrap();
    assert_eq!(world.own(YEALINK, "/phones/001565008001.cfg").await.status, 401);
}
