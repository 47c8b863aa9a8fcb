//! Calls out as they happen.

use super::{Box, CEILING, fixed, nurse, on, route, site, trunk, with};
use crate::{ASKS_MAX, Input, Output, Spent, Who};
use model::fact::Barred;
use model::site::{AtCeiling, CallerId, Ceiling, NumberForm, Rights, Role, TrunkOut};
use model::time::Zone;
use model::{Cause, Fact, Number, WallTime};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_call_out_takes_the_first_trunk_in_its_form() {
    let mut house = Box::new(site());
    let (ask, said) = house.dial(nurse(), "9+86 139 1234 5678");
    assert_eq!(route(&said), ("first", "13912345678", "02160000003"));
    assert!(house.tell(Input::Answered { ask }).is_empty());
    house.wait(MINUTE);
    assert!(house.tell(Input::Ended { ask }).is_empty());
    assert!(house.dialling.is_empty());
    let dialled = Fact::Dialled {
        call: None,
        agent: Some("8001".into()),
        phone: Some("8001".into()),
        trunk: "first".into(),
        number: Number::new("+8613912345678"),
        kind: "mobile".into(),
        attempt: 1,
    };
    let ended = Fact::DialledEnded {
        call: None,
        agent: Some("8001".into()),
        phone: Some("8001".into()),
        talked_ms: 60_000,
        emergency: false,
    };
    assert_eq!(house.facts, [dialled, ended]);
}

#[test]
fn a_trunk_that_fails_is_followed_by_the_next_in_its_own_form() {
    let mut house = Box::new(site());
    let (ask, _) = house.dial(nurse(), "961234567");
    house.wait(Duration::from_secs(4));
    let said = house.tell(Input::Failed { ask, cause: Cause::Unreachable });
    assert_eq!(route(&said[0]), ("second", "+862161234567", "+862160000003"));
    let said = house.tell(Input::Failed { ask, cause: Cause::Congestion });
    assert_eq!(said, [Output::Failed { ask, cause: Cause::Congestion }]);
    assert_eq!(house.dialling.counters().failovers, 1);
    assert!(house.dialling.is_empty());
}

#[test]
fn what_the_far_side_says_is_no_reason_for_another_trunk() {
    for cause in [
        Cause::Busy,
        Cause::NoAnswer,
        Cause::Declined,
        Cause::NotFound,
        Cause::Forbidden,
        Cause::NotAcceptable,
        Cause::Cancelled,
    ] {
        let mut house = Box::new(site());
        let (ask, _) = house.dial(nurse(), "961234567");
        let said = house.tell(Input::Failed { ask, cause });
        assert_eq!(said, [Output::Failed { ask, cause }]);
    }
}

#[test]
fn a_trunk_that_only_says_it_tries_is_followed_by_the_next() {
    let mut house = Box::new(site());
    let (ask, _) = house.dial(nurse(), "961234567");
    house.wait(TrunkOut::SILENCE_MAX + TrunkOut::TRYING_MAX);
    let said = house.tell(Input::Failed { ask, cause: Cause::Unreachable });
    assert_eq!(route(&said[0]).0, "second");
}

#[test]
fn no_further_trunk_is_tried_when_the_caller_waited_long() {
    let mut house = Box::new(site());
    let (ask, _) = house.dial(nurse(), "961234567");
    house.wait(crate::ROUTE_TIME_MAX);
    let said = house.tell(Input::Failed { ask, cause: Cause::Unreachable });
    assert_eq!(said, [Output::Failed { ask, cause: Cause::Unreachable }]);
}

#[test]
fn a_trunk_that_is_down_is_tried_last_and_its_change_is_a_fact_once() {
    let mut house = Box::new(site());
    for _ in 0..2 {
        let why = "no answer".to_owned();
        house.tell(Input::TrunkHealth { trunk: "first".into(), up: false, why });
    }
    assert_eq!(house.facts.len(), 1);
    let (ask, said) = house.dial(nurse(), "961234567");
    assert_eq!(route(&said).0, "second");
    let said = house.tell(Input::Failed { ask, cause: Cause::Failure });
    assert_eq!(route(&said[0]).0, "first");
    house.tell(Input::Ended { ask });
    house.tell(Input::TrunkHealth { trunk: "first".into(), up: true, why: String::new() });
    assert_eq!(route(&house.dial(nurse(), "961234567").1).0, "first");
}

