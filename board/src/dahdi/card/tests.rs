use super::super::gain::Gain;
use super::super::info::Signalling;
use super::pretended::Cards;
use super::*;
use model::port::PortKind;

fn fxo(channel: u16) -> Wanted {
    Wanted::analogue(channel, PortKind::Fxo, Law::A)
}

fn bearer(channel: u16) -> Wanted {
    Wanted { signalling: Signalling::Bearer, ..fxo(channel) }
}

/// A card, its ticks and the events it told.
struct Bench {
    cards: Cards,
    card: DahdiCard<Cards>,
    now: Instant,
}

impl Bench {
    fn new(cards: Cards, wanted: &[Wanted]) -> Self {
        let now = Instant::START;
        let card = DahdiCard::new(cards.clone(), now, wanted);
        Self { cards, card, now }
    }

    fn told(&mut self) -> Vec<(usize, PortEvent)> {
        std::iter::from_fn(|| self.card.event()).collect()
    }

    /// So many ticks, as the media thread makes them, and what was told in them.
    fn ticks(&mut self, ticks: u32) -> Vec<(usize, PortEvent)> {
        let mut told = Vec::new();
        for _ in 0..ticks {
            self.now = self.now + Duration::from_millis(20);
            self.card.tick(self.now);
            told.extend(self.told());
            for port in 0..self.card.ports() {
                let mut block = [0; BLOCK];
                self.card.read(port, &mut block).expect("a port of the card");
            }
        }
        told
    }
}

fn alarm(alarm: Alarm, raised: bool) -> PortEvent {
    PortEvent::Alarm { alarm, raised }
}

const SECOND: u32 = 50;

#[test]
fn events_of_the_driver_come_as_the_houses_own() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo), (2, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1), fxo(2)]);
    assert_eq!(bench.told(), []);
    for number in [18, 2, 17, 10, 12, 3, 1] {
        bench.cards.happens(2, Happened::of(number));
    }
    let told: Vec<PortEvent> = bench
        .ticks(2)
        .into_iter()
        .map(|(port, event)| {
            assert_eq!(port, 1);
            event
        })
        .collect();
    let wanted = [
        PortEvent::RingBegin,
        PortEvent::RingOffHook,
        PortEvent::Polarity,
        PortEvent::HookComplete,
        PortEvent::Flash,
        PortEvent::OnHook,
    ];
    assert_eq!(told, wanted);
}

#[test]
fn an_event_that_comes_between_tick_and_read_costs_no_sound() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.cards.happens(1, Happened::Port(PortEvent::OnHook));
    bench.cards.with(1, |line| line.says.push_back(vec![7; BLOCK]));
    let mut block = [0; BLOCK];
    assert_eq!(bench.card.read(0, &mut block), Ok(true));
    assert_eq!(block, [7; BLOCK]);
    assert_eq!(bench.told(), [(0, PortEvent::OnHook)]);
    bench.cards.happens(1, Happened::Port(PortEvent::Polarity));
    assert_eq!(bench.card.write(0, &[9; BLOCK]), Ok(()));
    assert_eq!(bench.cards.with(1, |line| line.heard.clone()), [9]);
    assert_eq!(bench.told(), [(0, PortEvent::Polarity)]);
}

#[test]
fn a_line_whose_plug_is_drawn_raises_no_battery_at_once_and_clears_it() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.cards.with(1, |line| line.info.pretend_alarms(1 << 3));
    bench.cards.happens(1, Happened::Alarm);
    assert_eq!(bench.ticks(1), [(0, alarm(Alarm::NoBattery, true))]);
    assert_eq!(bench.ticks(3 * SECOND), []);
    bench.cards.with(1, |line| line.info.pretend_alarms(0));
    bench.cards.happens(1, Happened::Alarm);
    assert_eq!(bench.ticks(1), [(0, alarm(Alarm::NoBattery, false))]);
}

