//! The flow as a graph: where callers can get to, and whether they could go round for ever.

use crate::flow::Drawn;
use crate::queues::Queues;
use crate::read::{Reader, Spot};
use model::site::{Node, Site};
use model::{MenuId, QueueId};
use std::collections::{BTreeMap, BTreeSet};

/// Checks a flow whose names all point somewhere.
pub(crate) fn check(reader: &mut Reader<'_>, site: &Site, drawn: &Drawn, queues: &Queues) {
    rounds(reader, site, &drawn.spots);
    let (nodes, waited_in) = reached(site);
    for (node, spot) in &drawn.spots {
        if !nodes.contains(node) {
            reader.note(spot, "no call can get here: no key, line or node leads to it");
        }
    }
    for (queue, (_, spot)) in queues {
        if !waited_in.contains(queue) {
            reader
                .note(spot, "no call can get here: no [to-queue.NAME] that is reached leads to it");
        }
    }
    for (name, spot) in &drawn.schedules {
        let asked = |node: &Node| matches!(node, Node::Hours { schedule, .. } if schedule == name);
        if !site.flow.nodes.values().any(asked) {
            reader.note(spot, "no [hours.NAME] asks for this schedule");
        }
    }
}

/// Where a node leads when the caller does nothing: a full queue counts as passed at once.
fn passes(node: &Node, site: &Site) -> Vec<MenuId> {
    match node {
        Node::Message { then, .. } | Node::Language { then, .. } => vec![then.clone()],
        Node::Hours { open, closed, holiday, .. } => {
            vec![open.clone(), closed.clone(), holiday.clone()]
        }
        Node::Queue { queue, .. } => overflow(site, queue).into_iter().collect(),
        Node::Menu { .. } | Node::Collect { .. } | Node::HangUp { .. } => Vec::new(),
    }
}

fn overflow(site: &Site, queue: &QueueId) -> Option<MenuId> {
    Some(site.queues.get(queue)?.overflow.as_ref()?.to.clone())
}

/// Refuses a way that leads back to itself without a key to press.
fn rounds(reader: &mut Reader<'_>, site: &Site, spots: &BTreeMap<MenuId, Spot>) {
    let mut told = BTreeSet::new();
    for start in site.flow.nodes.keys() {
        let Some(round) = round_from(site, start) else { continue };
        let members: BTreeSet<MenuId> = round.iter().cloned().collect();
        if !told.insert(members) {
            continue;
        }
        let Some(spot) = spots.get(start) else { continue };
        let way: Vec<&str> = round.iter().chain([start]).map(MenuId::as_str).collect();
        let problem = format!(
            "callers go round without a key to press: {}; lead one of these to a menu, \
             to a queue that does not overflow back, or to a hang-up",
            way.join(" -> ")
        );
        reader.fault(spot, problem);
    }
}

/// The nodes of a shortest way from `start` back to it.
fn round_from(site: &Site, start: &MenuId) -> Option<Vec<MenuId>> {
    let mut before = BTreeMap::<MenuId, MenuId>::new();
    let mut front = vec![start.clone()];
    while !front.is_empty() {
        let mut next = Vec::new();
        for at in front {
            let Some(node) = site.flow.nodes.get(&at) else { continue };
            for to in passes(node, site) {
                if to == *start {
                    let mut way = vec![at.clone()];
                    while let Some(from) = way.last().and_then(|last| before.get(last)) {
                        way.push(from.clone());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !before.contains_key(&to) {
                    before.insert(to.clone(), at.clone());
                    next.push(to);
                }
            }
        }
        front = next;
    }
    None
}

/// Every node and queue that a call can get to from a line or by silence.
fn reached(site: &Site) -> (BTreeSet<MenuId>, BTreeSet<QueueId>) {
    let (mut nodes, mut queues) = (BTreeSet::new(), BTreeSet::new());
    let ports = site.ports.values().map(|port| &port.entry);
    let entries = ports.chain(site.trunks.values().map(|trunk| &trunk.entry));
    let mut front: Vec<MenuId> = entries
        .flat_map(|entry| entry.by_number.values().chain([&entry.default]))
        .chain([&site.flow.to_agent])
        .cloned()
        .collect();
    while let Some(id) = front.pop() {
        let Some(node) = site.flow.nodes.get(&id) else { continue };
        if !nodes.insert(id) {
            continue;
        }
        front.extend(passes(node, site));
        match node {
            Node::Menu { keys, invalid_to, .. } => {
                front.extend(keys.values().chain([invalid_to]).cloned());
            }
            Node::Collect { then, invalid_to, .. } => {
                front.extend([then, invalid_to].map(MenuId::clone));
            }
            Node::Queue { queue, .. } => _ = queues.insert(queue.clone()),
            _ => {}
        }
    }
    (nodes, queues)
}
