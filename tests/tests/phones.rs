//! Desk phones as devices: set up by the running box, from their credential to their registration.

use std::process::Command;
use tests::boxed::{Boxed, free_port, ringfence};
use tests::phone::Setup;
use tests::scene::{SOON, Scene};
use tests::sound::tone;

const MAC: &str = "001565aabb01";

/// A hospital with a desk phone that the box sets up.
fn hospital(provision: u16) -> Scene {
    let desk = format!(
        "\n[provision]\nbind = \"127.0.0.1:{provision}\"\n\n[phone.8101]\nvendor = \"yealink\"\n\
         password = \"desk-8101-demo\"\nmac = \"{MAC}\"\nname = \"Desk 1\"\nkeys = [\"8001\"]\n"
    );
    Scene::hospital(|text| text + &desk).unwrap()
}

/// Fetches as a phone does that trusts what the box gives it to trust.
fn fetch(scene: &Scene, url: &str) -> (String, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "20", "--cacert"]).arg(scene.trusted().unwrap());
    let output = curl.args(["--write-out", "\n%{http_code}", url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

fn setting<'a>(file: &'a str, name: &str) -> &'a str {
    let mut lines = file.lines().filter_map(|line| line.split_once(" = "));
    lines.find(|(key, _)| *key == name).unwrap_or_else(|| panic!("no {name} in {file}")).1
}

fn credential_url(scene: &Scene) -> String {
    let shown = scene.boxed.output(&["phones", "credential", "8101"]).unwrap();
    let line = shown.lines().find(|line| line.starts_with("url")).unwrap();
    format!("{}{MAC}.cfg", line.split_whitespace().nth(1).unwrap())
}

#[test]
fn a_phone_with_its_credential_is_set_up_by_the_box_and_registers_with_what_it_was_told() {
    let scene = hospital(free_port().unwrap());
    let listed = scene.boxed.output(&["phones"]).unwrap();
    assert!(listed.contains("not registered  never fetched"), "{listed}");

    let (status, file) = fetch(&scene, &credential_url(&scene));
    assert_eq!(status, "200");
    assert_eq!(setting(&file, "account.1.sip_server.1.transport_type"), "2", "TLS");
    let mut setup = Setup::agent(scene.sip(), "8101", tone(1000.0, -12.0, 1000));
    setup.user = setting(&file, "account.1.user_name").to_owned();
    setup.password = setting(&file, "account.1.password").to_owned();
    let phone = scene.registered(setup).unwrap();
    scene.until_listed("8101", &["  registered", "by 127.0.0.1"]);
    let asked = scene.boxed.output(&["phones", "check-sync", "8101"]).unwrap();
    assert!(asked.contains("is asked to fetch"), "{asked}");
    drop(phone);
    scene.over().unwrap();
}

#[test]
fn a_credential_is_shown_once_and_dies_when_it_is_revoked() {
    let scene = hospital(free_port().unwrap());
    let url = credential_url(&scene);
    assert!(!scene.boxed.command(&["phones", "credential", "8101"]).unwrap().status.success());
    assert_eq!(fetch(&scene, &url).0, "200");
    scene.boxed.output(&["phones", "revoke", "8101"]).unwrap();
    assert_eq!(fetch(&scene, &url).0, "401");
    assert_eq!(fetch(&scene, &credential_url(&scene)).0, "200");
    scene.over().unwrap();
}

