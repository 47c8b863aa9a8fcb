//! What numbers are, by the plans that are shipped.

use super::shanghai;
use crate::{EMERGENCY, Plan};
use model::Number;
use model::fact::Barred;
use model::site::{NumberForm, Numbering};
use proptest::prelude::*;

fn plan(name: &str, area: &str) -> Plan {
    Plan::new(&Numbering { area: area.to_owned(), ..site::plan(name).unwrap() })
}

/// Kind, E.164 and home form of what is dialled.
fn read(plan: &Plan, dialled: &str) -> Result<(String, String, String), Barred> {
    let reading = plan.read(dialled)?;
    let e164 = reading.e164.as_ref().map_or("", Number::reveal).to_owned();
    Ok((reading.kind.clone(), e164, reading.home.reveal().to_owned()))
}

fn is(plan: &Plan, dialled: &str, kind: &str, e164: &str, home: &str) {
    let expected = (kind.to_owned(), e164.to_owned(), home.to_owned());
    assert_eq!(read(plan, dialled), Ok(expected), "{dialled}");
}

#[test]
fn a_number_is_the_same_whichever_way_it_is_dialled() {
    let plan = Plan::new(&shanghai());
    for dialled in [
        "961234567",
        "9 6123-4567",
        "902161234567",
        "+862161234567",
        "9008621 61234567",
        "61234567",
    ] {
        is(&plan, dialled, "local", "+862161234567", "02161234567");
    }
    for dialled in [
        "913912345678",
        "9013912345678",
        "13912345678",
        "+86 139 1234 5678",
        "9+8613912345678",
        "900 86 13912345678",
    ] {
        is(&plan, dialled, "mobile", "+8613912345678", "13912345678");
    }
    for dialled in ["901061234567", "+861061234567"] {
        is(&plan, dialled, "national", "+861061234567", "01061234567");
    }
}

#[test]
fn kinds_of_china_cost_what_they_cost() {
    let plan = Plan::new(&shanghai());
    is(&plan, "995588", "service", "", "95588");
    is(&plan, "912345", "service", "", "12345");
    is(&plan, "94008000911", "shared", "+864008000911", "4008000911");
    is(&plan, "98008100000", "freephone", "+868008100000", "8008100000");
    is(&plan, "916812345", "premium", "", "16812345");
    is(&plan, "913491234567", "satellite", "+8613491234567", "13491234567");
    is(&plan, "900882161234567", "satellite", "+882161234567", "00882161234567");
    is(&plan, "90085223456789", "hk-mo-tw", "+85223456789", "0085223456789");
    is(&plan, "90012125551234", "international", "+12125551234", "0012125551234");
    is(&plan, "905718612345", "national", "+865718612345", "05718612345");
    is(&plan, "9057186123456", "national", "+8657186123456", "057186123456");
}

#[test]
fn ways_around_the_plan_lead_nowhere() {
    let plan = Plan::new(&shanghai());
    for dialled in [
        "9179090085223456789", // An IP carrier's prefix before a number abroad.
        "917951021612345",
        "90211681234567", // Another city's numbers that begin with 1.
        "+8616812345",    // Premium in the form of E.164 is no mobile.
        "9000012125551234",
        "9+0012125551234",
        "912",
        "9",
        "",
    ] {
        let reading = plan.read(dialled);
        let kind = reading.as_ref().map(|reading| reading.kind.as_str());
        assert!(
            matches!(kind, Err(Barred::UnknownKind | Barred::NoNumber) | Ok("premium")),
            "{dialled}: {kind:?}"
        );
    }
    for dialled in ["*72", "9*6713912345678", "9139;ext=1", "sip:9139", "9１３９", "9139,,1"] {
        assert_eq!(plan.read(dialled), Err(Barred::NoNumber), "{dialled}");
    }
}

#[test]
fn an_emergency_number_is_known_with_prefix_and_country_and_without() {
    let plan = Plan::new(&shanghai());
    for help in ["110", "119", "120", "122"] {
        for dialled in
            [help.to_owned(), format!("9{help}"), format!("9 {help}"), format!("+86{help}")]
        {
            is(&plan, &dialled, EMERGENCY, "", help);
            assert!(plan.is_emergency(&dialled) && plan.is_outside(&dialled));
        }
    }
    assert!(!plan.is_emergency("1101") && !plan.is_emergency("*110"));
}

#[test]
fn a_line_out_is_asked_for_by_its_prefix_or_a_plus() {
    let plan = Plan::new(&shanghai());
    assert!(plan.is_outside("913912345678") && plan.is_outside("+8613912345678"));
    assert!(!plan.is_outside("8001") && !plan.is_outside("9") && !plan.is_outside("*11"));
    let none = Plan::new(&Numbering { outside: String::new(), ..shanghai() });
    assert!(none.is_outside("13912345678") && !none.is_outside("8001"));
}