#[test]
fn a_full_trunk_is_passed_over_and_calls_that_came_in_fill_it_too() {
    let mut house = Box::new(with(|site| {
        site.trunks.insert("first".into(), trunk(1, 2, NumberForm::National));
        site.trunks.insert("second".into(), trunk(2, 1, NumberForm::National));
    }));
    house.tell(Input::Incoming { trunk: "first".into(), calls: 1 });
    let (first, said) = house.dial(nurse(), "961234567");
    assert_eq!(route(&said).0, "first");
    assert_eq!(route(&house.dial(nurse(), "961234567").1).0, "second");
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::NoTrunk));
    house.tell(Input::Ended { ask: first });
    assert_eq!(house.dialling.trunk(&"first".into()), (true, 1));
    assert_eq!(house.dialling.trunk(&"second".into()), (true, 1));
}

#[test]
fn only_what_the_role_allows_is_called() {
    let mut house = Box::new(with(|site| {
        let own = site.roles.entry("desk".into()).or_default();
        (own.calls_a_day, own.minutes_a_day) = (None, None);
    }));
    let desk = |house: &mut Box, dialled| house.barred(nurse(), dialled);
    assert_eq!(desk(&mut house, "913912345678"), None);
    assert_eq!(desk(&mut house, "90012125551234"), Some(Barred::NotAllowed));
    assert_eq!(desk(&mut house, "9168123"), Some(Barred::NotAllowed));
    // Of Germany Berlin alone, by a beginning of its own.
    assert_eq!(desk(&mut house, "90049301234567"), None);
    assert_eq!(desk(&mut house, "90049891234567"), Some(Barred::NotAllowed));
    assert_eq!(desk(&mut house, "9*72"), Some(Barred::NoNumber));
    assert_eq!(desk(&mut house, "9170"), Some(Barred::UnknownKind));
    let nobody = Who { phone: Some("8101".into()), ..Who::default() };
    assert_eq!(house.barred(nobody.clone(), "961234567"), Some(Barred::NoRole));
    let lost = Who { role: Some("gone".into()), ..nobody };
    assert_eq!(house.barred(lost, "961234567"), Some(Barred::NoRole));
    assert_eq!(house.dialling.counters().barred, 7);
    let barred = house.facts.iter().filter(|fact| matches!(fact, Fact::DialBarred { .. }));
    assert_eq!(barred.count(), 7);
}

#[test]
fn the_fourth_call_of_a_day_is_refused_with_one_alarm_and_the_next_day_is_new() {
    let mut house = Box::new(site());
    for _ in 0..3 {
        assert_eq!(house.barred(nurse(), "961234567"), None);
    }
    for _ in 0..2 {
        assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::CallsADay));
    }
    let alarm = Fact::CeilingReached {
        agent: Some("8001".into()),
        phone: Some("8001".into()),
        why: Barred::CallsADay,
    };
    assert_eq!(house.facts.iter().filter(|fact| **fact == alarm).count(), 1);
    let other = Who { agent: Some("8002".into()), ..nurse() };
    assert_eq!(house.barred(other, "961234567"), None);
    house.wait(Duration::from_secs(12 * 3600));
    assert_eq!(house.barred(nurse(), "961234567"), None);
}

#[test]
fn minutes_count_while_a_call_runs_and_the_running_call_goes_on() {
    let mut house = Box::new(site());
    let (ask, _) = house.dial(nurse(), "961234567");
    house.wait(20 * MINUTE);
    house.tell(Input::Answered { ask });
    house.wait(9 * MINUTE);
    assert_eq!(house.barred(nurse(), "961234567"), None);
    house.wait(MINUTE);
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::MinutesADay));
    assert_eq!(house.dialling.len(), 1);
    house.tell(Input::Ended { ask });
    assert_eq!(house.dialling.spent().agent(&"8001".into()).talked_ms, 10 * 60_000);
}

#[test]
fn a_phone_nobody_sits_at_pays_for_itself_and_everybody_for_the_site() {
    let mut house = Box::new(with(|site| site.numbering.ceiling = CEILING));
    let phone = Who { agent: None, ..nurse() };
    for who in [&phone, &phone, &phone] {
        assert_eq!(house.barred(who.clone(), "961234567"), None);
    }
    assert_eq!(house.barred(phone, "961234567"), Some(Barred::CallsADay));
    assert_eq!(house.barred(nurse(), "961234567"), None);
    assert_eq!(house.barred(nurse(), "961234567"), None);
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::SiteCallsADay));
    let alarm = Fact::CeilingReached { agent: None, phone: None, why: Barred::SiteCallsADay };
    assert!(house.facts.contains(&alarm));
}

