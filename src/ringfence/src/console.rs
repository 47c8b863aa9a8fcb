//! What a supervisor's console is shown: the state of the threads as rows.

use crate::sites::DEMO_PASSWORD;
use crate::switch::Switch;
use control::{AgentRow, CallRow, Counter, LineRow, PhoneHelp, QueueRow, Snapshot};
use model::Instant;
use model::Supervising;
use model::fact::AgentState;
use model::port::PortKind;
use model::quality::Muted;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

impl Switch {
    /// The state at `now`, as rows.
    pub(crate) fn snapshot(&mut self, now: Instant) -> Snapshot {
        let site = self.parts.site.clone();
        let wall = self.parts.anchor.wall(now);
        Snapshot {
            site: site.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: site.zone.civil(wall).to_string(),
            uptime_ms: now.as_millis(),
            durable_seq: self.parts.progress.seq.load(Ordering::Acquire),
            draining: self.draining,
            calls: self.call_rows(now),
            queues: self.queue_rows(now),
            agents: self.agent_rows(now),
            lines: self.line_rows(),
            alarms: self.alarms.rows(now),
            counters: self.counter_rows(),
            phone_help: self.phone_help(),
        }
    }

    fn call_rows(&self, now: Instant) -> Vec<CallRow> {
        let calls = self.parts.exchange.calls();
        calls
            .map(|call| (self.known.of_call(call.call), call))
            .map(|((mos, muted), call)| CallRow {
                mos,
                muted: muted.map_or("", Muted::key).to_owned(),
                at: at(&call),
                call: call.call.to_string(),
                via: call.via.to_string(),
                caller: match call.inside {
                    true => call.caller.reveal().to_owned(),
                    false => call.caller.masked(),
                },
                lang: call.lang,
                state: call.state.to_owned(),
                state_ms: ms(now.since(call.since)),
                total_ms: ms(now.since(call.started)),
                vip: call.marks.vip,
                complaint: call.marks.complaint,
                recording: call.recording.is_some_and(|id| !self.unrecorded.contains_key(&id)),
            })
            .collect()
    }

    fn queue_rows(&self, now: Instant) -> Vec<QueueRow> {
        let queues = self.parts.exchange.queues(now);
        queues
            .map(|queue| QueueRow {
                queue: queue.id.to_string(),
                name: queue.name,
                waiting: count(queue.waiting),
                longest_wait_ms: queue.longest_wait_ms,
                agents_free: count(queue.agents_free),
                offered: count(queue.offered),
                service_level_ms: ms(queue.service_level),
            })
            .collect()
    }

    fn agent_rows(&self, now: Instant) -> Vec<AgentRow> {
        let agents = self.parts.exchange.agents();
        agents
            .map(|agent| AgentRow {
                agent: agent.id.to_string(),
                name: agent.name,
                state: agent.state.key().to_owned(),
                reason: match agent.state {
                    AgentState::NotReady { reason } => reason,
                    _ => agent.supervised.map_or("", Supervising::key).to_owned(),
                },
                state_ms: ms(now.since(agent.since)),
                phone_up: agent.phone_up,
                phone: agent.phone.to_string(),
                dnd: agent.dnd,
                forwarded: agent.forwarded,
                call: agent.call.map(|call| call.to_string()),
            })
            .collect()
    }

    pub(crate) fn line_rows(&self) -> Vec<LineRow> {
        let mut busy: BTreeMap<String, (u32, bool)> = BTreeMap::new();
        for call in self.parts.exchange.calls() {
            let line = match &call.via {
                model::Via::Port(id) => id.to_string(),
                model::Via::Trunk(id) => id.to_string(),
                model::Via::Phone(_) => continue,
            };
            let row = busy.entry(line).or_default();
            row.0 += 1;
            row.1 |= call.state == "ringing";
        }
        let row = |line: String, kind: &str| {
            let alarms = self.alarms.about(&line);
            let (calls, ringing) = busy.get(&line).copied().unwrap_or_default();
            let state = match (alarms.is_empty(), calls, ringing) {
                (false, ..) => "alarm",
                (_, 0, _) => "idle",
                (_, 1, true) => "ringing",
                _ => "busy",
            };
            LineRow { line, kind: kind.to_owned(), state: state.to_owned(), calls, alarms }
        };
        let site = &self.parts.site;
        // The calls of a telephone are its phone's; here it is told whether it is in use.
        let in_use = |id: &model::PortId| {
            let port = self.parts.port_ids.iter().position(|known| known == id);
            let port = port.and_then(|port| u16::try_from(port).ok());
            port.is_some_and(|port| self.parts.wires.leg_on(port).is_some())
        };
        let ports = site.ports.iter().map(|(id, port)| match port.kind {
            PortKind::Fxo => row(id.to_string(), "fxo"),
            PortKind::Fxs => {
                let known = row(id.to_string(), "fxs");
                let calls = u32::from(in_use(id));
                match known.state.as_str() {
                    "idle" if calls > 0 => LineRow { state: "busy".to_owned(), calls, ..known },
                    _ => known,
                }
            }
        });
        let ports: Vec<LineRow> = ports.collect();
        let trunks = site.trunks.keys().map(|id| row(id.to_string(), "trunk"));
        ports.into_iter().chain(trunks).collect()
    }

