use super::super::card::pretended::Cards;
use super::*;

fn span(first_channel: u16) -> SpanWanted {
    SpanWanted { first_channel, crc4: true, clock: 1, build_out: 0, cancels_echo: true }
}

fn port(channel: u16, kind: PortKind) -> PortWanted {
    PortWanted { channel, kind, cancels_echo: false }
}

/// A bare E1 in span 2 behind a bare card of four ports.
fn cards() -> Cards {
    let ports = (1..=4).map(|channel| (channel, 1, Signalling::None));
    let e1 = (5..=35).map(|channel| (channel, 2, Signalling::None));
    let cards = Cards::new(&ports.chain(e1).collect::<Vec<_>>());
    for channel in 5..=35 {
        cards.with(channel, |line| (line.info.place, line.digital) = (channel - 4, true));
    }
    cards
}

#[test]
fn what_the_driver_is_told_is_made_of_the_site() {
    let ports =
        [port(1, PortKind::Fxo), PortWanted { cancels_echo: true, ..port(4, PortKind::Fxs) }];
    let made = conf(&cards(), &[span(5)], &ports);
    assert_eq!(made.troubles, []);
    assert_eq!(
        Conf::text(made.parts.iter()),
        "span=2,1,0,ccs,hdb3,crc4\nbchan=5-19,21-35\ndchan=20\nechocanceller=mg2,5-19,21-35\n\
         fxsks=1\nfxoks=4\nechocanceller=mg2,4\nloadzone=us\ndefaultzone=us\n"
    );
    assert!(made.parts.iter().all(|part| part.stands == Stands::Bare));
    let quiet = SpanWanted { crc4: false, clock: 0, build_out: 3, cancels_echo: false, ..span(5) };
    let made = conf(&cards(), &[quiet], &[]);
    assert_eq!(made.parts[0].text, "span=2,0,3,ccs,hdb3\nbchan=5-19,21-35\ndchan=20\n");
}

#[test]
fn what_is_no_such_line_is_left_out_and_explained() {
    let cards = cards();
    cards.with(2, |line| line.info.can_fxo = false);
    let spans = [span(6), span(1), span(70)];
    let ports = [port(2, PortKind::Fxo), port(3, PortKind::Fxo)];
    let made = conf(&cards, &spans, &ports);
    let said: Vec<String> = made.troubles.iter().map(|(_, trouble)| trouble.to_string()).collect();
    assert_eq!(
        said,
        [
            "channel 6 is the 2nd of its span, and the site says that a line begins there: \
             first-channel is the number of its first",
            "channel 1 is no E1: its span has 4 channels, not 31",
            "there is no channel 70: the card is missing, or has fewer ports than the site says",
            "channel 2 faces a telephone (FXS) and the site says that it faces the exchange (FXO): \
             move the line to another port, or correct the site's port",
        ]
    );
    assert_eq!(Conf::text(made.parts.iter()), "fxsks=3\nloadzone=us\ndefaultzone=us\n");
}

#[test]
fn a_span_stands_as_wanted_when_its_channels_and_its_line_do() {
    let stands = |cards: &Cards| conf(cards, &[span(5)], &[]).parts[0].stands;
    let cards = cards();
    let configure = |crc4: bool| {
        for channel in 5..=35 {
            cards.with(channel, |line| {
                let data = channel == 20;
                line.info.signalling = if data { Signalling::Data } else { Signalling::Bearer };
                line.crc4 = crc4;
            });
        }
    };
    assert_eq!(stands(&cards), Stands::Bare);
    configure(true);
    assert_eq!(stands(&cards), Stands::AsWanted);
    configure(false);
    assert_eq!(stands(&cards), Stands::Otherwise, "without CRC4");
    configure(true);
    cards.with(7, |line| line.info.signalling = Signalling::None);
    assert_eq!(stands(&cards), Stands::Otherwise, "in part");
}
