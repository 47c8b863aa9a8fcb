//! Numbers that mean two things: extensions, slots, emergencies, the prefix for a line out.

use crate::nearest::advice;
use crate::numbering;
use crate::phones::Desks;
use crate::read::{Reader, Spot, cut};
use model::site::Site;
use std::collections::BTreeSet;

/// Checks what phones, slots, trunks and the numbering say of one another.
pub(crate) fn check(reader: &mut Reader<'_>, site: &Site, desks: &Desks, slots: &Spot) {
    let at = |key: String| Spot { offset: 0, key };
    let phones = desks.phones.iter().map(|(id, (_, spot))| (id.as_str(), spot.clone()));
    let agents = site.agents.keys().map(|id| (id.as_str(), at(format!("agent.{id}"))));
    let mut places: Vec<(&str, Spot)> = phones.collect();
    for (number, spot) in agents {
        if !places.iter().any(|(known, _)| *known == number) {
            places.push((number, spot));
        }
    }
    let taken: BTreeSet<&str> = places.iter().map(|(number, _)| *number).collect();
    let slot_places = site.parking.slots.iter().map(|slot| (slot.as_str(), slots.clone()));
    for (slot, spot) in slot_places.clone() {
        if taken.contains(slot) {
            reader.fault(&spot, format!("slot '{slot}' is the number of an agent or phone"));
        }
    }
    for (number, spot) in places.into_iter().chain(slot_places) {
        helps(reader, site, number, &spot);
    }
    keys(reader, site, desks);
    numbers(reader, site);
}

/// Refuses a number of the house that is what people dial for help, with or without the prefix.
fn helps(reader: &mut Reader<'_>, site: &Site, number: &str, spot: &Spot) {
    let outside = &site.numbering.outside;
    let same = |help: &&String| number == *help || number == format!("{outside}{help}");
    if let Some(help) = site.numbering.emergency.iter().find(same) {
        reader.fault(spot, format!("'{number}' is what people dial for emergency number {help}"));
    }
}

/// Refuses line keys that name nobody.
fn keys(reader: &mut Reader<'_>, site: &Site, desks: &Desks) {
    let agents = site.agents.keys().map(|id| id.as_str());
    let phones = desks.phones.keys().map(|id| id.as_str());
    let slots = site.parking.slots.iter().map(String::as_str);
    let known: BTreeSet<&str> = agents.chain(phones).chain(slots).collect();
    for (key, spot) in &desks.keys {
        if !known.contains(key.as_str()) {
            let advice = advice(key, known.iter().copied());
            let key = cut(key);
            reader.fault(spot, format!("'{key}' is no agent, phone or slot{advice}"));
        }
    }
}

/// Checks that calls out can be read, helped and paid for.
fn numbers(reader: &mut Reader<'_>, site: &Site) {
    let spot = Spot { offset: 0, key: "numbering".to_owned() };
    if let Some((begins, one, other)) = numbering::twice(&site.numbering) {
        let problem =
            format!("numbers that begin with '{begins}' are of kind {one} and of {other}");
        reader.fault(&spot, problem);
    }
    let out = site.trunks.iter().find(|(_, trunk)| trunk.span.is_none() && trunk.dials_out());
    let Some((trunk, _)) = out else { return };
    if site.numbering.country.is_empty() {
        let problem = format!(
            "is missing, but trunk.{trunk} takes calls out; write for example plan = \"china\""
        );
        reader.fault(&spot, problem);
    } else if site.numbering.emergency.is_empty() {
        reader.fault(&spot, "knows no emergency number; list them at numbering.emergency");
    }
}
