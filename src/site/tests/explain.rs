//! A site in plain words, in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::site::Lang;
use site::{PromptFiles, explain, load};
use std::path::Path;

fn explained(site: &str, lang: Lang) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(site);
    let text = std::fs::read_to_string(path).unwrap();
    explain(&load(&text, &PromptFiles::any()).unwrap().site, lang)
}

const HOSPITAL: &str = "../../images/sites/hospital/site.toml";

#[test]
fn a_small_site_reads_like_a_page() {
    let page = explained("tests/minimal.toml", Lang::En);
    let digest = page.split(['(', ')']).nth(1).unwrap().to_owned();
    assert_eq!(digest.len(), 12);
    assert_eq!(
        page.replace(&digest, "…"),
        "\
Corner Clinic (…)
Time zone Asia/Shanghai; Mandarin where nobody chose a language.
At most 200 calls at once, 4h a call, 1h a recording file.
0 numbers of callers who come first.

Lines
  port fxo-1: answers after 2 rings, begins at main
  desk phones register at 192.168.1.10:5060 (realm ringfence)

What callers hear
  whoever presses nothing for 30s goes to desk
  main: says main; * leads to main; 1 leads to desk; 2 leads to hours; says it again after 5s; 3 wrong keys lead to desk
  desk: waits in queue Desk (desk)
  hours: by schedule week: open leads to desk, closed to closed, a holiday to closed
  closed: says closed, then hangs up

Queues
  Desk (desk): skills general, 1 agents have them, priority 0; a phone rings 15s, rest after a call 15s; tells the place every 30s; with 50 waiting it takes no more

Agents
  8001 王芳: phone 8001, skills cardiology 5, general 5
  codes: *11 log in, *12 log out, *13 ready, *14 not ready, *15 end wrap-up
"
    );
}

#[test]
fn the_hospital_is_told_in_mandarin() {
    let page = explained(HOSPITAL, Lang::Zh);
    for line in [
        "端口 fxo-1：响铃 2 声后接听，进入 greeting",
        "30s 不按键，转到 general",
        "greeting: 播放 greeting (中文), greeting (英文)，然后到 language",
        "to-complaints: 进入排队 投诉与建议 (complaints)，标记为投诉",
        "results-card: 播放 results-card；收 4 至 12 位数字，以 # 结束，记为 results-card（保密，不记录不显示），然后到 results-thanks；错 3 次到 general",
        "8001 王芳：话机 8001，技能 appointments 9, complaints 5, pharmacy 5, results 7",
    ] {
        assert!(page.contains(line), "no line '{line}' in\n{page}");
    }
}

#[test]
fn nothing_secret_or_private_is_told() {
    for lang in Lang::ALL {
        let page = explained(HOSPITAL, lang);
        assert!(!page.contains("demo-8001-phone") && !page.contains("13800000001"));
        assert!(!page.contains("{}"), "a place was not filled:\n{page}");
    }
}

#[test]
fn phones_trunks_out_and_roles_are_told_without_a_secret() {
    let read = |name: &str| {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        std::fs::read_to_string(tests.join(name)).unwrap()
    };
    let more = format!("{}\n[port.fxo-1]", read("everything.toml"));
    let text = read("minimal.toml").replace("[port.fxo-1]", &more);
    let text = text.replace("password = \"correct horse\"", "role = \"desk\"\npin = \"2468\"");
    let site = load(&text, &PromptFiles::any()).unwrap().site;
    for lang in Lang::ALL {
        let page = explain(&site, lang);
        for secret in ["battery staple", "secret of the carrier", "2468", "{}"] {
            assert!(!page.contains(secret), "{page}");
        }
    }
    let page = explain(&site, Lang::En);
    for line in [
        "  also over TCP at 192.168.1.10:5060",
        "  also over TLS at 192.168.1.10:5061 with the certificate /etc/ringfence/box.pem, to clients with a certificate alone",
        "  encryption of sound is required: clear phones are refused",
        "  phones fetch their settings at https://192.168.1.10:8443, which they find by multicast",
        "  8001 Desk 1 (Yealink)",
        "  8101  (Other); alone it dials as desk",
        "  calls are parked at 701, 702, 703, for 2m at most",
        "  trunk carrier to TLS 203.0.113.7:5061, TCP [2001:db8::7]:5070, UDP 203.0.113.8:5060: numbers with + and country, shows 02160000000; answers challenges as 02160000000",
        "  country 86, area 21, a line out by 9",
        "  from every phone, whatever else is forbidden: 110, 119, 120, 122, 999",
        "  role desk dials local, mobile, +8621; calls a day 200, minutes a day any",
    ] {
        assert!(page.contains(&format!("{line}\n")), "no '{line}' in\n{page}");
    }
}

