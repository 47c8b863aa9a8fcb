//! Screens by keys typed and text drawn.
//!
//! Golden text lies in `tests/golden`; `BLESS=1 cargo test -p tui` writes it anew, to be read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sample;

use control::{HeadsetWish, Lang, Snapshot, Supervising};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::path::Path;
use std::time::Duration;
use tui::theme::Theme;
use tui::{Connection, Effect, Model, Msg, News, Trouble, View, draw, update};

fn console(lang: Lang, size: (u16, u16), shown: Snapshot) -> Model {
    let mut model = Model::new(lang, Theme::new(true), "/run/ringfence/control.sock");
    update(&mut model, Msg::Size(size.0, size.1));
    update(&mut model, Msg::News(News::Snapshot(Box::new(shown))));
    model
}

fn key(model: &mut Model, code: KeyCode) -> Option<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn type_keys(model: &mut Model, keys: &str) {
    for sign in keys.chars() {
        assert_eq!(key(model, KeyCode::Char(sign)), None, "{sign}");
    }
}

/// What a terminal of the model's size shows.
fn screen(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
    terminal.draw(|frame| draw(model, frame)).unwrap();
    tui::draw::text_of(terminal.backend().buffer())
}

fn golden(name: &str, text: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: read the difference, then BLESS=1");
}

#[test]
fn every_view_is_drawn_as_its_golden_text_in_both_languages_and_sizes() {
    for (lang, tag) in [(Lang::Zh, "zh-CN"), (Lang::En, "en")] {
        for size in [(80, 24), (120, 40)] {
            let mut model = console(lang, size, sample::hospital(0));
            let views = ["overview", "queues", "agents", "calls", "lines", "alarms", "counters"];
            for (view, number) in views.iter().zip('1'..) {
                type_keys(&mut model, &number.to_string());
                golden(&format!("{view}-{tag}-{}x{}", size.0, size.1), &screen(&model));
            }
            type_keys(&mut model, "1?");
            golden(&format!("help-{tag}-{}x{}", size.0, size.1), &screen(&model));
        }
    }
}

#[test]
fn every_line_is_as_wide_as_the_terminal_at_most_and_as_many_as_it_is_high() {
    for (lang, size) in [(Lang::Zh, (80, 20)), (Lang::En, (80, 20)), (Lang::Zh, (203, 61))] {
        for shown in [sample::hospital(0), sample::crowd(), Snapshot::default()] {
            let mut model = console(lang, size, shown);
            for number in '1'..='7' {
                type_keys(&mut model, &number.to_string());
                let text = screen(&model);
                assert_eq!(text.lines().count(), usize::from(size.1));
                for line in text.lines() {
                    assert!(tui::text::width(line) <= size.0, "{line}");
                }
            }
        }
    }
}

#[test]
fn columns_stand_under_their_heads_whatever_the_width_of_the_names() {
    let mut shown = sample::hospital(0);
    for (agent, name) in
        shown.agents.iter_mut().zip(["王", "Wang", "欧阳静怡", "ab王cd", "é", "ｗ", ""])
    {
        agent.name = name.into();
        agent.state = "ready".into();
        agent.phone_up = true;
    }
    let mut model = console(Lang::Zh, (80, 24), shown);
    type_keys(&mut model, "3");
    let text = screen(&model);
    let starts: Vec<u16> = text
        .lines()
        .skip(1)
        .take(8)
        .filter_map(|line| Some(tui::text::width(line.split_once("示闲").map(|(left, _)| left)?)))
        .collect();
    assert_eq!(starts.len(), 7, "{text}");
    assert!(starts.iter().all(|start| Some(start) == starts.first()), "{starts:?}\n{text}");
}

#[test]
fn a_late_queue_is_marked_by_a_sign_and_not_by_colour_alone() {
    let model = console(Lang::En, (80, 24), sample::hospital(0));
    let text = screen(&model);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("Appointments").contains("!0:41"));
    assert!(line("Test results").contains(" 0:12"));
}

