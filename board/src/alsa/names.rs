//! Which sound devices there are, and which of them a site means.
//!
//! ```text
//!   "Headset"        the id of a card (/proc/asound/cards)       --> plughw:CARD=Headset
//!   "jabra evolve"   a part of a card's name, whatever its case  --> plughw:CARD=...
//!   "plughw:1,0"     a PCM, as alsa-lib names it                 --> itself
//! ```

use alsa::card;
use alsa::ctl::Ctl;

/// A card that the machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Short, and the same after each start: `Headset`.
    pub id: String,
    /// What its maker calls it: `Jabra EVOLVE 30 II`.
    pub name: String,
}

/// The cards of the machine, in their order. One whose driver does not answer is left out.
pub fn found() -> Vec<Found> {
    let cards = card::Iter::new().filter_map(Result::ok);
    let info = cards.filter_map(|card| {
        let info = Ctl::from_card(&card, true).and_then(|control| control.card_info()).ok()?;
        let name = card.get_name().ok()?;
        Some(Found { id: info.get_id().ok()?.to_owned(), name })
    });
    info.collect()
}

/// The PCM of a site's name for a device: that of the card which has it as its id or as a part of its
/// name, else the name itself.
pub fn pcm_of(wanted: &str) -> String {
    choose(wanted, &found())
}

fn choose(wanted: &str, cards: &[Found]) -> String {
    let lower = wanted.to_lowercase();
    let by_id = cards.iter().find(|card| card.id == wanted);
    let by_name = || cards.iter().find(|card| card.name.to_lowercase().contains(&lower));
    let is_pcm = wanted.contains(':') || lower.is_empty();
    match by_id.or_else(by_name).filter(|_| !is_pcm) {
        Some(card) => format!("plughw:CARD={}", card.id),
        None => wanted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards() -> Vec<Found> {
        let card = |id: &str, name: &str| Found { id: id.into(), name: name.into() };
        vec![card("PCH", "HDA Intel PCH"), card("II", "Jabra EVOLVE 30 II")]
    }

    #[test]
    fn a_device_is_the_card_with_that_id_or_with_that_in_its_name() {
        assert_eq!(choose("PCH", &cards()), "plughw:CARD=PCH");
        assert_eq!(choose("jabra evolve", &cards()), "plughw:CARD=II");
        assert_eq!(choose("II", &cards()), "plughw:CARD=II");
    }

    #[test]
    fn a_name_with_a_colon_or_of_no_card_is_a_pcm_of_alsa() {
        assert_eq!(choose("plughw:CARD=PCH,DEV=1", &cards()), "plughw:CARD=PCH,DEV=1");
        assert_eq!(choose("default", &cards()), "default");
        assert_eq!(choose("default", &[]), "default");
    }
}
