//! Trials of lines that are good, and of lines with one fault each: what is found, and what is advised.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::Card;
use board::sim::{Callers, SimCard};
use line::trial::{Advice, Findings, LASTS_MAX, Said, Settings, Trial, Way, advice};
use model::port::{Alarm, PortEvent, PortKind, PortOrder};
use model::site::{Lang, Tones};
use model::{Instant, Law};
use room::sounds;
use std::time::Duration;

const NUMBER: &str = "13800138000";

/// Somebody who answers, speaks for some seconds and hangs up in a way.
fn answers(more: &str) -> String {
    format!(
        "[[caller]]\ncalled = \"{NUMBER}\"\njitter = \"0s\"\n{more}\n\
         steps = [\"wait 3s\", \"say hello\", \"wait 2s\", \"say hello\", \"wait 1s\"]\n"
    )
}

fn card(script: &str) -> SimCard {
    let callers = Callers::parse(script, |_| Ok(sounds::speech(4, 4))).unwrap();
    SimCard::new(7, &[PortKind::Fxo], callers).unwrap()
}

fn gain(card: &mut SimCard, decibels: i16) {
    let tenths = decibels * 10;
    let order = PortOrder::Gain { receive_tenths_db: tenths, transmit_tenths_db: 0 };
    card.order(0, &order).unwrap();
}

/// Tries a line; gives what was found. It ends in its time, and the port is on hook then.
fn tried(card: &mut SimCard, tones: &Tones, way: Way) -> Findings {
    let mut trial = Trial::new(Instant::START, Law::A, tones, way);
    let mut ms = 0;
    loop {
        let now = Instant::from_millis(ms);
        assert!(now.since(Instant::START) <= LASTS_MAX + Duration::from_secs(1), "it never ends");
        card.tick(now);
        while let Some((_, event)) = card.event() {
            trial.event(now, event);
        }
        let mut block = [0; 160];
        card.read(0, &mut block).unwrap();
        if let Some(said) = trial.block(now, &block) {
            card.write(0, &said).unwrap();
        }
        let mut hung_up = false;
        while let Some(said) = trial.poll() {
            match said {
                Said::Port(order) => {
                    hung_up = order == PortOrder::Hook(model::port::Hook::On);
                    card.order(0, &order).unwrap();
                }
                Said::Over => {
                    assert!(hung_up, "the line is given back on hook");
                    return *trial.findings();
                }
            }
        }
        ms += 20;
    }
}

fn call(card: &mut SimCard) -> Findings {
    tried(card, &Tones::default(), Way::Call(NUMBER.into()))
}

/// The advice on a port of the card's own settings.
fn advised(findings: &Findings) -> Vec<Advice> {
    advice(findings, Settings { receive_gain_tenths_db: 0, echo_ms: 32 })
}

#[test]
fn a_good_line_needs_nothing() {
    let found = call(&mut card(&answers("")));
    assert!(found.dial_tone && found.ringback && found.answered, "{found:?}");
    let level = found.dial_dbm0.unwrap();
    assert!((-14.0..=-12.0).contains(&level), "the exchange's tones are at -13 dBm0: {level}");
    let voice = found.voice_dbm0.unwrap();
    assert!((-24.0..-12.0).contains(&voice), "who speaks does so at -18: {voice}");
    assert_eq!(advised(&found), [Advice::LevelGood, Advice::HangUpByTone]);
}

#[test]
fn a_line_that_is_too_quiet_or_too_loud_gets_the_gain_that_it_needs() {
    for (decibels, wanted) in [(-10, 130), (-6, 90), (9, -60), (12, -90)] {
        let mut card = card(&answers(""));
        gain(&mut card, decibels);
        let advice = advised(&call(&mut card));
        let tenths = advice.iter().find_map(|advice| match advice {
            Advice::TooQuiet(tenths) | Advice::TooLoud(tenths) => Some(*tenths),
            _ => None,
        });
        let wanted: i16 = i16::clamp(wanted, -120, 120);
        let near = tenths.is_some_and(|tenths| tenths.abs_diff(wanted) <= 10);
        assert!(near, "{decibels} dB: {advice:?}, not {wanted}");
    }
}

#[test]
fn a_noisy_line_is_told_with_its_noise() {
    let advice = advised(&call(&mut card(&answers("noise-dbm0 = -38"))));
    let noise = advice.iter().find_map(|advice| match advice {
        Advice::Noisy(level) => Some(*level),
        _ => None,
    });
    assert!(noise.is_some_and(|level| (-41..=-36).contains(&level)), "{advice:?}");
}

