//! The sites that are shipped are read without a remark, with the very recordings beside them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::order::CLIPS_PER_PLAY_MAX;
use model::site::{Codes, Driver, Lang, Marks, Node, Numbering, Opening};
use model::srtp::SrtpPolicy;
use model::time::Zone;
use model::{MenuId, Number};
use site::{PromptFiles, load};
use std::path::{Path, PathBuf};

fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(images().join("sites").join(name).join("site.toml")).unwrap()
}

/// What the box and a site say, by the texts their recordings are rendered from.
fn told(name: &str) -> PromptFiles {
    let mut files = PromptFiles::default();
    for root in [images().join("prompts"), images().join("sites").join(name).join("prompts")] {
        for (lang, id) in texts(&root) {
            files.add(lang, id.as_str().into());
        }
    }
    files.add_music("music.hold".into());
    files
}

/// The ids in a `texts.toml`, with the languages they have a text in.
fn texts(folder: &Path) -> Vec<(Lang, String)> {
    let file = std::fs::read_to_string(folder.join("texts.toml")).unwrap();
    let (mut id, mut texts) = (None, Vec::new());
    for line in file.lines() {
        if line.starts_with('[') {
            id = line.strip_prefix("[prompt.\"").and_then(|rest| rest.strip_suffix("\"]"));
        }
        let lang = Lang::ALL.into_iter().find(|lang| line.starts_with(&format!("{lang} = ")));
        texts.extend(id.zip(lang).map(|(id, lang)| (lang, id.to_owned())));
    }
    assert!(!texts.is_empty(), "no texts at all");
    texts
}

/// The recordings there are, of the box and of a site.
fn recorded(name: &str) -> PromptFiles {
    let mut files = PromptFiles::default();
    for root in [images().join("prompts"), images().join("sites").join(name).join("prompts")] {
        for lang in Lang::ALL {
            for id in ids(&root.join(lang.tag())) {
                files.add(lang, id.as_str().into());
            }
        }
    }
    for id in ids(&images().join("prompts/music")) {
        files.add_music(format!("music.{id}").as_str().into());
    }
    files
}

fn ids(folder: &Path) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".flac").map(str::to_owned)).collect()
}

fn shipped(name: &str) -> model::site::Site {
    checked(name, &told(name))
}

fn checked(name: &str, prompts: &PromptFiles) -> model::site::Site {
    match load(&text(name), prompts) {
        Ok(loaded) => {
            assert_eq!(loaded.notes, []);
            loaded.site
        }
        Err(faults) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", faults.join("\n"));
        }
    }
}

#[test]
fn every_prompt_of_both_sites_is_recorded() {
    for name in ["hospital", "bank"] {
        checked(name, &recorded(name));
    }
}

#[test]
fn the_hospital_is_without_fault_or_remark() {
    let site = shipped("hospital");
    assert_eq!(site.name.in_lang(Lang::En), "First People's Hospital");
    assert_eq!(site.ports.len(), 4);
    assert!(site.ports.values().all(|port| port.driver == Driver::Sim));
    let first = &site.agents[&"8001".into()];
    assert!(
        site.queues
            .values()
            .all(|queue| { queue.skills.iter().all(|skill| first.skills.contains_key(skill)) })
    );
    assert!(site.vip.contains(&Number::new("13800000001")));
    assert_eq!(site.digest.len(), 64);
}

#[test]
fn the_bank_is_without_fault_or_remark() {
    let site = shipped("bank");
    let highest = site.queues.iter().max_by_key(|(_, queue)| queue.priority).unwrap();
    assert_eq!(highest.0.as_str(), "lost-card");
    // A lost card outranks another's complaint only by its marks; by priority it is the first.
    assert!(Marks { vip: true, complaint: true }.points() > u16::from(highest.1.priority));
    assert!(matches!(&site.flow.nodes[&"last-four".into()], Node::Collect { secret: true, .. }));
}

#[test]
fn the_bank_takes_encrypted_sound_alone_and_the_hospital_offers_it() {
    for (name, policy) in [("bank", SrtpPolicy::Require), ("hospital", SrtpPolicy::Offer)] {
        let sip = shipped(name).sip;
        assert_eq!(sip.srtp, policy, "{name}");
        assert!(sip.tls.is_some_and(|tls| tls.certificate.is_none()), "{name}");
    }
}

