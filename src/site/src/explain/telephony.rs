//! Transports, calls out, roles and desk phones in words. No password or PIN is in them.

use super::Page;
use crate::span;
use model::site::{CallerId, NumberForm, Role, SoundUse, SpanLine, Trunk, Vendor};
use model::srtp::SrtpPolicy;
use std::time::Duration;

impl Page<'_> {
    /// How phones reach the box beside UDP, and what is encrypted.
    pub(super) fn transports(&mut self) {
        let (sip, say) = (&self.site.sip, self.say);
        if let Some(tcp) = sip.tcp {
            self.item(&say.tcp.fill(&[&tcp.to_string()]));
        }
        if let Some(tls) = &sip.tls {
            let mut words = say.tls.fill(&[&tls.bind.to_string()]);
            words += &match &tls.certificate {
                Some((chain, _)) => say.brought_certificate.fill(&[&chain.display().to_string()]),
                None => say.own_certificate.to_owned(),
            };
            if tls.clients.is_some() {
                words += say.clients;
            }
            self.item(&words);
            let [forbid, offer, require] = say.policies;
            let policy = match sip.srtp {
                SrtpPolicy::Forbid => forbid,
                SrtpPolicy::Offer => offer,
                SrtpPolicy::Require => require,
            };
            self.item(&say.srtp.fill(&[policy]));
        }
        if let Some(provision) = &sip.provision {
            let mut words = say.provision.fill(&[&provision.bind.to_string()]);
            if provision.multicast {
                words += say.multicast;
            }
            self.item(&words);
        }
    }

    /// Who may call what, and over which trunks; nothing where no trunk takes calls out.
    pub(super) fn calls_out(&mut self) {
        let (site, say) = (self.site, self.say);
        let mut trunks: Vec<_> = site.trunks.iter().filter(|(_, one)| one.dials_out()).collect();
        if trunks.is_empty() && site.roles.is_empty() {
            return;
        }
        self.heading(say.out);
        trunks.sort_by_key(|(id, trunk)| (trunk.out.order, *id));
        for (id, trunk) in trunks {
            let words = self.trunk_out(id.as_str(), trunk);
            self.item(&words);
        }
        let numbering = &site.numbering;
        let or_none = |text: &str| if text.is_empty() { say.none.to_owned() } else { text.into() };
        let (area, outside) = (or_none(&numbering.area), or_none(&numbering.outside));
        self.item(&say.numbering.fill(&[&or_none(&numbering.country), &area, &outside]));
        let help: Vec<&str> = numbering.emergency.iter().map(String::as_str).collect();
        self.item(&say.emergency.fill(&[&or_none(&help.join(", "))]));
        for (id, role) in &site.roles {
            let words = self.role(id.as_str(), role);
            self.item(&words);
        }
    }

    /// Where a trunk that is a line is plugged in; nothing where it is SIP's.
    pub(super) fn plugged_in(&self, trunk: &Trunk) -> Option<String> {
        let ports: Vec<&str> = trunk.ports.iter().map(|port| port.as_str()).collect();
        let ports = (!ports.is_empty()).then(|| self.say.ports.fill(&[&ports.join(", ")]));
        trunk.span.map(|span| self.span(span)).or(ports)
    }

    fn span(&self, span: SpanLine) -> String {
        let last = span.channel(SpanLine::CHANNELS as u8);
        self.say.span.fill(&[&span.first_channel.to_string(), &last.to_string()])
    }

    fn trunk_out(&self, id: &str, trunk: &Trunk) -> String {
        let (say, out) = (self.say, &trunk.out);
        let targets = out.targets.iter().map(|to| format!("{} {}", to.transport, to.addr));
        let targets = targets.collect::<Vec<_>>().join(", ");
        let targets = self.plugged_in(trunk).unwrap_or(targets);
        let [national, e164, bare] = say.forms;
        let form = match out.form {
            NumberForm::National => national,
            NumberForm::E164 => e164,
            NumberForm::E164WithoutPlus => bare,
        };
        let [agent, withheld] = say.shown;
        let shown = match &out.caller_id {
            CallerId::Agent => agent,
            CallerId::Fixed(number) => number.reveal(),
            CallerId::Withheld => withheld,
        };
        let mut words = say.trunk_out.fill(&[id, &targets, form, shown]);
        if let Some(account) = &out.account {
            let every = span::write(Duration::from_secs(account.expires_s.into()));
            words += &match account.register {
                true => say.registers.fill(&[&account.user, &every]),
                false => say.answers.fill(&[&account.user]),
            };
        }
        if !out.options_every.is_zero() {
            words += &say.options.fill(&[&span::write(out.options_every)]);
        }
        words
    }

    fn role(&self, id: &str, role: &Role) -> String {
        let say = self.say;
        let dials: Vec<&str> = role.dial.iter().chain(&role.also).map(String::as_str).collect();
        let dials = if dials.is_empty() { say.none.to_owned() } else { dials.join(", ") };
        let a_day = |most: Option<u32>| most.map_or(say.any.to_owned(), |most| most.to_string());
        let (calls, minutes) = (a_day(role.calls_a_day), a_day(role.minutes_a_day));
        say.role.fill(&[id, &dials, &calls, &minutes])
    }

    /// Desk phones with a table of their own, and where calls are parked.
    pub(super) fn desks(&mut self) {
        let (site, say) = (self.site, self.say);
        let known = |vendor| vendor != Vendor::Other;
        let desks = site.phones.iter().filter(|(_, phone)| {
            let said = !phone.name.is_empty() || phone.role.is_some() || phone.device.is_some();
            known(phone.vendor) || said
        });
        let parked = !site.parking.slots.is_empty();
        let desks: Vec<_> = desks.collect();
        if desks.is_empty() && !parked {
            return;
        }
        self.heading(say.desks);
        for (number, phone) in desks {
            let what = match &phone.device {
                Some(device) => {
                    let words = match device.used {
                        SoundUse::Headset => &say.headset,
                        SoundUse::Loudspeaker => &say.loudspeaker,
                    };
                    words.fill(&[&device.name])
                }
                None => format!("{:?}", phone.vendor),
            };
            let mut words = say.desk.fill(&[number.as_str(), &phone.name, &what]);
            if let Some(role) = &phone.role {
                words += &say.of_role.fill(&[role.as_str()]);
            }
            self.item(&words);
        }
        if parked {
            let slots = site.parking.slots.join(", ");
            self.item(&say.parking.fill(&[&slots, &span::write(site.parking.longest)]));
        }
    }
}
