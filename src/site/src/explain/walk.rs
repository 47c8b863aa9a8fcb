//! The nodes of a flow in the order a caller meets them, each in words.

use super::words::Phrases;
use crate::span;
use model::MenuId;
use model::site::{Lang, Node, Say, Site};
use std::collections::{BTreeSet, VecDeque};

/// Every node: those that lines lead to first, then what these lead to, then what nothing leads to.
pub(super) fn order(site: &Site) -> Vec<MenuId> {
    let ports = site.ports.values().map(|port| &port.entry);
    let entries = ports.chain(site.trunks.values().map(|trunk| &trunk.entry));
    let begin =
        entries.flat_map(|entry| [&entry.default].into_iter().chain(entry.by_number.values()));
    let mut front: VecDeque<&MenuId> = begin.chain([&site.flow.to_agent]).collect();
    let mut rest = site.flow.nodes.keys();
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(id) = front.pop_front().or_else(|| rest.next()) {
        let Some(node) = site.flow.nodes.get(id).filter(|_| seen.insert(id)) else { continue };
        order.push(id.clone());
        front.extend(ways(node));
        if let Node::Queue { queue, .. } = node {
            let overflow = site.queues.get(queue).and_then(|queue| queue.overflow.as_ref());
            front.extend(overflow.map(|overflow| &overflow.to));
        }
    }
    order
}

/// Where a node leads, in the order it is written down.
fn ways(node: &Node) -> Vec<&MenuId> {
    match node {
        Node::Menu { keys, invalid_to, .. } => keys.values().chain([invalid_to]).collect(),
        Node::Message { then, .. } | Node::Language { then, .. } => vec![then],
        Node::Collect { then, invalid_to, .. } => vec![then, invalid_to],
        Node::Hours { open, closed, holiday, .. } => vec![open, closed, holiday],
        Node::Queue { .. } | Node::HangUp { .. } => Vec::new(),
    }
}

/// A node in words.
pub(super) fn describe(site: &Site, node: &Node, say: &Phrases, lang: Lang) -> String {
    match node {
        Node::Menu { say: said, keys, wait, tries_max, invalid_to } => {
            let mut words = says(said, say);
            for (key, to) in keys {
                words += &say.key.fill(&[&key.as_char().to_string(), to.as_str()]);
            }
            let (wait, tries) = (span::write(*wait), tries_max.to_string());
            words + &say.wrong_key.fill(&[&wait, &tries, invalid_to.as_str()])
        }
        Node::Message { say: said, then } => says(said, say) + &say.then.fill(&[then.as_str()]),
        Node::Collect {
            say: said, name, digits, end, tries_max, then, invalid_to, secret, ..
        } => {
            let (least, most) = (digits.0.to_string(), digits.1.to_string());
            let end = end.as_char().to_string();
            let mut words = says(said, say) + &say.digits.fill(&[&least, &most, &end, name]);
            if *secret {
                words += say.secret;
            }
            words += &say.then.fill(&[then.as_str()]);
            words + &say.wrong_digits.fill(&[&tries_max.to_string(), invalid_to.as_str()])
        }
        Node::Hours { schedule, open, closed, holiday } => {
            say.hours.fill(&[schedule, open.as_str(), closed.as_str(), holiday.as_str()])
        }
        Node::Language { lang, then } => say.language.fill(&[say.lang(*lang), then.as_str()]),
        Node::Queue { queue, complaint } => {
            let name = site.queues.get(queue).map_or("", |queue| queue.name.in_lang(lang));
            let words = say.to_queue.fill(&[&format!("{name} ({queue})")]);
            if *complaint { words + say.complaint } else { words }
        }
        Node::HangUp { say: said } => says(said, say) + say.hang_up,
    }
}

fn says(said: &[Say], say: &Phrases) -> String {
    let prompts = said.iter().map(|said| match said.lang {
        Some(lang) => format!("{} ({})", said.prompt, say.lang(lang)),
        None => said.prompt.to_string(),
    });
    say.says.fill(&[&prompts.collect::<Vec<_>>().join(", ")])
}