#[test]
fn agents_of_both_call_out_and_none_where_it_costs() {
    for name in ["bank", "hospital"] {
        let site = shipped(name);
        for agent in site.agents.values() {
            let role = &site.roles[agent.rights.role.as_ref().unwrap()];
            assert!(role.dial.contains("mobile") && role.calls_a_day.is_some(), "{name}");
            for dear in ["international", "premium", "satellite"] {
                assert!(!role.dial.contains(dear), "{name}: {dear}");
            }
        }
        assert!(site.trunks.values().any(|trunk| !trunk.out.targets.is_empty()), "{name}");
    }
}

/// What was shipped before phones, trunks out and encryption were in the format.
#[test]
fn sites_of_before_are_read_as_they_were() {
    for name in ["bank", "hospital"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/before").join(name);
        let text = std::fs::read_to_string(path.with_extension("toml")).unwrap();
        let loaded = load(&text, &told(name)).unwrap();
        assert_eq!(loaded.notes, [], "{name}");
        let site = loaded.site;
        assert_eq!((site.sip.tcp, &site.sip.tls, site.sip.srtp), (None, &None, SrtpPolicy::Offer));
        assert!(site.roles.is_empty() && site.parking.slots.is_empty());
        assert_eq!(site.phones.len(), site.agents.len());
        for agent in site.agents.values() {
            assert_eq!(site.phones[&agent.phone].password, agent.password);
        }
        assert!(site.trunks.values().all(|trunk| trunk.out.targets.is_empty()));
        assert_eq!(site.numbering, Numbering::default());
        let codes = Codes::default();
        assert_eq!((site.codes.log_in, site.codes.transfer), (codes.log_in, codes.transfer));
    }
}

#[test]
fn the_bank_keeps_the_hours_its_prompt_tells() {
    let site = shipped("bank");
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let at = |date: &str, hour: u64| {
        let midnight = zone.start_of(date.parse().unwrap());
        let wall = midnight + std::time::Duration::from_secs(hour * 3600);
        site.flow.schedules["desk"].at(zone.civil(wall))
    };
    assert_eq!(at("2026-11-22", 7), Opening::Closed);
    assert_eq!(at("2026-11-22", 8), Opening::Open);
    assert_eq!(at("2026-11-22", 20), Opening::Closed);
    assert_eq!(at("2027-02-06", 10), Opening::Holiday);
}

#[test]
fn no_trunk_trusts_the_address_demo_phones_come_from() {
    for name in ["hospital", "bank"] {
        let site = shipped(name);
        let peers = site.trunks.values().flat_map(|trunk| &trunk.peers);
        assert!(peers.into_iter().all(|peer| *peer != site.sip.bind.ip()));
    }
}

#[test]
fn every_menu_fits_one_play_and_every_prompt_of_the_site_is_said() {
    for name in ["hospital", "bank"] {
        let site = shipped(name);
        let mut said: Vec<&str> = Vec::new();
        for node in site.flow.nodes.values() {
            let (Node::Menu { say, .. }
            | Node::Message { say, .. }
            | Node::Collect { say, .. }
            | Node::HangUp { say }) = node
            else {
                continue;
            };
            assert!(say.len() + 2 <= CLIPS_PER_PLAY_MAX);
            said.extend(say.iter().map(|say| say.prompt.as_str()));
        }
        for (_, id) in texts(&images().join("sites").join(name).join("prompts")) {
            assert!(said.contains(&id.as_str()), "{name}: nobody hears '{id}'");
        }
    }
}

#[test]
fn every_line_begins_with_the_greeting() {
    for name in ["hospital", "bank"] {
        let site = shipped(name);
        let greeting = MenuId::new("greeting");
        assert!(site.ports.values().all(|port| port.entry.default == greeting));
        assert!(site.trunks.values().all(|trunk| trunk.entry.default == greeting));
    }
}

#[test]
fn what_a_box_needs_is_among_its_own_texts() {
    let texts = texts(&images().join("prompts"));
    for lang in Lang::ALL {
        for id in site::needed(lang) {
            assert!(texts.contains(&(lang, id.as_str().to_owned())), "{id} has no text in {lang}");
        }
    }
}