/// The driver tells that alarms began and ended, not that one became another.
#[test]
fn an_alarm_of_a_span_that_changes_without_an_event_is_seen_within_two_seconds() {
    let cards = Cards::new(&[(1, 1, Signalling::Bearer), (2, 1, Signalling::Bearer)]);
    let mut bench = Bench::new(cards, &[bearer(1), bearer(2)]);
    let set = |bench: &Bench, bits| {
        for channel in [1, 2] {
            bench.cards.with(channel, |line| line.span_alarms = bits);
        }
    };
    set(&bench, 1 << 3 | 1 << 8);
    let both = |one| [(0, one), (1, one)];
    assert_eq!(sorted(bench.ticks(2 * SECOND)), both(alarm(Alarm::Red, true)));
    set(&bench, 1 << 4);
    let told = bench.ticks(2 * SECOND);
    assert_eq!(told.len(), 4);
    assert!(told.contains(&(0, alarm(Alarm::Red, false))));
    assert!(told.contains(&(1, alarm(Alarm::Blue, true))));
    set(&bench, 1 << 3 | 1 << 9);
    let told = bench.ticks(2 * SECOND);
    assert!(told.contains(&(1, alarm(Alarm::LossOfFrame, true))), "{told:?}");
    assert!(!told.contains(&(1, alarm(Alarm::Red, true))), "{told:?}");
}

fn sorted(mut told: Vec<(usize, PortEvent)>) -> Vec<(usize, PortEvent)> {
    told.sort_by_key(|(port, _)| *port);
    told
}

/// A call on a channel that is gone sleeps 5 ms in the kernel: 30 of them would cost seven ticks.
#[test]
fn a_drawn_card_is_closed_whole_by_the_first_channel_that_tells() {
    let channels: Vec<_> = (1..=30).map(|channel| (channel, 1, Signalling::Bearer)).collect();
    let cards = Cards::new(&channels);
    cards.put(31, 2, Signalling::Fxo);
    let mut wanted: Vec<_> = (1..=30).map(bearer).collect();
    wanted.push(fxo(31));
    let mut bench = Bench::new(cards, &wanted);
    for channel in 1..=30 {
        bench.cards.with(channel, |line| line.drawn = true);
    }
    let told = bench.ticks(1);
    assert_eq!(told.len(), 30);
    assert!(told.iter().all(|(_, event)| *event == alarm(Alarm::CardGone, true)));
    let vain: u32 =
        (1..=30).map(|channel| bench.cards.with(channel, |line| line.asked_in_vain)).sum();
    assert_eq!(vain, 1);
    assert!((1..=30).all(|channel| bench.cards.with(channel, |line| !line.open)));
    assert!(bench.cards.with(31, |line| line.open), "the other card goes on");
}

#[test]
fn a_box_that_is_out_of_files_keeps_its_calls() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.cards.with(1, |line| line.no_file = true);
    assert_eq!(bench.ticks(3 * SECOND), []);
    assert!(bench.cards.with(1, |line| line.open));
}

#[test]
fn a_driver_that_was_loaded_anew_is_taken_up_within_two_seconds() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo), (2, 1, Signalling::Fxo)]);
    let gain = Gain { receive_tenths_db: 30, transmit_tenths_db: -20 };
    let mut bench = Bench::new(cards, &[Wanted { gain, ..fxo(1) }, fxo(2)]);
    bench.cards.happens(1, Happened::Removed);
    for channel in [1, 2] {
        bench.cards.with(channel, |line| line.drawn = channel == 2);
    }
    let told = bench.ticks(1);
    assert_eq!(told, [(0, alarm(Alarm::CardGone, true)), (1, alarm(Alarm::CardGone, true))]);
    assert_eq!(bench.ticks(SECOND / 2), [], "it is not tried in every tick");
    bench.cards.with(2, |line| line.drawn = false);
    let told = sorted(bench.ticks(2 * SECOND));
    assert_eq!(told, [(0, alarm(Alarm::CardGone, false)), (1, alarm(Alarm::CardGone, false))]);
    assert_eq!(bench.cards.with(1, |line| line.setup.expect("opened").gain), gain);
    bench.cards.happens(2, Happened::Port(PortEvent::RingBegin));
    assert_eq!(bench.ticks(1), [(1, PortEvent::RingBegin)]);
}

#[test]
fn a_channel_of_another_kind_is_not_opened_and_healed_by_another_configuration() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxs)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    assert_eq!(bench.told(), [(0, alarm(Alarm::Misfit, true))]);
    let differences = bench.card.differences();
    assert!(differences[0].1.to_string().contains("faces a telephone"), "{differences:?}");
    assert!(bench.cards.with(1, |line| !line.open));
    bench.cards.with(1, |line| line.info.signalling = Signalling::Fxo);
    assert_eq!(bench.ticks(2 * SECOND), [(0, alarm(Alarm::Misfit, false))]);
    assert_eq!(bench.card.differences(), []);
}

