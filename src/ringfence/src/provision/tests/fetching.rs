//! What a phone gets.

use super::world::*;
use crate::folders::Folders;
use crate::tls::{Tls, Wanted};
use phone::{Mac, screen};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[tokio::test]
async fn a_device_with_its_credential_gets_its_settings_and_nothing_may_keep_them() {
    let world = World::new().await;
    let got = world.own(YEALINK, "/phones/001565008001.cfg").await;
    assert_eq!(got.status, 200);
    assert!(got.body.starts_with("#!version:1.0.0.1\naccount.1.enable = 1\n"), "{}", got.body);
    assert!(got.body.contains("account.1.password = the password of SIP\n"));
    assert!(got.head.contains("cache-control: no-store"), "{}", got.head);
    assert_eq!(world.count(|counters| &counters.fetched), 1);
    assert!(world.shelf.list().contains("by 127.0.0.1"), "{}", world.shelf.list());
}

#[tokio::test]
async fn a_phone_of_poly_is_led_from_its_master_file_to_its_settings() {
    let world = World::new().await;
    let master = world.own(POLY, "/phones/64167f008002.cfg").await;
    assert!(master.body.contains("CONFIG_FILES=\"64167f008002-ringfence.cfg\""));
    let settings = world.own(POLY, "/phones/64167f008002-ringfence.cfg").await;
    assert!(settings.body.contains("reg.1.address=\"8002\""));
}

#[tokio::test]
async fn a_site_applied_while_the_box_runs_changes_the_next_fetch() {
    let world = World::new().await;
    let label =
        |got: &Got| got.body.lines().find(|l| l.contains("account.1.label")).map(String::from);
    let before = world.own(YEALINK, "/phones/001565008001.cfg").await;
    assert_eq!(label(&before).as_deref(), Some("account.1.label = Desk 1"));
    world.shelf.set_site(Arc::new(site("Desk 2")));
    let after = world.own(YEALINK, "/phones/001565008001.cfg").await;
    assert_eq!(label(&after).as_deref(), Some("account.1.label = Desk 2"));
    let mut without = site("Desk 2");
    without.phones.clear();
    world.shelf.set_site(Arc::new(without));
    assert_eq!(world.own(YEALINK, "/phones/001565008001.cfg").await.status, 401);
}

#[tokio::test]
async fn the_certificate_to_trust_is_given_to_everybody() {
    let world = World::new().await;
    let got = world.fetch("/phones/ca.pem", None).await;
    assert_eq!((got.status, got.body), (200, world.tls.trust_pem()));
}

#[tokio::test]
async fn a_page_that_was_laid_out_is_fetched_by_its_own_phone_alone() {
    let world = World::new().await;
    let path = format!("/phones/{}", screen::FETCHED_FILE);
    assert_eq!(world.own(YEALINK, &path).await.status, 404);
    world.shelf.lay_out(&"8001".into(), "<Screen/>".into());
    assert_eq!(world.own(YEALINK, &path).await.body, "<Screen/>");
    assert_eq!(world.own(POLY, &path).await.status, 404);
    assert_eq!(world.fetch(&path, None).await.status, 401);
}

/// A maker of phones: an authority, and a device's certificate with its address as common name.
/// Gives the folder, the authority's file and the device's.
fn maker(device: Mac) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folders = Folders::find(Some(dir.path().to_owned())).unwrap();
    let names = vec![device.to_string()];
    Tls::read_or_make(&folders, Wanted { names, ..Wanted::default() }, NOW).unwrap();
    let (authority, device) = (folders.tls().join("ca.pem"), folders.tls().join("box.pem"));
    (dir, authority, device)
}

async fn with_certificate(world: &World, factory: &Path, path: &str) -> std::io::Result<Got> {
    let mut stream = world.connect_with(LOOPBACK, Some(factory)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n");
    exchange(&mut stream, request.as_bytes()).await
}

#[tokio::test]
async fn a_factory_certificate_of_a_maker_that_it_trusts_stands_for_the_credential() {
    let (_kept, authority, factory) = maker(YEALINK);
    let world = World::with(super::super::Limits::default(), Some(authority)).await;
    let get = async |path| with_certificate(&world, &factory, path).await.unwrap().status;
    assert_eq!(get("/phones/001565008001.cfg").await, 200);
    assert_eq!(get("/phones/64167f008002.cfg").await, 404, "another's file");
    assert_eq!(world.fetch("/phones/001565008001.cfg", None).await.status, 401, "without one");
    assert_eq!(world.own(YEALINK, "/phones/001565008001.cfg").await.status, 200);
}

#[tokio::test]
async fn a_factory_certificate_of_a_stranger_proves_nothing() {
    let (_kept, authority, _) = maker(YEALINK);
    let (_kept_too, _, forged) = maker(YEALINK);
    let world = World::with(super::super::Limits::default(), Some(authority)).await;
    let got = with_certificate(&world, &forged, "/phones/001565008001.cfg").await;
    assert!(got.is_err() || got.is_ok_and(|got| got.status == 0), "the handshake fails");
    let (_other, authority, stranger) = maker(STRANGER);
    let world = World::with(super::super::Limits::default(), Some(authority)).await;
    let got = with_certificate(&world, &stranger, "/phones/001565008001.cfg").await.unwrap();
    assert_eq!(got.status, 401, "a device that the site does not name");
}

#[tokio::test]
async fn curl_fetches_a_phones_settings_as_any_client_of_https_does() {
    let world = World::new().await;
    let ca = world.dir.path().join("trusted.pem");
    std::fs::write(&ca, world.tls.trust_pem()).unwrap();
    let curl = |credential: String| {
        let url = format!("https://{}/phones/001565008001.cfg", world.at);
        let ca = ca.clone();
        tokio::task::spawn_blocking(move || {
            let mut curl = std::process::Command::new("curl");
            curl.args(["--silent", "--max-time", "20", "--cacert"]).arg(ca);
            curl.args(["--user", &credential, "--write-out", "\n%{http_code}", &url]);
            String::from_utf8(curl.output().unwrap().stdout).unwrap()
        })
    };
    let own = keys().credential(YEALINK, 0);
    let right = curl(format!("{}:{}", own.user, own.secret.reveal())).await.unwrap();
    assert!(right.starts_with("#!version:1.0.0.1\n") && right.ends_with("\n200"), "{right}");
    let wrong = curl(format!("{}:guess", own.user)).await.unwrap();
    assert_eq!(wrong, "\n401");
}
