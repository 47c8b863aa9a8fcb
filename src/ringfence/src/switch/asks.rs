//! What the control socket asks of the running box.

use super::{Ask, Switch};
use crate::media_thread::MediaOrder;
use crate::service::{self, Severity, log};
use crate::sites::Ready;
use model::{Cause, Fact, Instant};

impl Switch {
    pub(super) fn answer(&mut self, now: Instant, ask: Ask) {
        match ask {
            // Whoever asked may have gone; nothing is lost by that.
            Ask::Snapshot(reply) => drop(reply.send(self.snapshot(now))),
            Ask::Apply(ready, reply) => drop(reply.send(self.apply(now, *ready))),
            Ask::CheckSync(phone, reply) => drop(reply.send(self.check_sync(now, phone))),
            Ask::Headset(phone, wish, reply) => {
                drop(reply.send(self.at_headset(now, phone.as_ref(), &wish)));
            }
            Ask::LineTest(asked) => self.try_line(now, asked),
            Ask::LineList(lang, reply) => drop(reply.send(self.list_lines(lang))),
            Ask::LineCapture(id, seconds, answer) => self.capture_line(now, &id, seconds, answer),
            Ask::SmsTest(to, reply) => self.text_trial(now, to, reply),
            Ask::Drain => self.drain(now),
            Ask::Cut => self.cut(now),
        }
        self.settle(now);
    }

    pub(super) fn drain(&mut self, now: Instant) {
        if std::mem::replace(&mut self.draining, true) {
            return;
        }
        log(
            Severity::Notice,
            "draining: no new calls; the box stops when the live ones have ended",
        );
        service::tell_stopping();
        self.parts.endpoint.handle(now, sip::Input::Command(sip::Command::Drain(true)));
        self.parts.exchange.handle(now, exchange::Input::Drain);
    }

    /// Hangs every leg up and ends every recording, without waiting for anybody's answer.
    fn cut(&mut self, now: Instant) {
        log(Severity::Warning, "stopped at once: live calls are cut");
        self.cut_at = Some(now);
        for leg in self.parts.wires.legs() {
            self.end(now, leg, Cause::Congestion, false);
            for recording in self.parts.wires.taps_of(leg) {
                self.stop_recording(recording);
            }
        }
    }

    /// Uses another site; gives what of it needs a restart.
    fn apply(&mut self, now: Instant, ready: Ready) -> Vec<String> {
        let mut notes = ready.notes;
        let old = std::mem::replace(&mut self.parts.site, ready.site);
        let new = self.parts.site.clone();
        let sockets = |site: &model::site::Site| {
            let sip = &site.sip;
            let at = (sip.bind, sip.rtp_ports, sip.tcp, sip.tls.clone(), sip.connections_max);
            (at, sip.guarding.clone())
        };
        if sockets(&old) != sockets(&new) {
            let keys = "sip.bind, sip.rtp-ports, sip.tcp, sip.tls, sip.connections and sip.guard";
            notes.push(format!("{keys} take effect at the next start"));
        }
        if old.sip.sound != new.sip.sound {
            notes.push(
                "media.threads, media.cores, media.real-time, media.dscp and media.music-device take effect at the next start".into(),
            );
        }
        let spans = |site: &model::site::Site| -> Vec<_> {
            let trunks = site.trunks.iter().map(|(id, trunk)| (id.clone(), trunk.span));
            trunks.filter(|(_, span)| span.is_some()).collect()
        };
        let ports = |site: &model::site::Site| {
            let mut ports = site.ports.clone();
            // It is asked for when a line is tried.
            ports.values_mut().for_each(|port| port.test_number = None);
            ports
        };
        if ports(&old) != ports(&new) || spans(&old) != spans(&new) {
            notes.push(
                "ports and the settings of primary rate lines take effect at the next start".into(),
            );
        }
        if crate::devices::of(&old) != crate::devices::of(&new) {
            notes.push("phones that are sound devices take effect at the next start".into());
        }
        if old.sip.provision != new.sip.provision {
            notes.push("provision takes effect at the next start".into());
        }
        let modem = |site: &model::site::Site| {
            site.sms.as_ref().map(|sms| (sms.device.clone(), sms.pin.clone()))
        };
        if modem(&old) != modem(&new) {
            notes.push("sms.device and sms.pin take effect at the next start".into());
        }
        self.configure_texts();
        self.parts.desks.shelf.set_site(new.clone());
        self.parts.site_version = ready.version;
        let clips = ready.clips.following(&self.parts.clips);
        self.parts.clips = self.parts.devices.music_of(clips);
        let clips = self.parts.clips.clips();
        for thread in self.parts.wires.threads().collect::<Vec<_>>() {
            self.tell_media(thread, MediaOrder::Clips(clips.clone()));
        }
        let configure = sip::Command::Configure(crate::daemon::accounts(&new));
        self.parts.endpoint.handle(now, sip::Input::Command(configure));
        self.parts.net.outlet.set_trunks(crate::net::Trunks::of(&new));
        self.note(Fact::SiteApplied { site_digest: new.digest.clone() });
        self.parts.exchange.handle(now, exchange::Input::Site(new));
        self.look_at_lines(now);
        notes
    }
}
