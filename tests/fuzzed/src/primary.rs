//! Frames of a primary rate line's D channel, as the network's and as the user's.

use line::q921::{Frame, Kind, Side};
use line::q931::{CALLS_MAX, Config, Dialled, Output, Span};
use model::{Cause, Instant, Number, TrunkId, Via};
use std::time::Duration;

/// Steps: a first octet says what happens, a second how long a frame is.
///
/// ```text
///   0..128  a message of layer 3 in an I frame of the number that is due
///   128..   the octets as a frame of their own; or a call made, answered, hung up; time passes
/// ```
pub fn frames(bytes: &[u8]) {
    let &[side, ref steps @ ..] = bytes else { return };
    let (ours, theirs) =
        if side & 1 == 0 { (Side::User, Side::Network) } else { (Side::Network, Side::User) };
    let mut config = Config::new(Via::Trunk(TrunkId::new("e1")), ours);
    config.overlap_digits = (side & 2 != 0).then_some(5);
    let mut now = Instant::START;
    let mut span = Span::new(now, config);
    span.frame(now, &Frame::response(Kind::Ua, true).write(theirs));
    let (mut steps, mut ns, mut nr) = (steps, 0_u8, 0_u8);
    let mut calls = Vec::new();
    while let &[what, len, ref rest @ ..] = steps {
        let (octets, rest) = rest.split_at(usize::from(len).min(rest.len()));
        steps = rest;
        match what {
            0..128 => {
                let frame = Frame::command(Kind::I { ns, nr, message: octets }, what & 1 != 0);
                span.frame(now, &frame.write(theirs));
                ns = (ns + 1) % 128;
            }
            128..160 => {
                let dialled = Dialled {
                    number: Number::new(String::from_utf8_lossy(octets)),
                    complete: what & 1 == 0,
                    ..Dialled::default()
                };
                calls.extend(span.dial(now, &dialled));
            }
            160..192 => {
                let call = calls.get(usize::from(len) % calls.len().max(1)).copied();
                match (call, what & 1) {
                    (Some(call), 0) => span.answer(now, call),
                    (Some(call), _) => span.hang_up(now, call, Cause::Normal),
                    _ => {}
                }
            }
            192..224 => {
                now = now + Duration::from_millis(u64::from(len) * 50);
                span.tick(now);
            }
            _ => span.frame(now, octets),
        }
        while let Some(output) = span.poll() {
            match output {
                Output::Frame(frame) => {
                    let sent = Frame::read(&frame, ours).map(|frame| frame.kind);
                    match sent.expect("what we send is a frame") {
                        Kind::I { ns, .. } => nr = (ns + 1) % 128,
                        // The link begins anew, and the far side agrees.
                        Kind::Sabme => {
                            (ns, nr) = (0, 0);
                            span.frame(now, &Frame::response(Kind::Ua, true).write(theirs));
                        }
                        _ => {}
                    }
                }
                Output::Leg { call, .. } if calls.len() < 64 => calls.push(call),
                _ => {}
            }
        }
        assert!(span.calls() <= CALLS_MAX, "{} calls", span.calls());
    }
    // Whatever came, the calls end and the channels are free.
    for _ in 0..4 {
        for call in &calls {
            span.hang_up(now, *call, Cause::Normal);
        }
        now = now + Duration::from_secs(60);
        span.tick(now);
        while span.poll().is_some() {}
    }
}
