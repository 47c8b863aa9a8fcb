//! What holds whatever is dialled, whoever dials, and whatever becomes of it.

use super::{Box, nurse, site, trunk};
use crate::{EMERGENCY, Input, Output, Plan, Who};
use model::fact::Barred;
use model::site::{NumberForm, Role, Site};
use model::{Cause, Fact};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const CAUSES: [Cause; 6] = [
    Cause::Unreachable,
    Cause::Congestion,
    Cause::Busy,
    Cause::NotFound,
    Cause::Cancelled,
    Cause::Failure,
];

#[derive(Clone, Debug)]
enum Op {
    Dial { who: u8, dialled: String },
    Fail { ask: u64, cause: usize },
    Answer { ask: u64 },
    End { ask: u64 },
    Health { trunk: u8, up: bool },
    Incoming { trunk: u8, calls: u16 },
    Wait { minutes: u64 },
    Site { outside: bool },
    Drain,
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "110", "9120", "+86119", "122", "961234567", "913912345678", "90085223456789",
            "90012125551234", "9168123", "995588", "8001", "*11", "+8613491234567", "",
        ]).prop_map(str::to_owned),
        1 => "[0-9+*]{0,16}",
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..5u8, number()).prop_map(|(who, dialled)| Op::Dial { who, dialled }),
        4 => (1..60u64, 0..CAUSES.len()).prop_map(|(ask, cause)| Op::Fail { ask, cause }),
        2 => (1..60u64).prop_map(|ask| Op::Answer { ask }),
        2 => (1..60u64).prop_map(|ask| Op::End { ask }),
        1 => (0..4u8, any::<bool>()).prop_map(|(trunk, up)| Op::Health { trunk, up }),
        1 => (0..4u8, 0..4u16).prop_map(|(trunk, calls)| Op::Incoming { trunk, calls }),
        1 => (0..600u64).prop_map(|minutes| Op::Wait { minutes }),
        1 => any::<bool>().prop_map(|outside| Op::Site { outside }),
        1 => Just(Op::Drain),
    ]
}

fn who(n: u8) -> Who {
    match n {
        0 => nurse(),
        1 => Who { agent: Some("8002".into()), phone: None, role: Some("wide".into()) },
        2 => Who { agent: None, phone: Some("8101".into()), role: Some("none".into()) },
        3 => Who { agent: Some("8003".into()), phone: None, role: Some("gone".into()) },
        _ => Who::default(),
    }
}

fn name(n: u8) -> model::TrunkId {
    format!("t{n}").as_str().into()
}

fn house() -> Site {
    let mut site = site();
    site.trunks = (0..3u8).map(|n| (name(n), trunk(u16::from(n), 2, NumberForm::E164))).collect();
    let wide = ["local", "mobile", "international", "service"].map(str::to_owned).into();
    site.roles.insert("wide".into(), Role { dial: wide, ..Role::default() });
    site.roles.insert("none".into(), Role::default());
    site
}

/// Whether a role of the house may dial what a reading is, by the words of the site alone.
fn permitted(site: &Site, who: &Who, dialled: &str) -> bool {
    let Ok(reading) = Plan::new(&site.numbering).read(dialled) else { return false };
    let Some(role) = who.role.as_ref().and_then(|role| site.roles.get(role)) else { return false };
    let e164 = reading.e164.as_ref().map_or("", |number| number.reveal());
    role.dial.contains(&reading.kind) || role.also.iter().any(|also| e164.starts_with(also))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn help_always_goes_and_what_is_forbidden_never_does(ops in prop::collection::vec(op(), 1..120)) {
        let mut site = house();
        let mut house = Box::new(site.clone());
        let mut open = std::collections::BTreeMap::new();
        for op in ops {
            match op {
                Op::Dial { who: n, dialled } => {
                    let (ask, said) = house.dial(who(n), &dialled);
                    let help = Plan::new(&site.numbering).is_emergency(&dialled);
                    match said {
                        Output::Route { emergency, trunk, .. } => {
                            prop_assert_eq!(emergency, help);
                            prop_assert!(help || permitted(&site, &who(n), &dialled), "{}", dialled);
                            open.insert(ask, vec![trunk]);
                        }
                        Output::Refused { why, .. } => {
                            prop_assert!(!help, "{dialled} was refused: {why:?}");
                            let listed = permitted(&site, &who(n), &dialled);
                            let by_plan = matches!(
                                why,
                                Barred::NoNumber | Barred::UnknownKind | Barred::NoRole | Barred::NotAllowed
                            );
                            prop_assert!(listed != by_plan || why == Barred::Draining);
                        }
                        said => prop_assert!(false, "{:?}", said),
                    }
                }
                Op::Fail { ask, cause } => {
                    for said in house.tell(Input::Failed { ask, cause: CAUSES[cause] }) {
                        match said {
                            Output::Route { ask, trunk, .. } => {
                                let tried = open.get_mut(&ask).unwrap();
                                prop_assert!(!tried.contains(&trunk), "a trunk was tried twice");
                                tried.push(trunk);
                            }
                            Output::Failed { ask, .. } => _ = open.remove(&ask),
                            said => prop_assert!(false, "{:?}", said),
                        }
                    }
                }
                Op::Answer { ask } => _ = house.tell(Input::Answered { ask }),
                Op::End { ask } => {
                    house.tell(Input::Ended { ask });
                    open.remove(&ask);
                }
                Op::Health { trunk, up } => {
                    let (trunk, why) = (name(trunk), String::new());
                    house.tell(Input::TrunkHealth { trunk, up, why });
                }
                Op::Incoming { trunk, calls } => {
                    house.tell(Input::Incoming { trunk: name(trunk), calls });
                }
                Op::Wait { minutes } => house.wait(Duration::from_secs(minutes * 60)),
                Op::Site { outside } => {
                    site.numbering.outside = if outside { "9" } else { "" }.to_owned();
                    house.tell(Input::Site(Arc::new(site.clone())));
                }
                Op::Drain => _ = house.tell(Input::Drain),
            }
            prop_assert_eq!(house.dialling.len(), open.len());
        }
        // Everybody hangs up: nothing stays taken, and every call that took a trunk ended once.
        for ask in open.keys() {
            house.tell(Input::Ended { ask: *ask });
        }
        prop_assert!(house.dialling.is_empty());
        for n in 0..3 {
            house.tell(Input::Incoming { trunk: name(n), calls: 0 });
            prop_assert_eq!(house.dialling.trunk(&name(n)).1, 0);
        }
        let count = |wanted: fn(&&Fact) -> bool| house.facts.iter().filter(wanted).count();
        let began = count(|fact| matches!(fact, Fact::Dialled { attempt: 1, .. }));
        prop_assert_eq!(began, count(|fact| matches!(fact, Fact::DialledEnded { .. })));
        let told = |fact: &&Fact| matches!(fact, Fact::Dialled { kind, number, .. }
            if kind == EMERGENCY && !site.numbering.emergency.contains(number.reveal()));
        prop_assert_eq!(house.facts.iter().filter(told).count(), 0);
    }
}