#[test]
fn l_changes_the_language_of_the_screen_at_once() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    assert!(screen(&model).contains("First People's Hospital"));
    type_keys(&mut model, "l");
    assert!(screen(&model).contains("市第一人民医院"));
    assert!(!screen(&model).contains("wrap-up"));
    type_keys(&mut model, "l");
    assert!(screen(&model).contains("wrap-up"));
}

#[test]
fn tab_goes_through_every_view_and_back() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    for view in View::ALL.into_iter().cycle().skip(1).take(7) {
        key(&mut model, KeyCode::Tab);
        assert_eq!(model.view, view);
    }
    key(&mut model, KeyCode::BackTab);
    assert_eq!(model.view, View::Counters);
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Overview);
}

#[test]
fn five_hundred_calls_scroll_to_their_end_and_the_selection_stays_in_sight() {
    let mut model = console(Lang::En, (80, 24), sample::crowd());
    type_keys(&mut model, "4");
    assert!(screen(&model).contains("00000001"));
    assert!(!screen(&model).contains("00000500"));
    for _ in 0..40 {
        key(&mut model, KeyCode::PageDown);
        let selected = format!("{:08}", model.cursor().index + 1);
        assert!(screen(&model).matches(&selected).count() >= 2, "row and detail of {selected}");
    }
    assert!(screen(&model).contains("00000500"));
    assert!(screen(&model).contains("/ 500"));
    key(&mut model, KeyCode::Home);
    assert_eq!(model.cursor().index, 0);
    key(&mut model, KeyCode::End);
    key(&mut model, KeyCode::Up);
    assert_eq!(model.cursor().index, 498);
}

#[test]
fn the_overview_of_a_crowd_says_how_many_it_does_not_show() {
    let model = console(Lang::En, (80, 24), sample::crowd());
    let text = screen(&model);
    for (of, press) in
        [("/ 30", "press 2"), ("/ 200", "press 3"), ("/ 40", "press 5"), ("/ 500", "press 4")]
    {
        assert!(text.contains(&format!("{of}  {press}")), "{of} {press}\n{text}");
    }
}

#[test]
fn the_selection_stays_with_its_call_while_others_come_and_go() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    type_keys(&mut model, "4jj");
    assert!(screen(&model).lines().nth(22).unwrap().starts_with("00000044"));
    let mut next = sample::hospital(1);
    next.calls.remove(0);
    update(&mut model, Msg::News(News::Snapshot(Box::new(next.clone()))));
    assert!(screen(&model).lines().nth(22).unwrap().starts_with("00000044"));
    next.calls.remove(1);
    update(&mut model, Msg::News(News::Snapshot(Box::new(next))));
    assert_eq!(model.cursor().index, 1, "its place is kept when it is gone");
}

#[test]
fn a_call_that_is_not_heard_says_so_and_how_it_sounds_where_it_is_selected() {
    for (lang, why) in
        [(Lang::En, "not heard since the talk began"), (Lang::Zh, "接通后听不到声音")]
    {
        let mut model = console(lang, (120, 40), sample::hospital(0));
        type_keys(&mut model, "4");
        assert!(!screen(&model).contains(why));
        key(&mut model, KeyCode::End);
        let text = screen(&model);
        assert!(text.contains(why) && text.contains("MOS 3.12"), "{text}");
    }
}

#[test]
fn s_puts_the_longest_first_and_equal_ones_stay_in_order() {
    let mut shown = sample::hospital(0);
    shown.calls.reverse();
    for call in &mut shown.calls {
        call.state_ms = if call.call.ends_with('6') { 90_000 } else { 5_000 };
    }
    let mut model = console(Lang::En, (80, 24), shown);
    let order = |model: &Model| -> Vec<String> {
        let shown = model.snapshot.as_ref().unwrap();
        shown.calls.iter().map(|call| call.call.trim_start_matches('0').to_owned()).collect()
    };
    assert_eq!(order(&model), ["42", "43", "44", "45", "46", "47"]);
    type_keys(&mut model, "s");
    assert_eq!(order(&model), ["46", "42", "43", "44", "45", "47"]);
    type_keys(&mut model, "s");
    assert_eq!(order(&model), ["42", "43", "44", "45", "46", "47"]);
}