#[test]
fn what_was_used_is_known_again_after_a_restart() {
    let mut house = Box::new(site());
    for _ in 0..3 {
        let (ask, _) = house.dial(nurse(), "961234567");
        house.tell(Input::Answered { ask });
        house.wait(MINUTE);
        house.tell(Input::Ended { ask });
    }
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::CallsADay));
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let fold = |at: WallTime| {
        let mut spent = Spent::default();
        house.facts.iter().for_each(|fact| spent.fold(&zone, at, fact));
        spent
    };
    assert_eq!(&fold(super::NOON), house.dialling.spent());
    let mut again = Box::with(site(), fold(super::NOON));
    assert_eq!(again.barred(nurse(), "961234567"), Some(Barred::CallsADay));
    // The alarm was raised today already.
    assert!(!again.facts.iter().any(|fact| matches!(fact, Fact::CeilingReached { .. })));
    let yesterday = WallTime(super::NOON.0 - 86_400_000);
    let mut next = Box::with(site(), fold(yesterday));
    assert_eq!(next.barred(nurse(), "961234567"), None);
}

#[test]
fn help_is_called_by_anybody_over_every_trunk_in_turn() {
    let mut house = Box::new(with(|site| {
        site.trunks.insert("full".into(), trunk(0, 1, NumberForm::E164WithoutPlus));
        site.roles.insert("desk".into(), Role { calls_a_day: Some(0), ..Role::default() });
    }));
    house.tell(Input::Incoming { trunk: "full".into(), calls: 1 });
    house.tell(Input::TrunkHealth { trunk: "first".into(), up: false, why: "x".into() });
    house.tell(Input::Drain);
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::Draining));
    for who in [Who::default(), nurse(), Who { role: Some("gone".into()), ..Who::default() }] {
        let (ask, said) = house.dial(who, "120");
        assert_eq!(route(&said), ("second", "120", "+862160000000"));
        assert!(matches!(said, Output::Route { emergency: true, .. }));
        house.wait(Duration::from_secs(20));
        let said = house.tell(Input::Failed { ask, cause: Cause::NotFound });
        assert_eq!(route(&said[0]), ("first", "120", "02160000000"));
        let said = house.tell(Input::Failed { ask, cause: Cause::Busy });
        assert_eq!(route(&said[0]), ("full", "120", "862160000000"));
        let said = house.tell(Input::Failed { ask, cause: Cause::Unreachable });
        assert_eq!(said, [Output::Failed { ask, cause: Cause::Unreachable }]);
    }
    assert_eq!(house.dialling.counters().emergencies, 3);
    assert_eq!(house.dialling.spent().site().calls, 0);
    let (ask, _) = house.dial(nurse(), "9110");
    let said = house.tell(Input::Failed { ask, cause: Cause::Cancelled });
    assert_eq!(said, [Output::Failed { ask, cause: Cause::Cancelled }]);
}

#[test]
fn help_finds_a_place_among_too_many_calls() {
    let mut house = Box::new(with(|site| {
        site.trunks.insert("first".into(), trunk(1, 2000, NumberForm::National));
        let role = Role { dial: ["local".to_owned()].into(), ..Role::default() };
        site.roles.insert("desk".into(), role);
    }));
    for _ in 0..ASKS_MAX {
        house.dial(nurse(), "961234567");
    }
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::TooMany));
    assert_eq!(route(&house.dial(nurse(), "120").1).1, "120");
}

#[test]
fn the_number_shown_is_the_agents_the_trunks_or_none() {
    let mut site = site();
    let agent = model::site::Agent {
        name: "王芳".into(),
        phone: "8001".into(),
        password: model::Secret::default(),
        lang: model::site::Lang::Zh,
        skills: Default::default(),
        rights: Rights { shown: Some(Number::new("60008001")), ..Rights::default() },
    };
    site.agents.insert("8001".into(), agent);
    let shown = |caller_id: CallerId, who: Who, dialled: &str| {
        let mut site = site.clone();
        let first = site.trunks.get_mut(&"first".into()).unwrap();
        first.out.caller_id = caller_id;
        first.out.form = NumberForm::E164;
        route(&Box::new(site).dial(who, dialled).1).2.to_owned()
    };
    let other = || Who { agent: Some("8002".into()), ..nurse() };
    assert_eq!(shown(CallerId::Agent, nurse(), "961234567"), "+862160008001");
    assert_eq!(shown(CallerId::Agent, other(), "961234567"), "+862160000003");
    assert_eq!(shown(fixed("4008000911"), nurse(), "961234567"), "+864008000911");
    assert_eq!(shown(CallerId::Withheld, nurse(), "961234567"), "");
    // Who needs help is found again.
    for caller_id in [CallerId::Agent, fixed("4008000911"), CallerId::Withheld] {
        assert_eq!(shown(caller_id, nurse(), "120"), "+862160000000");
    }
}

