//! What the exchange thread and the media thread tell each other.
//!
//! What the engine says of a slot is told with the leg that had the slot when it was said: by the
//! time the exchange reads it, the slot may be another's.

use super::outlet::Outgoing;
use super::{Parcel, Runner};
use line::trial::Trial;
use media::{Clip, Event, Retired, Slot, TapNo};
use model::id::LegId;
use model::port::Alarm;
use model::{Cause, LegEvent};
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the exchange thread wants of the media.
pub enum MediaOrder {
    Engine(media::Command),
    /// Sockets for a leg's sound and for its reports; it has the slot until `Shut` drops them.
    Open {
        slot: Slot,
        leg: LegId,
        socket: UdpSocket,
        reports: Option<UdpSocket>,
    },
    Shut {
        slot: Slot,
    },
    /// Ends a tap, and tells the seal thread so after the last frame.
    Untap {
        slot: Slot,
        tap: TapNo,
    },
    Line {
        port: u16,
        order: LineOrder,
    },
    /// Tries a line: what was found comes back with the trial.
    Try {
        port: u16,
        trial: Box<Trial>,
    },
    /// Sends a leg off to another thread, after this tick: it comes back as `MediaSaid::Left`.
    Take {
        slot: Slot,
        parcel: Box<Parcel>,
    },
    /// Takes a leg that another thread sent off, in the tick after its last one.
    Land {
        slot: Slot,
        parcel: Box<Parcel>,
    },
    /// Another set of clips; the old one comes back to be freed elsewhere.
    Clips(Arc<[Clip]>),
}

/// What a line port is told.
#[derive(Clone, Debug)]
pub enum LineOrder {
    /// Play to the port before it is answered.
    Early,
    Answer,
    /// Call out; the answer is `MediaSaid::Seized`.
    Dial(heapless::String<NUMBER_MAX>),
    /// Ring the telephone; the answer is `MediaSaid::Seized`.
    Ring(line::Message),
    /// The far side of the telephone's call rings.
    Alert,
    /// A dial tone for the telephone, after a flash.
    Offer,
    /// So many messages wait at the telephone.
    Messages(u16),
    Refuse(Cause),
    HangUp(Cause),
}

/// Keys of a number that a line dials.
pub const NUMBER_MAX: usize = 32;

/// What the media thread tells the exchange.
pub enum MediaSaid {
    /// What the engine said of a leg; without one it is the leg of the card's port.
    Engine {
        leg: Option<LegId>,
        event: Event,
    },
    Line {
        port: u16,
        event: LegEvent,
    },
    /// A line is seized for the call out that was ordered, or why it is not.
    Seized {
        port: u16,
        seized: Result<(), Cause>,
    },
    /// The hook of a telephone was flashed in a talk.
    Flash {
        port: u16,
    },
    /// What was dialled at a telephone after a flash.
    Dialled {
        port: u16,
        number: String,
    },
    Alarm {
        port: u16,
        alarm: Alarm,
        raised: bool,
    },
    /// A trial of a line is over, or the line is in use and there was none.
    Tried {
        port: u16,
        trial: Box<Trial>,
        done: bool,
    },
    /// A leg that left, on its way to another thread.
    Left(Box<Parcel>),
    /// The parcel of a leg that arrived, to be freed.
    Landed(Box<Parcel>),
    /// Clips no longer used, to be freed where it costs no frame.
    Clips(Arc<[Clip]>),
    /// Keys no longer used.
    Retired(Retired),
}

impl Runner {
    pub(super) fn obey(&mut self, now: model::Instant, order: MediaOrder) {
        match order {
            MediaOrder::Engine(command) => self.command(now, command),
            MediaOrder::Open { slot, leg, socket, reports } => {
                self.say_heard();
                if let Some(place) = self.legs.get_mut(usize::from(slot.0)) {
                    *place = Some(leg);
                }
                self.peers.open(slot, &socket);
                let opened = self.sockets.open(slot, socket);
                let opened =
                    reports.is_none_or(|socket| self.sockets.open_reports(slot, socket)) && opened;
                if !opened {
                    self.media.counters.unwatched.fetch_add(1, Ordering::Relaxed);
                }
            }
            MediaOrder::Shut { slot } => {
                // A leg that was rung and never answered has a socket, and no sound to end.
                if self.media.engine.counters(slot).is_some() {
                    let mut sink = Outgoing {
                        sockets: &mut self.sockets,
                        card: None,
                        speaks: &self.speaks,
                        out: &mut self.out,
                        counters: &self.media.counters,
                    };
                    self.media.engine.say_goodbye(now, slot, &mut sink);
                    self.media.engine.command(now, media::Command::Close { slot });
                }
                self.say_heard();
                if let Some(place) = self.legs.get_mut(usize::from(slot.0)) {
                    *place = None;
                }
                self.peers.shut(slot);
                self.sockets.shut(slot);
            }
            MediaOrder::Untap { slot, tap } => {
                self.media.engine.command(now, media::Command::Untap { slot });
                self.out.end(tap, &self.media.counters);
            }
            MediaOrder::Try { port, trial } => self.try_line(now, port, trial),
            MediaOrder::Line { port, order: LineOrder::Dial(_) } if self.is_on_trial(port) => {
                self.say(MediaSaid::Seized { port, seized: Err(Cause::Busy) });
            }
            MediaOrder::Line { port, order } => {
                if let Some(line) = self.media.lines.get_mut(usize::from(port)) {
                    let input = match &order {
                        LineOrder::Early if line.has_telephone() => line::Input::Early,
                        LineOrder::Early => return self.open_card(now, port, true),
                        LineOrder::Ring(message) => line::Input::Ring(message),
                        LineOrder::Alert => line::Input::Alert,
                        LineOrder::Offer => line::Input::Offer,
                        LineOrder::Messages(waiting) => line::Input::Messages(*waiting),
                        LineOrder::Answer => line::Input::Answer,
                        LineOrder::Dial(number) => line::Input::Dial(number),
                        LineOrder::Refuse(cause) => line::Input::Refuse(*cause),
                        LineOrder::HangUp(cause) => line::Input::HangUp(*cause),
                    };
                    line.handle(now, input);
                    if line.has_telephone() && matches!(order, LineOrder::Early) {
                        self.open_card(now, port, false);
                    }
                }
                self.settle_line(now, port);
            }
            MediaOrder::Take { slot, parcel } => self.leaving.push_back((slot, parcel)),
            MediaOrder::Land { slot, parcel } => self.land(slot, parcel),
            MediaOrder::Clips(clips) => {
                let old = self.media.engine.replace_clips(clips);
                self.say(MediaSaid::Clips(old));
            }
        }
    }

    /// Has the engine do something. What a description changes of a leg's addresses holds at once.
    fn command(&mut self, now: model::Instant, command: media::Command) {
        let slot = command.slot();
        let apart = match &command {
            media::Command::OpenRtp { control, .. } => {
                Some(matches!(control, media::ControlPath::Apart(_)))
            }
            _ => None,
        };
        match &command {
            media::Command::OpenCard { .. } => self.talk(slot, true),
            media::Command::Close { .. } => self.talk(slot, false),
            _ => {}
        }
        self.media.engine.command(now, command);
        let Some(apart) = apart else { return };
        self.peers.look(slot, &self.media.engine, &mut self.sockets);
        self.sockets.watch_reports(slot, apart);
    }
}
