//! Says in plain words what a site does with a call: lines, then the flow in the order a caller
//! meets it, then queues and agents.

mod codes;
mod telephony;
mod walk;
mod words;

pub use codes::codes;

use crate::span;
use model::site::{Agent, Entry, Lang, Queue, Site};
use model::{QueueId, SkillId};
use std::fmt::Write;
use words::Phrases;

/// Walks through a site in plain words, for a person who checks that it is what was meant.
///
/// Passwords and the numbers of those who come first are not in it.
pub fn explain(site: &Site, lang: Lang) -> String {
    let mut page = Page { site, lang, say: Phrases::of(lang), text: String::new() };
    page.head();
    page.lines();
    page.flow();
    page.queues();
    page.agents();
    page.desks();
    page.calls_out();
    page.text
}

/// The text while it is written.
struct Page<'a> {
    site: &'a Site,
    lang: Lang,
    say: &'static Phrases,
    text: String,
}

impl Page<'_> {
    fn head(&mut self) {
        let (site, say) = (self.site, self.say);
        self.line(&format!("{} ({})", site.name.in_lang(self.lang), short(&site.digest)));
        self.line(&say.clock.fill(&[site.zone.name(), say.lang(site.lang)]));
        let limits = &site.limits;
        let (calls, call) = (limits.calls_max.to_string(), span::write(limits.call));
        self.line(&say.limits.fill(&[&calls, &call, &span::write(limits.recording)]));
        self.line(&say.vip.fill(&[&site.vip.len().to_string()]));
    }

    fn lines(&mut self) {
        let (site, say) = (self.site, self.say);
        self.heading(say.lines);
        for (port, config) in &site.ports {
            let words = match &config.telephone {
                Some(phone) => say.telephone.fill(&[port.as_str(), phone.as_str()]),
                None => say.port.fill(&[
                    port.as_str(),
                    &config.answer_after_rings.to_string(),
                    config.entry.default.as_str(),
                ]),
            };
            self.item(&words);
        }
        // Who calls over ports begins where they say, as is told above.
        for (trunk, config) in site.trunks.iter().filter(|(_, trunk)| trunk.ports.is_empty()) {
            let peers: Vec<String> = config.peers.iter().map(ToString::to_string).collect();
            let whom = self.plugged_in(config).unwrap_or_else(|| peers.join(", "));
            let calls = config.calls_max.to_string();
            let to = self.entry(&config.entry);
            self.item(&say.trunk.fill(&[trunk.as_str(), &whom, &calls, &to]));
        }
        let (bind, realm) = (site.sip.bind.to_string(), &site.sip.realm);
        self.item(&say.phones.fill(&[&bind, realm]));
        self.transports();
    }

    /// The node calls go to, and those of numbers of their own.
    fn entry(&self, entry: &Entry) -> String {
        let numbers = entry.by_number.iter();
        let mut to: Vec<String> =
            numbers.map(|(number, node)| self.say.number.fill(&[number, node.as_str()])).collect();
        to.push(entry.default.to_string());
        to.join(", ")
    }

    fn flow(&mut self) {
        let (site, say) = (self.site, self.say);
        self.heading(say.flow);
        let silence = span::write(site.flow.silence);
        self.item(&say.silence.fill(&[&silence, site.flow.to_agent.as_str()]));
        for node in walk::order(site) {
            let Some(what) = site.flow.nodes.get(&node) else { continue };
            let words = walk::describe(site, what, say, self.lang);
            self.item(&format!("{node}: {words}"));
        }
    }

    fn queues(&mut self) {
        self.heading(self.say.queues);
        for (id, queue) in &self.site.queues {
            let words = self.queue(id, queue);
            self.item(&words);
        }
    }

    fn queue(&self, id: &QueueId, queue: &Queue) -> String {
        let (site, say) = (self.site, self.say);
        let fit = |agent: &&Agent| queue.skills.iter().all(|s| agent.skills.contains_key(s));
        let fit = site.agents.values().filter(fit).count().to_string();
        let skills: Vec<&str> = queue.skills.iter().map(SkillId::as_str).collect();
        let skills = if skills.is_empty() { say.any.to_owned() } else { skills.join(", ") };
        let name = queue.name.in_lang(self.lang);
        let priority = queue.priority.to_string();
        let mut words = say.queue.fill(&[name, id.as_str(), &skills, &fit, &priority]);
        let (ring, wrap_up) = (span::write(queue.ring), span::write(queue.wrap_up));
        words += &say.ring.fill(&[&ring, &wrap_up]);
        if !queue.announce_every.is_zero() {
            words += &say.announce.fill(&[&span::write(queue.announce_every)]);
        }
        let waiting = queue.waiting_max.to_string();
        words += &match &queue.overflow {
            Some(to) => say.overflow.fill(&[&span::write(to.after), &waiting, to.to.as_str()]),
            None => say.full.fill(&[&waiting]),
        };
        words
    }

    fn agents(&mut self) {
        let (site, say) = (self.site, self.say);
        self.heading(say.agents);
        for (number, agent) in &site.agents {
            let levels = agent.skills.iter().map(|(skill, level)| format!("{skill} {level}"));
            let skills = levels.collect::<Vec<_>>().join(", ");
            let skills = if skills.is_empty() { say.none.to_owned() } else { skills };
            let phone = agent.phone.as_str();
            self.item(&say.agent.fill(&[number.as_str(), &agent.name, phone, &skills]));
        }
        let codes = &site.codes;
        self.item(&say.codes.fill(&[
            &codes.log_in,
            &codes.log_out,
            &codes.ready,
            &codes.not_ready,
            &codes.wrap_up_end,
        ]));
    }

    fn heading(&mut self, title: &str) {
        let _ = write!(self.text, "\n{title}\n");
    }
    fn item(&mut self, words: &str) {
        let _ = writeln!(self.text, "  {words}");
    }
    fn line(&mut self, words: &str) {
        let _ = writeln!(self.text, "{words}");
    }
}

/// Enough of a digest to tell two configurations apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