#[test]
fn a_box_without_cards_has_its_ports_in_alarm_and_runs_on() {
    let mut bench = Bench::new(Cards::default(), &[fxo(1), fxo(2)]);
    let wanted = [(0, alarm(Alarm::CardGone, true)), (1, alarm(Alarm::CardGone, true))];
    assert_eq!(bench.told(), wanted);
    assert_eq!(bench.ticks(3 * SECOND), []);
    assert_eq!(bench.card.write(0, &[0; BLOCK]), Ok(()));
    let order = PortOrder::Hook(Hook::Off);
    assert_eq!(bench.card.order(0, &order), Err(CardError::Gone));
    assert_eq!(bench.card.order(2, &order), Err(CardError::NoPort(2)));
}

/// The driver takes a block for the end of a dial string that is on its way.
#[test]
fn nothing_is_said_to_a_line_while_its_digits_are_sent() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.card.order(0, &PortOrder::Hook(Hook::Off)).expect("off hook");
    bench.card.write(0, &[1; BLOCK]).expect("before");
    bench.card.order(0, &PortOrder::Pulse("W10086".into())).expect("dialled");
    bench.card.write(0, &[2; BLOCK]).expect("while");
    bench.ticks(SECOND);
    bench.card.write(0, &[3; BLOCK]).expect("while");
    bench.cards.happens(1, Happened::Port(PortEvent::DialComplete));
    assert_eq!(bench.ticks(1), [(0, PortEvent::DialComplete)]);
    bench.card.write(0, &[4; BLOCK]).expect("after");
    let (heard, dialled) = bench.cards.with(1, |line| (line.heard.clone(), line.dialled.clone()));
    assert_eq!(heard, [1, 4]);
    assert_eq!(dialled, [("W10086".to_owned(), true)]);
}

#[test]
fn a_dial_string_whose_end_is_not_told_mutes_the_line_for_a_second_at_most() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.card.order(0, &PortOrder::Dial("1".into())).expect("dialled");
    bench.cards.with(1, |line| line.dialling = false);
    bench.ticks(SECOND);
    bench.card.write(0, &[4; BLOCK]).expect("after");
    assert_eq!(bench.cards.with(1, |line| line.heard.clone()), [4]);
}

#[test]
fn the_echo_canceller_is_on_while_a_call_is() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo), (2, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[Wanted { echo_taps: 256, ..fxo(1) }, fxo(2)]);
    for port in [0, 1] {
        for hook in [Hook::Off, Hook::Flash, Hook::On] {
            bench.card.order(port, &PortOrder::Hook(hook)).expect("done");
        }
    }
    assert_eq!(bench.cards.with(1, |line| line.echo.clone()), [256, 0]);
    assert_eq!(bench.cards.with(2, |line| line.echo.clone()), []);
    assert_eq!(bench.cards.with(2, |line| line.hooks.clone()), [Hook::Off, Hook::Flash, Hook::On]);
}

#[test]
fn a_block_for_which_the_driver_has_no_room_is_counted_and_one_too_short_is_filled() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1)]);
    bench.cards.with(1, |line| line.no_room = true);
    bench.card.write(0, &[4; BLOCK]).expect("taken");
    bench.cards.with(1, |line| line.says.push_back(vec![7; 100]));
    let mut block = [0; BLOCK];
    assert_eq!(bench.card.read(0, &mut block), Ok(true));
    assert_eq!((block[99], block[100]), (7, Law::A.silence()));
    assert_eq!(bench.card.lost(), Lost { blocks: 1, odd: 1, ..Lost::default() });
}

#[test]
fn the_drivers_files_that_are_missing_or_another_drivers_are_refused_in_words() {
    let dir = tempfile::tempdir().expect("a folder");
    let kernel = super::super::Kernel::new(dir.path());
    let said = |kernel: &super::super::Kernel| survey(kernel, &[fxo(1)])[0].1.to_string();
    assert!(said(&kernel).starts_with("no card's driver is loaded"), "{}", said(&kernel));
    std::fs::write(dir.path().join("ctl"), "").expect("a file");
    assert_eq!(said(&kernel), "channel 1 does not open: error 25");
    let mut card = DahdiCard::new(kernel, Instant::START, &[fxo(1)]);
    assert_eq!(card.event(), Some((0, alarm(Alarm::CardGone, true))));
}