#[test]
fn keys_at_an_agent_have_the_headset_in_their_talk_and_the_answer_stands_a_while() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    assert_eq!(key(&mut model, KeyCode::Char('m')), None, "no agent is selected elsewhere");
    type_keys(&mut model, "3j");
    let agents = &model.snapshot.as_ref().unwrap().agents;
    let agent = agents[model.cursor().index].agent.clone();
    let ways = [
        ('m', Supervising::Listen),
        ('w', Supervising::Whisper),
        ('b', Supervising::Barge),
        ('t', Supervising::TakeOver),
    ];
    for (sign, how) in ways {
        let wish = HeadsetWish::Supervise { agent: agent.clone(), how };
        assert_eq!(key(&mut model, KeyCode::Char(sign)), Some(Effect::Ask(wish)));
    }
    let hung_up = key(&mut model, KeyCode::Char('h'));
    assert_eq!(hung_up, Some(Effect::Ask(HeadsetWish::HangUp)));
    update(&mut model, Msg::Asked(Ok(())));
    assert!(screen(&model).contains("headset: done"));
    let said = Trouble::Said("the headset of phone 8090 is not \u{1b}[2Jthere".into());
    update(&mut model, Msg::Asked(Err(said)));
    let last = screen(&model).lines().last().unwrap().to_owned();
    assert!(last.starts_with("the box says: the headset of phone 8090"), "{last}");
    assert!(!last.contains('\u{1b}'), "{last}");
    update(&mut model, Msg::Tick(Duration::from_secs(6)));
    assert!(screen(&model).contains("q quit"), "the keys are back");
}

#[test]
fn q_and_ctrl_c_quit_from_every_view_and_from_help() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    for keys in ["1", "4", "7", "?"] {
        type_keys(&mut model, keys);
        assert_eq!(key(&mut model, KeyCode::Char('q')), Some(Effect::Quit));
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(update(&mut model, Msg::Key(control_c)), Some(Effect::Quit));
    }
}

#[test]
fn help_shows_how_to_attach_a_softphone_and_hides_a_real_sites_password() {
    let mut shown = sample::hospital(0);
    let mut model = console(Lang::En, (80, 24), shown.clone());
    type_keys(&mut model, "?");
    let text = screen(&model);
    for part in [
        "127.0.0.1:5060",
        "UDP",
        "ringfence",
        "8001 8002",
        "ringfence-demo",
        "*11",
        "log in",
        "*15",
        "end wrap-up",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    shown.phone_help.demo_password = None;
    update(&mut model, Msg::News(News::Snapshot(Box::new(shown))));
    assert!(!screen(&model).contains("ringfence-demo"));
    assert!(screen(&model).contains("site.toml"));
}

#[test]
fn help_of_a_site_with_many_agents_scrolls_to_its_last_line() {
    let mut shown = sample::hospital(0);
    shown.phone_help.accounts = (8000..8200).map(|number| number.to_string()).collect();
    let mut model = console(Lang::En, (80, 24), shown);
    type_keys(&mut model, "?");
    assert!(!screen(&model).contains("Then answer"));
    key(&mut model, KeyCode::End);
    assert!(screen(&model).lines().any(|line| line.contains("Then answer")));
    key(&mut model, KeyCode::Home);
    assert!(screen(&model).contains("127.0.0.1:5060"));
}

#[test]
fn a_box_never_reached_is_said_with_its_socket_and_what_to_do() {
    let mut model = Model::new(Lang::En, Theme::new(true), "/run/ringfence/control.sock");
    update(&mut model, Msg::Tick(Duration::from_secs(2)));
    update(&mut model, Msg::News(News::Down(Trouble::Absent)));
    update(&mut model, Msg::Tick(Duration::from_secs(14)));
    update(&mut model, Msg::News(News::Down(Trouble::Refused)));
    golden("never-reached-en-80x24", &screen(&model));
    assert!(screen(&model).contains("box not reachable for 0:12, trying"));
    type_keys(&mut model, "l");
    golden("never-reached-zh-CN-80x24", &screen(&model));
}

#[test]
fn a_box_that_went_away_leaves_its_last_state_dimmed_under_a_banner() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    update(&mut model, Msg::Tick(Duration::from_secs(10)));
    update(&mut model, Msg::News(News::Down(Trouble::Closed)));
    update(&mut model, Msg::Tick(Duration::from_secs(17)));
    let text = screen(&model);
    assert!(text.contains("box not reachable since 09:30:00 (0:07), trying"), "{text}");
    assert!(text.contains("Appointments"));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(&model, frame)).unwrap();
    let dim = ratatui::style::Modifier::DIM;
    let buffer = terminal.backend().buffer();
    assert!((2..22).all(|y| buffer.cell((0, y)).unwrap().modifier.contains(dim)));
    update(&mut model, Msg::News(News::Snapshot(Box::new(sample::hospital(20)))));
    assert_eq!(model.connection, Connection::Up);
    assert!(!screen(&model).contains("not reachable"));
}