    fn counter_rows(&self) -> Vec<Counter> {
        let media = &self.parts.media_counters;
        let seal = &self.parts.seal_counters;
        let provision = &self.parts.desks.shelf.counters;
        let exchange = self.parts.exchange.counters();
        let sip = self.parts.endpoint.counters();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let rows = [
            ("calls-refused", exchange.calls_refused),
            ("calls-too-long", exchange.calls_too_long),
            ("visits-exhausted", exchange.visits_exhausted),
            ("legs-lost", exchange.legs_lost),
            ("reconnected", exchange.reconnected),
            ("services-refused", exchange.services_refused),
            ("lines-unknown", exchange.lines_unknown),
            ("transfers-failed", exchange.transfers_failed),
            ("parked-too-long", exchange.parked_too_long),
            ("slots-full", exchange.slots_full),
            ("wishes-refused", exchange.wishes_refused),
            ("forwards-cut", exchange.forwards_cut),
            ("pins-wrong", exchange.wrong_pins),
            ("queues-full", exchange.queues_full),
            ("calls-barred", exchange.calls_barred),
            ("trunk-failovers", exchange.failovers),
            ("flows-cut", exchange.flows_cut),
            ("plays-lost", exchange.plays_lost),
            ("agents-unanswering", exchange.agents_unanswering),
            ("codes-unknown", exchange.codes_unknown),
            ("strays", exchange.strays),
            ("events-ignored", exchange.events_ignored),
            ("legs", self.parts.wires.len() as u64),
            ("media-threads", media.each().len() as u64),
            ("ticks", media.least(|media| &media.ticks)),
            ("media-preferred", u64::from(media.preferred())),
            ("ticks-late", media.sum(|media| &media.ticks_late)),
            ("ticks-skipped", media.sum(|media| &media.ticks_skipped)),
            ("tick-late-us-p50", media.late_us(0.5)),
            ("tick-late-us-p99", media.late_us(0.99)),
            ("tick-late-us-p999", media.late_us(0.999)),
            ("late-us-max", media.late_us(1.0)),
            ("media-busy-ms", media.sum(|media| &media.busy_us) / 1000),
            ("rtp-in", media.sum(|media| &media.packets_in)),
            ("rtp-out", media.sum(|media| &media.packets_out)),
            ("rtp-send-failed", media.sum(|media| &media.send_failed)),
            ("rtp-refused", media.sum(|media| &media.refused)),
            ("rtp-foreign", media.sum(|media| &media.foreign)),
            ("rtp-moved", media.sum(|media| &media.moved)),
            ("rtp-unauthenticated", media.sum(|media| &media.unauthenticated)),
            ("rtp-replayed", media.sum(|media| &media.replayed)),
            ("rtp-malformed", media.sum(|media| &media.malformed)),
            ("rtp-lost", media.sum(|media| &media.lost)),
            ("rtp-late", media.sum(|media| &media.late)),
            ("rtp-unwatched", media.sum(|media| &media.unwatched)),
            ("rtp-ring-lost", media.sum(|media| &media.ring_lost)),
            ("media-orders-refused", media.sum(|media| &media.orders_refused)),
            ("keys-in-sound", media.sum(|media| &media.keys_unmeant)),
            ("media-care-refused", media.sum(|media| &media.care_refused)),
            ("media-events-lost", media.sum(|media| &media.events_lost)),
            ("legs-moved", media.sum(|media| &media.landed)),
            ("legs-moved-ticks-missed", media.sum(|media| &media.missed_on_the_way)),
            ("meetings-refused", self.meetings_refused + media.sum(|media| &media.unlanded)),
            ("rooms", self.sound.rooms.len() as u64),
            ("figures-stray", self.known.stray),
            ("legs-vanished", self.sound.silences.count),
            ("taps-lost", media.sum(|media| &media.taps_lost)),
            ("taps-ending", media.sum(|media| &media.ends_waiting)),
            ("news-lost", media.sum(|media| &media.news_lost)),
            ("card-errors", media.sum(|media| &media.card_errors)),
            ("span-frames-lost", self.parts.spans.frames_lost),
            ("sound-xruns", self.parts.devices.sum(|told| &told.xruns)),
            ("sound-gaps", self.parts.devices.sum(|told| &told.gaps)),
            ("sound-lost", self.parts.devices.sum(|told| &told.lost)),
            ("sound-opened", self.parts.devices.sum(|told| &told.opened)),
            ("recordings-open", read(&seal.open)),
            ("recordings-failed", read(&seal.failed)),
            ("recorded-ticks-missed", read(&seal.missed_ticks)),
            ("recordings-sync-ms", read(&seal.sync_ms)),
            ("sip-in", sip.datagrams_in),
            ("sip-out", sip.datagrams_out),
            ("sip-malformed", sip.malformed),
            ("sip-retransmitted", sip.retransmitted),
            ("sip-limited", sip.limited),
            ("sip-calls-shed", sip.calls_shed),
            ("sip-refused-clear", sip.refused_clear),
            ("sip-refused-family", sip.refused_family),
            ("sip-wrong-certificates", sip.wrong_certificates),
            ("sip-intruders", sip.intruders),
            ("sip-phones-silent", sip.phones_silent),
            ("sip-flows-failed-over", sip.flows_failed_over),
            ("sip-sessions-expired", sip.sessions_expired),
            ("sip-shed", self.parts.net.counters.all_shed()),
            ("sip-banned", read(&self.parts.net.counters.banned)),
            ("sip-connections", read(&self.parts.net.counters.open)),
            ("sip-connections-refused", read(&self.parts.net.counters.refused) + sip.flows_shed),
            ("sip-connections-slow", read(&self.parts.net.counters.slow)),
            ("tls-handshakes-failed", read(&self.parts.net.counters.handshakes_failed)),
            ("sip-send-failed", self.parts.net.outlet.failed),
            ("sip-wrong-passwords", sip.failures.values().sum()),
            ("sip-wrong-pins", sip.wrong_pins),
            ("sip-subscriptions", self.parts.endpoint.subscriptions() as u64),
            ("sip-notified", sip.notified),
            ("sip-notify-failed", sip.notify_failed),
            ("sip-pushed", sip.pushed),
            ("sip-wishes", sip.wishes),
            ("sip-legs", self.parts.endpoint.legs() as u64),
            ("sip-dialogs", self.parts.endpoint.dialogs() as u64),
            ("sip-transactions", self.parts.endpoint.transactions() as u64),
            ("provision-fetched", read(&provision.fetched)),
            ("provision-refused", read(&provision.refused)),
            ("provision-banned", read(&provision.banned)),
            ("provision-shed", read(&provision.shed)),
            ("pnp-answered", read(&provision.pnp_answered)),
            ("texts-sent", self.telling.texts.counters.sent),
            ("texts-waiting", self.telling.texts.waiting() as u64),
            ("texts-withheld", self.telling.texts.counters.withheld),
            ("texts-lost", self.telling.texts.counters.lost),
            ("prompts-missing", self.prompts_missing),
            ("facts-shed", self.facts_shed),
            ("released-early", self.released_early),
        ];
        rows.map(|(name, value)| Counter { name: name.to_owned(), value }).into()
    }