#[test]
fn every_node_is_told_once_in_the_order_a_caller_meets_it() {
    let page = explained(HOSPITAL, Lang::En);
    let at = |node: &str| {
        let found: Vec<usize> = page.match_indices(&format!("\n  {node}: ")).map(|m| m.0).collect();
        assert_eq!(found.len(), 1, "{node}");
        found[0]
    };
    let way = ["greeting", "language", "chinese", "notice", "hours", "main", "appointments"];
    assert!(way.is_sorted_by_key(|node| at(node)));
    at("sorry");
}

#[test]
fn the_example_of_the_readme_is_a_site() {
    let readme = include_str!("../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let loaded = load(example.unwrap(), &PromptFiles::any()).unwrap();
    // It shows a menu and a collect node that its own callers do not get to.
    let notes: Vec<&str> = loaded.notes.iter().map(|note| note.place.key.as_str()).collect();
    assert_eq!(notes, ["menu.main", "collect.card"]);
}

/// A key that only a table of the README knows would be checked by nothing.
#[test]
fn every_key_of_the_readmes_tables_is_in_its_example() {
    let readme = include_str!("../README.md");
    let (example, tables) = readme.split_once("```toml\n").unwrap().1.split_once("```").unwrap();
    let tables = tables.split("## In this crate").next().unwrap();
    let days = ["daily", "weekend", "monday", "sunday"];
    let mut keys = 0;
    for row in tables.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `[")) {
        let first = row.trim_start_matches("| ").split(" | ").next().unwrap();
        for key in first.split('`').skip(1).step_by(2) {
            let key = key.rsplit('.').next().unwrap();
            let said = example.lines().any(|line| {
                line.starts_with(&format!("{key} =")) || line.contains(&format!(" {key} ="))
            });
            let table = key == "NAME" && example.contains("[numbering.kinds]");
            assert!(said || table || days.contains(&key), "{key} is in no line of the example");
            keys += 1;
        }
    }
    assert!(keys > 120, "{keys}");
}

#[test]
fn what_the_readme_calls_default_is_the_default() {
    let readme = include_str!("../README.md");
    let example = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let whole = load(example, &PromptFiles::any()).unwrap().site;
    // All that a table calls default is left out.
    let left_out = [
        "languages =",
        "language = \"zh-CN\"\n\n[sip]",
        "realm =",
        "rtp-ports =",
        "register =",
        "calls =",
        "call =",
        "recording =",
        "law =",
        "answer-after-rings =",
        "receive-gain-db =",
        "transmit-gain-db =",
        "echo-ms =",
        "phone =",
        "priority =",
        "ring =",
        "wrap-up =",
        "announce-every =",
        "music =",
        "waiting =",
        "service-level =",
        "silence =",
        "wait =",
        "tries =",
        "name = \"card\"",
        "end =",
        "pause =",
        "complaint =",
        "log-in =",
        "log-out =",
        "ready =",
        "not-ready =",
        "wrap-up-end =",
        "reasons =",
        "holiday =",
        "session-timer =",
        "connections =",
        "requests =",
        "wrong-passwords =",
        "ban =",
        "multicast =",
        "codecs =",
        "caller-id =",
        "number-form =",
        "trusted = false",
        "options-every =",
        "expires =",
        "at-ceiling =",
        "country =",
        "international =",
        "national =",
        "minutes-a-day =",
        "calls-at-once =",
        "sees-numbers =",
        "picks-up-anywhere =",
        "auto-answer =",
        "hot-desk =",
        "longest =",
        "forward-after =",
        "callbacks =",
        "seat =",
        "pick-up =",
        "dnd-",
        "forward-",
        "call-waiting-",
        "missed =",
        "transfer =",
        "consult =",
        "swap =",
        "complete =",
        "conference =",
        "park =",
    ];
    let mut short: Vec<&str> = Vec::new();
    let mut gone = 0;
    for line in example.lines() {
        if left_out.iter().any(|key| line.starts_with(key)) {
            gone += 1;
        } else {
            short.push(line);
        }
    }
    assert!(gone > 75, "{gone}");
    let mut site = load(&short.join("\n"), &PromptFiles::any()).unwrap().site;
    site.digest.clone_from(&whole.digest);
    assert_eq!(site, whole);
}