#[test]
fn incoming_numbers_are_one_customer_in_every_form() {
    let plan = Plan::new(&shanghai());
    let home = |given: &str, form| plan.home(&Number::new(given), form).reveal().to_owned();
    for form in [NumberForm::National, NumberForm::E164, NumberForm::E164WithoutPlus] {
        for given in ["+8613912345678", "013912345678", "8613912345678", "008613912345678"] {
            assert_eq!(home(given, form), "13912345678", "{given} {form:?}");
        }
        for given in ["+862161234567", "02161234567", "862161234567"] {
            assert_eq!(home(given, form), "02161234567", "{given} {form:?}");
        }
        assert_eq!(home("+12125551234", form), "0012125551234");
        for kept in ["", "95588", "anonymous", "110"] {
            assert_eq!(home(kept, form), kept);
        }
    }
    assert_eq!(home("13912345678", NumberForm::National), "13912345678");
    assert_eq!(home("61234567", NumberForm::National), "02161234567");
    // Where the carrier says that the country stands before every number, it is believed.
    assert_eq!(home("13105551234", NumberForm::E164WithoutPlus), "0013105551234");
}

#[test]
fn other_countries_are_read_by_their_own_rules() {
    let berlin = plan("germany", "30");
    is(&berlin, "030 1234567", "local", "+49301234567", "0301234567");
    is(&berlin, "089 1234567", "national", "+49891234567", "0891234567");
    is(&berlin, "0171 1234567", "mobile", "+491711234567", "01711234567");
    is(&berlin, "0900 123456", "premium", "+49900123456", "0900123456");
    is(&berlin, "+44 20 7946 0000", "international", "+442079460000", "00442079460000");
    assert_eq!(read(&berlin, "01013 0301234567"), Err(Barred::UnknownKind));
    let london = plan("united-kingdom", "20");
    is(&london, "07911 123456", "mobile", "+447911123456", "07911123456");
    is(&london, "070 1234 5678", "premium", "+447012345678", "07012345678");
    is(&london, "020 7946 0000", "local", "+442079460000", "02079460000");
    let boston = plan("united-states", "617");
    is(&boston, "1 212 555 1234", "national", "+12125551234", "2125551234");
    is(&boston, "1 809 555 1234", "international", "+18095551234", "8095551234");
    is(&boston, "809 555 1234", "international", "+18095551234", "8095551234");
    is(&boston, "1 900 555 1234", "premium", "+19005551234", "9005551234");
    is(&boston, "1 800 555 1234", "freephone", "+18005551234", "8005551234");
    is(&boston, "011 86 21 61234567", "international", "+862161234567", "011862161234567");
    is(&boston, "911", EMERGENCY, "", "911");
    let harbour = plan("hong-kong", "");
    is(&harbour, "91234567", "mobile", "+85291234567", "91234567");
    is(&harbour, "001 86 13912345678", "international", "+8613912345678", "0018613912345678");
    let island = plan("singapore", "");
    is(&island, "6123 4567", "local", "+6561234567", "61234567");
}

#[test]
fn without_a_plan_nothing_is_called_and_numbers_stay_as_they_are() {
    let plan = Plan::new(&Numbering::default());
    assert_eq!(plan.read("13912345678"), Err(Barred::UnknownKind));
    assert!(!plan.is_outside("13912345678") && !plan.is_emergency("110"));
    let given = Number::new("13912345678");
    assert_eq!(plan.home(&given, NumberForm::National), given);
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let names: Vec<&str> = site::plans().collect();
    let area = prop_oneof![Just(""), Just("10"), Just("21"), Just("571"), Just("30")];
    (prop::sample::select(names), area, prop_oneof![Just(""), Just("0"), Just("9")]).prop_map(
        |(name, area, outside)| {
            let plan = site::plan(name).unwrap();
            Plan::new(&Numbering { area: area.into(), outside: outside.into(), ..plan })
        },
    )
}

/// Digits as they are dialled, and anything else that a phone may send.
fn any_dialled() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{0,20}",
        "\\+[0-9]{0,18}",
        "9?0{0,2}(86|1|44|852)?[1-9][0-9]{4,11}",
        ".{0,40}",
        "[0-9+*# ()-]{0,40}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_dialled_string_panics_and_what_is_read_is_read_again(plan in any_plan(), dialled in any_dialled()) {
        let Ok(reading) = plan.read(&dialled) else { return Ok(()) };
        if let Some(e164) = &reading.e164 {
            // E.164 there and back: the number, its kind and its home form are the same.
            prop_assert_eq!(plan.read(e164.reveal()), Ok(reading.clone()));
            for form in [NumberForm::National, NumberForm::E164, NumberForm::E164WithoutPlus] {
                let written = reading.written(form);
                prop_assert_eq!(&plan.home(&written, form), &reading.home);
            }
            let digits = e164.reveal().trim_start_matches('+');
            prop_assert!((5..=15).contains(&digits.len()), "{}", digits);
        }
        prop_assert!(reading.home.reveal().bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn the_home_form_is_its_own_home_form(plan in any_plan(), given in any_dialled()) {
        let once = plan.home(&Number::new(given), NumberForm::National);
        prop_assert_eq!(plan.home(&once, NumberForm::National), once);
    }

    #[test]
    fn emergencies_are_told_from_everything_else(plan in any_plan(), dialled in any_dialled()) {
        let reading = plan.read(&dialled);
        prop_assert_eq!(plan.is_emergency(&dialled), reading.is_ok_and(|reading| reading.is_emergency()));
    }
}
