//! What the tests of the journal share: a real seal, a folder, and facts in numbers.
#![allow(dead_code, clippy::unwrap_used)] // each test file takes what it needs

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use journal::Journal;
use model::fact::{AgentState, Chosen, OfferWhy, Party};
use model::port::Alarm;
use model::seal::Seal;
use model::site::{Lang, Marks};
use model::*;
use std::path::Path;
use std::sync::Arc;

/// AES-256-GCM-SIV, as the vault's, without the vault.
pub struct TestSeal(LessSafeKey);

impl Seal for TestSeal {
    fn seal(&self, context: &[u8], number: u64, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        let mut sealed = plain.to_vec();
        let place = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(place, Aad::from(context), &mut sealed).unwrap();
        sealed.extend_from_slice(&nonce);
        sealed
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (text, nonce) = sealed.split_last_chunk::<12>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        Some(self.0.open_in_place(nonce, Aad::from(context), &mut text).ok()?.to_vec())
    }
}

pub fn seal(key: u8) -> Arc<dyn Seal> {
    let key = UnboundKey::new(&AES_256_GCM_SIV, &[key; 32]).unwrap();
    Arc::new(TestSeal(LessSafeKey::new(key)))
}

pub fn open(dir: &Path) -> Journal {
    Journal::open(dir, seal(1)).unwrap()
}

pub const CALLER: &str = "13912345678";

/// A moment of a working day, `ms` after nine.
pub fn at(ms: i64) -> WallTime {
    WallTime(1_795_050_000_000 + ms)
}

pub fn visit(call: u64) -> VisitId {
    VisitId { call: CallId(call), no: 1 }
}

pub fn arrived(call: u64) -> Fact {
    Fact::CallArrived {
        call: CallId(call),
        via: Via::Port("fxo-1".into()),
        caller: Number::new(CALLER),
        name: PersonName::new("王小明"),
        dialled: String::new(),
        vip: false,
    }
}

/// One call's facts in the order a box tells them.
pub fn story(call: u64) -> Vec<Fact> {
    let visit = visit(call);
    let recording = RecordingId { call: CallId(call), part: 1 };
    let agent = AgentId::new("8001");
    let queue = QueueId::new("outpatient");
    let menu = MenuId::new("main");
    let marks = Marks::default();
    vec![
        arrived(call),
        Fact::CallAnswered { call: CallId(call) },
        Fact::RecordingStarted { recording },
        Fact::VisitOpened { visit, lang: Lang::Zh },
        Fact::MenuEntered { visit, menu: menu.clone() },
        Fact::MenuLeft { visit, menu, chosen: Chosen::Key(Digit::new('1').unwrap()) },
        Fact::Queued { visit, queue: queue.clone(), marks, lang: Lang::Zh },
        Fact::Announced { visit, position: 1 },
        Fact::Offered { visit, agent: agent.clone(), why: why(marks) },
        Fact::AgentChanged { agent: agent.clone(), state: AgentState::Ringing { visit } },
        Fact::Connected { visit, queue, agent: agent.clone(), waited_ms: 12_000 },
        Fact::AgentChanged { agent: agent.clone(), state: AgentState::Talking { visit } },
        Fact::Released { visit, agent: agent.clone(), talked_ms: 60_000 },
        Fact::AgentChanged { agent: agent.clone(), state: AgentState::WrapUp { visit } },
        Fact::VisitEnded { visit },
        Fact::CallEnded { call: CallId(call), by: Party::Caller, cause: Cause::Normal },
        Fact::RecordingEnded { recording, ms: 73_000 },
        Fact::AgentChanged { agent, state: AgentState::Ready },
    ]
}

fn why(marks: Marks) -> OfferWhy {
    OfferWhy {
        priority: 5,
        marks,
        waited_ms: 11_000,
        waiting: 2,
        skills: vec!["registration".into()],
        fit: 1,
        idle_ms: 40_000,
        attempt: 1,
    }
}

/// A fact out of a number: any variant, over few calls and agents, in any order.
pub fn any_fact(n: u64) -> Fact {
    let call = 1 + n / 64 % 5;
    let mut facts = story(call);
    let visit = VisitId { call: CallId(call), no: (1 + n / 512 % 2) as u16 };
    let queue = QueueId::new("outpatient");
    facts.extend([
        Fact::CallRefused { call: CallId(call), cause: Cause::Congestion },
        Fact::Abandoned { visit, queue: queue.clone(), waited_ms: n },
        Fact::Overflowed { visit, queue: queue.clone(), to: "bye".into(), waited_ms: n },
        Fact::TurnedAway { visit, queue },
        Fact::RecordingMissed { call: CallId(call), ms: n, why: "disk".into() },
        Fact::AgentChanged {
            agent: if n.is_multiple_of(2) { "8001" } else { "8002" }.into(),
            state: AgentState::NotReady { reason: "lunch".into() },
        },
        Fact::PortAlarm { port: "fxo-1".into(), alarm: Alarm::NoBattery, raised: true },
        Fact::BoxStopped,
        Fact::Held { visit },
        Fact::SiteApplied { site_digest: "d".into() },
    ]);
    let pick = (n % 64) as usize % facts.len();
    facts.swap_remove(pick)
}

/// Facts with times a second apart.
pub fn timed(facts: Vec<Fact>, from_ms: i64) -> Vec<(WallTime, Fact)> {
    facts.into_iter().enumerate().map(|(i, fact)| (at(from_ms + 1000 * i as i64), fact)).collect()
}

/// Every fact of a journal.
pub fn all(journal: &Journal) -> Vec<Entry> {
    journal.entries(1).collect::<Result<_, _>>().unwrap()
}

/// Asserts that a check finds nothing, and that folding the facts in memory gives the rows that
/// the journal keeps.
pub fn assert_sound(journal: &Journal) {
    let report = journal.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.facts, journal.last_seq());
    let views = journal::Views::of(&all(journal));
    let reader = journal.reader();
    let calls = reader.calls(CallId(0)..=CallId(u64::MAX)).collect::<Result<_, _>>().unwrap();
    let stored = journal::Views {
        calls: journal::CallsView(calls),
        phones: reader.phones().unwrap(),
        agents: reader.agents().unwrap(),
        owed: reader.owed().unwrap(),
        hours: reader.hours().unwrap(),
        counters: reader.counters().unwrap(),
    };
    assert_eq!(stored, views);
    assert_eq!(stored.bytes(), views.bytes());
    assert_eq!(journal.agents(), &views.agents);
    assert_eq!(journal.counters(), &views.counters);
}