#[test]
fn a_telephone_on_its_hook_is_sent_sound_and_has_its_lamp_lit() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxs)]);
    let mut bench = Bench::new(cards, &[Wanted::analogue(1, PortKind::Fxs, Law::A)]);
    for order in [PortOrder::SoundOnHook { ms: 700 }, PortOrder::Lamp(3)] {
        bench.card.order(0, &order).expect("done");
    }
    let told = bench.cards.with(1, |line| (line.on_hook_ms.clone(), line.messages));
    assert_eq!(told, (vec![700], 3));
}

/// The driver takes battery off a telephone's line for 0.8 s as it hangs up, and rings nobody meanwhile.
#[test]
fn a_hook_that_is_busy_is_tried_again_until_it_is_done_or_something_else_is_ordered() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxs)]);
    let mut bench = Bench::new(cards, &[Wanted::analogue(1, PortKind::Fxs, Law::A)]);
    bench.cards.with(1, |line| line.busy = 40);
    bench.card.order(0, &PortOrder::Hook(Hook::Ring)).expect("later");
    bench.ticks(SECOND);
    assert_eq!(bench.cards.with(1, |line| line.hooks.clone()), [Hook::Ring]);
    bench.cards.with(1, |line| line.busy = 10);
    for hook in [Hook::Ring, Hook::On] {
        bench.card.order(0, &PortOrder::Hook(hook)).expect("later");
    }
    bench.ticks(SECOND);
    assert_eq!(bench.cards.with(1, |line| line.hooks.clone()), [Hook::Ring, Hook::On]);
    bench.cards.with(1, |line| line.busy = 1000);
    bench.card.order(0, &PortOrder::Hook(Hook::Off)).expect("later");
    bench.ticks(4 * SECOND);
    let left = bench.cards.with(1, |line| line.busy);
    assert!((850..950).contains(&left), "it is not tried for ever: {left}");
    assert_eq!(bench.card.lost().hooks, 1);
}

#[test]
fn a_card_that_gives_no_sound_any_more_is_told_within_two_seconds_and_so_is_its_return() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxo), (2, 2, Signalling::Fxo)]);
    let mut bench = Bench::new(cards, &[fxo(1), fxo(2)]);
    assert_eq!(bench.ticks(3 * SECOND), []);
    bench.cards.with(1, |line| line.still = true);
    assert_eq!(bench.ticks(2 * SECOND + 1), [(0, alarm(Alarm::CardGone, true))]);
    assert_eq!(bench.ticks(3 * SECOND), []);
    bench.cards.with(1, |line| line.still = false);
    assert_eq!(bench.ticks(SECOND + 1), [(0, alarm(Alarm::CardGone, false))]);
}

/// It tells a change of the hook, and nobody was there when it changed.
#[test]
fn a_telephone_that_is_off_its_hook_as_the_box_begins_is_told() {
    let cards = Cards::new(&[(1, 1, Signalling::Fxs), (2, 1, Signalling::Fxs)]);
    cards.with(2, |line| line.info.off_hook = true);
    let fxs = |channel| Wanted::analogue(channel, PortKind::Fxs, Law::A);
    let mut bench = Bench::new(cards, &[fxs(1), fxs(2)]);
    assert_eq!(bench.told(), [(0, PortEvent::OnHook), (1, PortEvent::RingOffHook)]);
    bench.cards.happens(2, Happened::Removed);
    bench.ticks(1);
    bench.cards.with(2, |line| line.info.off_hook = false);
    let told = bench.ticks(2 * SECOND);
    let back = [(1, alarm(Alarm::CardGone, false)), (1, PortEvent::OnHook)];
    assert!(told.windows(2).any(|two| two == back), "{told:?}");
}

#[test]
fn the_echo_of_a_b_channel_is_cancelled_while_a_call_is_on_it() {
    let cards = Cards::new(&[(1, 1, Signalling::Bearer), (2, 1, Signalling::Bearer)]);
    let mut bench = Bench::new(cards, &[Wanted { echo_taps: 256, ..bearer(1) }, bearer(2)]);
    for port in [0, 1] {
        for talks in [true, false] {
            bench.card.order(port, &PortOrder::Talk(talks)).expect("done");
        }
    }
    assert_eq!(bench.cards.with(1, |line| line.echo.clone()), [256, 0]);
    assert_eq!(bench.cards.with(2, |line| line.echo.clone()), []);
    assert_eq!(bench.cards.with(1, |line| line.hooks.clone()), [], "it has no hook");
}