#[test]
fn a_box_of_another_protocol_is_said_clearly_in_both_languages() {
    let mut model = console(Lang::En, (80, 24), sample::hospital(0));
    let trouble = Trouble::Mismatch { protocol: 7, version: "0.9.0".into() };
    update(&mut model, Msg::News(News::Down(trouble)));
    let text = screen(&model).replace('\n', "");
    assert!(
        text.contains("the box speaks 7, this console 1; use the console of the box's version"),
        "{text}"
    );
    type_keys(&mut model, "l");
    assert!(screen(&model).replace("\n ", "").contains("本机 7，控制台 1；请使用与本机同版本"));
}

#[test]
fn a_terminal_too_small_says_so_and_grows_back() {
    let mut model = console(Lang::En, (60, 10), sample::hospital(0));
    let text = screen(&model);
    assert!(text.contains("terminal too small") && text.contains("80x20"), "{text}");
    for size in [(0, 0), (1, 1), (3, 2), (79, 24), (80, 19)] {
        update(&mut model, Msg::Size(size.0, size.1));
        screen(&model);
    }
    update(&mut model, Msg::Size(80, 24));
    assert!(screen(&model).contains("Appointments"));
}

#[test]
fn nothing_a_caller_or_a_site_says_steers_the_terminal() {
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\r\n\u{202e}x\u{200b}\u{7f}\0";
    let mut shown = sample::hospital(0);
    shown.version = evil.into();
    shown.now = evil.into();
    shown.site.0.values_mut().for_each(|text| *text = evil.into());
    for call in &mut shown.calls {
        for text in [&mut call.call, &mut call.via, &mut call.caller, &mut call.state, &mut call.at]
        {
            *text = evil.into();
        }
        call.muted = evil.into();
    }
    for agent in &mut shown.agents {
        for text in [&mut agent.agent, &mut agent.name, &mut agent.state, &mut agent.reason] {
            *text = evil.into();
        }
        agent.phone = evil.into();
        agent.call = Some(evil.into());
    }
    for queue in &mut shown.queues {
        queue.queue = evil.into();
        queue.name.0.values_mut().for_each(|text| *text = evil.into());
    }
    for line in &mut shown.lines {
        line.line = evil.into();
        line.kind = evil.into();
        line.state = evil.into();
        line.alarms = vec![evil.into(); 3];
    }
    for alarm in &mut shown.alarms {
        alarm.key = evil.into();
        alarm.about = evil.into();
    }
    shown.counters.iter_mut().for_each(|counter| counter.name = evil.into());
    let phone = &mut shown.phone_help;
    phone.accounts = vec![evil.into(); 5];
    phone.codes = vec![(evil.into(), evil.into())];
    for text in [&mut phone.server, &mut phone.transport, &mut phone.realm] {
        *text = evil.into();
    }
    phone.demo_password = Some(evil.into());
    let mut model = console(Lang::En, (120, 40), shown);
    model.socket = tui::text::clean(evil);
    for trouble in [None, Some(Trouble::Said(evil.into())), Some(Trouble::Io(evil.into()))] {
        if let Some(trouble) = trouble {
            update(&mut model, Msg::News(News::Down(trouble)));
        }
        for keys in ["1", "2", "3", "4", "5", "6", "7", "?", "?"] {
            type_keys(&mut model, keys);
            let text = screen(&model);
            let bad = |sign: char| {
                (sign.is_control() && sign != '\n') || "\u{202e}\u{200b}".contains(sign)
            };
            assert!(!text.contains(bad), "{keys}: {text:?}");
        }
    }
    assert!(screen(&model).contains("?]0;owned"), "it is shown as harmless text");
}