#[test]
fn customers_and_numbers_of_the_house_are_known_in_every_form() {
    let house = Box::new(site());
    let vip =
        |trunk: &str, number: &str| house.dialling.is_vip(on(trunk).as_ref(), &Number::new(number));
    for number in ["13800000001", "+8613800000001", "013800000001", "8613800000001"] {
        assert!(vip("first", number) && vip("second", number), "{number}");
    }
    assert!(vip("first", "02160000120") && vip("first", "60000120"));
    assert!(!vip("first", "13800000002") && !vip("first", ""));
    let entry = |dialled| house.dialling.entry(&"second".into(), dialled).unwrap();
    for dialled in ["02160000003", "+862160000003", "862160000003", "60000003"] {
        assert_eq!(entry(dialled).as_str(), "desk", "{dialled}");
    }
    assert_eq!(entry("+862160000004").as_str(), "main");
    assert_eq!(house.dialling.entry(&"gone".into(), "1"), None);
}

#[test]
fn what_fits_no_call_is_counted_and_ignored() {
    let mut house = Box::new(site());
    let (ask, _) = house.dial(nurse(), "961234567");
    let dialled = "961234567".to_owned();
    assert_eq!(house.tell(Input::Asked { ask, call: None, who: nurse(), dialled }), []);
    for input in [
        Input::Answered { ask: 99 },
        Input::Ended { ask: 99 },
        Input::Failed { ask: 99, cause: Cause::Busy },
    ] {
        assert_eq!(house.tell(input), []);
    }
    house.tell(Input::TrunkHealth { trunk: "gone".into(), up: false, why: String::new() });
    assert_eq!(house.dialling.counters().stray, 4);
    assert_eq!(house.dialling.len(), 1);
}

/// What is said by the time that has passed, beside facts.
fn said(house: &mut Box) -> Vec<Output> {
    let mut said = Vec::new();
    while let Some(output) = house.dialling.poll() {
        match output {
            Output::Fact(fact) => house.facts.push(fact),
            output => said.push(output),
        }
    }
    said
}

#[test]
fn two_calls_at_once_use_two_minutes_a_minute_and_are_warned_and_cut_in_time() {
    let mut house = Box::new(with(|site| site.numbering.at_ceiling = AtCeiling::Cut));
    let asks: Vec<u64> = (0..2).map(|_| house.dial(nurse(), "961234567").0).collect();
    for &ask in &asks {
        house.tell(Input::Answered { ask });
    }
    let (first, _) = house.dialling.deadline().unwrap();
    assert_eq!(first, house.now + 4 * MINUTE, "10 minutes between two, and a minute before");
    house.wait(4 * MINUTE);
    assert_eq!(said(&mut house), [Output::Warn { ask: asks[0] }, Output::Warn { ask: asks[1] }]);
    // One hangs up: the other has what is left, and is told again when that ends.
    house.tell(Input::Ended { ask: asks[0] });
    assert_eq!(house.dialling.deadline().unwrap().0, house.now + MINUTE);
    house.wait(MINUTE);
    assert_eq!(said(&mut house), [Output::Warn { ask: asks[1] }]);
    house.wait(MINUTE);
    assert_eq!(said(&mut house), [Output::Cut { ask: asks[1] }]);
    assert!(house.facts.iter().any(|fact| matches!(fact, Fact::CeilingReached { .. })));
    assert_eq!(house.dialling.deadline(), None);
    assert_eq!(house.barred(nurse(), "961234567"), Some(Barred::MinutesADay));
}

#[test]
fn an_emergency_uses_no_minutes_and_is_neither_warned_nor_cut() {
    let mut house = Box::new(with(|site| {
        site.numbering.at_ceiling = AtCeiling::Cut;
        site.numbering.ceiling = Ceiling { calls: None, minutes: Some(1) };
    }));
    let (ask, _) = house.dial(nurse(), "110");
    house.tell(Input::Answered { ask });
    assert_eq!(house.dialling.deadline(), None);
    house.wait(60 * MINUTE);
    assert_eq!(said(&mut house), []);
}

#[test]
fn a_role_has_so_many_calls_at_once_over_each_trunk_and_help_always_more() {
    let mut house = Box::new(with(|site| {
        let role = site.roles.get_mut(&"desk".into()).unwrap();
        (role.calls_at_once, role.calls_a_day) = (Some(2), None);
    }));
    let other = |n: u8| {
        let agent = Some(model::AgentId::new(&format!("80{n:02}")));
        Who { agent, ..nurse() }
    };
    let trunks: Vec<String> =
        (0..4).map(|n| route(&house.dial(other(n), "961234567").1).0.to_owned()).collect();
    assert_eq!(trunks, ["first", "first", "second", "second"]);
    assert_eq!(house.barred(other(9), "961234567"), Some(Barred::CallsAtOnce));
    assert_eq!(route(&house.dial(other(9), "110").1).0, "first");
    house.tell(Input::Ended { ask: 1 });
    assert_eq!(route(&house.dial(other(9), "961234567").1).0, "first", "one hung up");
}