    fn phone_help(&self) -> PhoneHelp {
        let site = &self.parts.site;
        // Shown so that a newcomer can try the box; a site with any other password shows none.
        let demo = !site.agents.is_empty()
            && site.agents.values().all(|agent| agent.password.reveal() == DEMO_PASSWORD);
        let codes = &site.codes;
        PhoneHelp {
            server: self.parts.local.to_string(),
            transport: "UDP".to_owned(),
            realm: site.sip.realm.clone(),
            accounts: site.agents.values().map(|agent| agent.phone.to_string()).collect(),
            demo_password: demo.then(|| DEMO_PASSWORD.to_owned()),
            codes: [
                (&codes.log_in, "log-in"),
                (&codes.log_out, "log-out"),
                (&codes.ready, "ready"),
                (&codes.not_ready, "not-ready"),
                (&codes.wrap_up_end, "wrap-up-end"),
            ]
            .map(|(code, key)| (code.clone(), key.to_owned()))
            .into(),
        }
    }
}

/// Where a call is: the agent, the slot, the queue, the menu, or the party without a name.
fn at(call: &exchange::CallView) -> String {
    let party = call.party.as_ref().map(|who| match who.via {
        model::Via::Phone(_) => who.number.reveal().to_owned(),
        _ => who.number.masked(),
    });
    let places = [
        call.agent.as_ref().map(ToString::to_string),
        call.slot.clone(),
        call.queue.as_ref().map(ToString::to_string),
        call.menu.as_ref().map(ToString::to_string),
        party,
    ];
    places.into_iter().flatten().next().unwrap_or_default()
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