#[test]
fn without_colours_nothing_but_colour_is_missing() {
    let mut coloured = console(Lang::En, (80, 24), sample::hospital(0));
    let mut plain = coloured.clone();
    plain.theme = Theme::new(false);
    for number in '1'..='7' {
        type_keys(&mut coloured, &number.to_string());
        type_keys(&mut plain, &number.to_string());
        assert_eq!(screen(&coloured), screen(&plain));
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(&plain, frame)).unwrap();
        let reset = ratatui::style::Color::Reset;
        let cells = &terminal.backend().buffer().content;
        assert!(cells.iter().all(|cell| cell.fg == reset && cell.bg == reset));
    }
}

#[test]
fn an_empty_box_says_that_there_is_nothing() {
    let mut model = console(Lang::En, (80, 24), Snapshot::default());
    for (number, text) in ('2'..='7').zip([
        "no queues",
        "no agents",
        "no calls",
        "no lines",
        "no alarms",
        "no counters",
    ]) {
        type_keys(&mut model, &number.to_string());
        assert!(screen(&model).contains(text), "{text}");
    }
    for code in [KeyCode::Down, KeyCode::End, KeyCode::PageDown, KeyCode::Up] {
        key(&mut model, code);
    }
    assert_eq!(model.cursor().index, 0);
}

/// Transfers, slots and conferences, and phones that take no calls.
fn busy_desks() -> Snapshot {
    let mut shown = sample::hospital(0);
    let row = |number: &str, state: &str, at: &str| {
        sample::call(number, "trunk carrier", "********618", state, at, 41_000)
    };
    shown.calls = vec![
        row("00000051", "transferring", "8001"),
        row("00000052", "consulting", "8002"),
        row("00000053", "conference", "8003"),
        row("00000054", "parked", "701"),
        sample::call("00000055", "phone 8004", "8004", "calling", "********678", 3_000),
    ];
    for (agent, reason) in shown.agents.iter_mut().zip(["dnd", "forwarded", ""]) {
        agent.state = if reason.is_empty() { "ready" } else { "not-ready" }.into();
        agent.reason = reason.into();
        agent.dnd = reason == "dnd";
        agent.forwarded = reason != "dnd";
        agent.call = None;
    }
    if let Some(agent) = shown.agents.get_mut(2) {
        agent.phone = "8010".into();
        agent.forwarded = false;
    }
    shown
}

#[test]
fn what_desk_phones_do_is_drawn_as_its_golden_text_in_both_languages_and_sizes() {
    for (lang, tag) in [(Lang::Zh, "zh-CN"), (Lang::En, "en")] {
        for size in [(80, 24), (120, 40)] {
            let mut model = console(lang, size, busy_desks());
            for (view, number) in [("overview", "1"), ("agents", "3"), ("calls", "4")] {
                type_keys(&mut model, number);
                golden(&format!("desks-{view}-{tag}-{}x{}", size.0, size.1), &screen(&model));
            }
        }
    }
}