#[test]
fn an_echo_is_measured_under_the_far_sides_voice() {
    let found = call(&mut card(&answers("")).echoing(9.0));
    let loss = found.echo_loss_db.unwrap();
    assert!((8.0..=10.5).contains(&loss), "{loss}");
    assert!(advised(&found).iter().any(|advice| matches!(advice, Advice::Echo(_))));
    let weak = call(&mut card(&answers("")).echoing(30.0));
    assert!(!advised(&weak).iter().any(|advice| matches!(advice, Advice::Echo(_))), "{weak:?}");
}

#[test]
fn every_way_to_tell_a_hang_up_is_seen_and_none_too() {
    let ways = [
        ("hang-up = \"busy-tone\"", Advice::HangUpByTone),
        ("hang-up = \"congestion-tone\"", Advice::HangUpByTone),
        ("hang-up = \"on-hook\"", Advice::HangUpByCurrent),
        ("hang-up = \"polarity\"", Advice::HangUpByPolarity),
    ];
    for (more, wanted) in ways {
        let found = call(&mut card(&answers(more)));
        assert!(advised(&found).contains(&wanted), "{more}: {found:?}");
    }
    // A line that tells nothing is as quiet as one whose far side stays.
    let script = answers("").replace("\"wait 1s\"]", "\"wait 90s\"]");
    let found = call(&mut card(&script));
    assert!(advised(&found).contains(&Advice::NoHangUp), "{found:?}");
    let all = call(&mut card(&answers("hang-up = [\"polarity\", \"busy-tone\"]")));
    let advice = advised(&all);
    assert!(advice.contains(&Advice::HangUpByPolarity) && advice.contains(&Advice::HangUpByTone));
}

#[test]
fn an_answer_by_reversal_is_seen() {
    let found = call(&mut card(&answers("reverse-on-answer = true")));
    assert!(advised(&found).contains(&Advice::AnswerByPolarity), "{found:?}");
}

#[test]
fn a_number_that_is_busy_and_one_that_nobody_answers_are_told() {
    let busy = call(&mut card(&answers("meets = \"busy\"")));
    assert!(advised(&busy).contains(&Advice::Refused), "{busy:?}");
    let nobody = call(&mut card(&answers("meets = \"nobody\"")));
    assert!(nobody.ringback && advised(&nobody).contains(&Advice::Unanswered), "{nobody:?}");
}

#[test]
fn an_exchange_of_another_country_is_told() {
    let script = answers("");
    let callers = Callers::parse(&script, |_| Ok(sounds::speech(4, 4))).unwrap();
    let abroad = site::tones_of("united-states").unwrap();
    let mut card = SimCard::new(7, &[PortKind::Fxo], callers).unwrap().in_country(&abroad);
    let found = call(&mut card);
    assert!(advised(&found).contains(&Advice::StrangeDialTone), "{found:?}");
}

#[test]
fn a_line_without_battery_is_told_and_let_go() {
    let mut card = card(&answers(""));
    let mut trial = Trial::new(Instant::START, Law::A, &Tones::default(), Way::Call(NUMBER.into()));
    let alarm = PortEvent::Alarm { alarm: Alarm::NoBattery, raised: true };
    card.tick(Instant::START);
    trial.event(Instant::from_millis(500), alarm);
    assert_eq!(advised(trial.findings()), [Advice::NoBattery]);
    assert_eq!(std::iter::from_fn(|| trial.poll()).last(), Some(Said::Over));
}

#[test]
fn a_call_that_is_waited_for_tells_the_callers_number_and_its_level() {
    let kinds = [
        ("fsk-bell202", Advice::CallerKnown),
        ("fsk-v23", Advice::CallerKnown),
        ("dtmf", Advice::CallerKnown),
        ("dtmf-before-ring", Advice::CallerAnnounced),
        ("none", Advice::CallerUnknown),
    ];
    for (kind, wanted) in kinds {
        let script = format!(
            "[[caller]]\nnumber = \"{NUMBER}\"\ncaller-id = \"{kind}\"\nat = \"2s\"\n\
             steps = [\"wait 3s\", \"say hello\", \"wait 2s\"]\n"
        );
        let found = tried(&mut card(&script), &Tones::default(), Way::Await);
        let advice = advised(&found);
        assert!(advice.contains(&wanted), "{kind}: {found:?}");
        assert!(advice.contains(&Advice::HangUpByTone), "{kind}: {found:?}");
        if wanted != Advice::CallerUnknown {
            let level = found.caller_dbm0.unwrap();
            assert!((-19.0..-8.0).contains(&level), "{kind}: {level}");
        }
    }
    let nobody = tried(&mut card(&answers("")), &Tones::default(), Way::Await);
    assert_eq!(advised(&nobody), [Advice::NobodyCalled]);
}

#[test]
fn advice_is_told_in_both_languages() {
    let words = Advice::TooQuiet(85);
    assert!(words.words(Lang::Zh).contains("receive-gain-db 设为 8.5"));
    assert!(words.words(Lang::En).contains("receive-gain-db to 8.5"));
}