#[test]
fn a_site_that_is_applied_changes_what_the_next_fetch_gets() {
    let scene = hospital(free_port().unwrap());
    let url = credential_url(&scene);
    assert_eq!(setting(&fetch(&scene, &url).1, "account.1.label"), "Desk 1");
    let path = scene.site.join("site.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("Desk 1", "Desk 2")).unwrap();
    scene.boxed.output(&["site", "apply", scene.site.to_str().unwrap()]).unwrap();
    assert_eq!(setting(&fetch(&scene, &url).1, "account.1.label"), "Desk 2");
    scene.over().unwrap();
}

#[test]
fn the_certificate_of_the_box_is_the_same_after_a_restart() {
    let mut scene = hospital(free_port().unwrap());
    let shown = |scene: &Scene| {
        let text = scene.boxed.output(&["tls"]).unwrap();
        text.lines().find(|line| line.starts_with("sha-256")).unwrap().to_owned()
    };
    let before = shown(&scene);
    assert!(scene.boxed.stop(SOON).unwrap().success());
    assert_eq!(shown(&scene), before);
}

/// Waits for a phone's row.
trait Listed {
    fn until_listed(&self, phone: &str, parts: &[&str]);
}

impl Listed for Scene {
    fn until_listed(&self, phone: &str, parts: &[&str]) {
        let begun = std::time::Instant::now();
        loop {
            let listed = self.boxed.output(&["phones"]).unwrap();
            let row = listed.lines().find(|line| line.starts_with(phone)).unwrap();
            if parts.iter().all(|part| row.contains(part)) {
                return;
            }
            assert!(begun.elapsed() < SOON, "{listed}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

#[test]
fn a_box_whose_certificate_is_damaged_answers_in_clear_and_says_so() {
    let tls = format!("\n[sip.tls]\nbind = \"127.0.0.1:{}\"\n", free_port().unwrap());
    let mut scene =
        Scene::hospital(|text| if text.contains("[sip.tls]") { text } else { text + &tls })
            .unwrap();
    let (sip, state) = (scene.sip(), scene.boxed.state.clone());
    scene.boxed.stop(SOON).unwrap();
    std::fs::write(state.join("tls/ca.pem"), "-----BEGIN").unwrap();
    std::fs::write(state.join("tls/box.pem"), "-----BEGIN").unwrap();

    let boxed = Boxed::start(ringfence().unwrap(), &state, &scene.site, sip, None).unwrap();
    let alarmed =
        |now: &control::Snapshot| now.alarms.iter().any(|a| a.key == "certificate-broken");
    boxed.wait("the alarm", SOON, alarmed).unwrap();
    scene.boxed = boxed;
    let _phone = scene.agent("8001").unwrap();
}

/// A phone of each vendor: its number, its address, what it fetches, and the file with its account.
const FLEET: [(&str, &str, &str, &str); 4] = [
    ("8101", "yealink", "001565aabb01", "001565aabb01.cfg"),
    ("8102", "fanvil", "0c383eaabb02", "0c383eaabb02.cfg"),
    ("8103", "grandstream", "000b82aabb03", "cfg000b82aabb03.xml"),
    ("8104", "poly", "0004f2aabb04", "0004f2aabb04-ringfence.cfg"),
];

#[test]
fn a_phone_of_every_vendor_fetches_its_own_account_by_its_own_credential_and_never_in_clear() {
    let port = free_port().unwrap();
    let phones: Vec<String> = FLEET
        .iter()
        .map(|(phone, vendor, mac, _)| {
            format!(
                "[phone.{phone}]\nvendor = \"{vendor}\"\npassword = \"desk-{phone}-demo\"\n\
                 mac = \"{mac}\"\n"
            )
        })
        .collect();
    let desks = format!("\n[provision]\nbind = \"127.0.0.1:{port}\"\n\n{}", phones.join("\n"));
    let scene = Scene::hospital(|text| text + &desks).unwrap();
    // What IT types into the DHCP server carries no secret.
    let listed = scene.boxed.output(&["phones"]).unwrap();
    let option = listed.lines().find(|line| line.starts_with("DHCP option 66: ")).unwrap();
    assert!(option.contains(&format!("https://127.0.0.1:{port}/")), "{option}");

    let mut another = None;
    for (phone, _, _, file) in FLEET {
        let shown = scene.boxed.output(&["phones", "credential", phone]).unwrap();
        let line = shown.lines().find(|line| line.starts_with("url")).unwrap();
        let own = line.split_whitespace().nth(1).unwrap().to_owned();
        let secret = format!("desk-{phone}-demo");
        let (status, text) = fetch(&scene, &format!("{own}{file}"));
        assert_eq!(status, "200", "{phone}");
        assert!(text.contains(&secret), "{phone}: no account in {text}");
        assert!(!option.contains(own.split_once("//").unwrap().1), "the option tells a credential");

        // Another phone's credential finds nothing here; none, and a guessed one, are turned away.
        let (who, place) = own.rsplit_once('@').unwrap();
        let mut refused = vec![("401", format!("https://{place}{file}"))];
        let wrong = if who.ends_with('x') { 'y' } else { 'x' };
        refused.push(("401", format!("{}{wrong}@{place}{file}", &who[..who.len() - 1])));
        refused.extend(another.map(|other: String| ("404", format!("{other}{file}"))));
        for (status, url) in refused {
            let (given, text) = fetch(&scene, &url);
            assert_eq!(given, status, "{phone}");
            assert!(!text.contains(&secret), "{text}");
        }
        another = Some(own);
    }
    // In clear not a byte comes back.
    let own = format!("{}{}", another.unwrap(), FLEET[3].3);
    assert_eq!(fetch(&scene, &own).0, "200");
    let plain = own.replacen("https://", "http://", 1);
    assert_eq!(fetch(&scene, &plain), ("000".to_owned(), String::new()));
    scene.over().unwrap();
}
