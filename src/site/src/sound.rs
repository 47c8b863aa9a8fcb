//! `device` of `[phone.NUMBER]`: a sound device of the box in the place of a desk phone.

use crate::read::{Reader, Section, Spot};
use model::site::{Phone, Site, SoundDevice, SoundUse};
use model::{PhoneId, Rate, Secret};
use std::collections::BTreeMap;

/// Longest name of a card or PCM.
pub(crate) const NAME_MAX: usize = 80;
const USES: [(&str, SoundUse); 2] =
    [("headset", SoundUse::Headset), ("loudspeaker", SoundUse::Loudspeaker)];
const RATES: [(&str, Rate); 3] =
    [("8 kHz", Rate::Narrow), ("16 kHz", Rate::Wide), ("48 kHz", Rate::Full)];
/// What a phone on the network has and a device of the box has not.
const OF_THE_NETWORK: [&str; 5] = ["password", "vendor", "mac", "keys", "certificate"];

/// The device that a phone is, if it is one.
pub(crate) fn device(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<SoundDevice> {
    let Some(field) = section.field("device") else {
        for key in ["use", "rate"] {
            if let Some(field) = section.field(key) {
                let rule = "is of a sound device: name it, such as device = \"Jabra\"";
                reader.fault(&field.spot, rule);
            }
        }
        return None;
    };
    let name = field.words(reader, NAME_MAX).unwrap_or_default().to_owned();
    let used = section.required(reader, "use", "\"headset\"");
    let used = used.and_then(|field| field.one_of(reader, &USES)).unwrap_or(SoundUse::Headset);
    let rate = section.field("rate").and_then(|field| field.one_of(reader, &RATES));
    Some(SoundDevice { name, used, rate })
}

/// The phone that it is: nobody registers as it.
pub(crate) fn phone(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    device: SoundDevice,
) -> Phone {
    for key in OF_THE_NETWORK {
        if let Some(field) = section.field(key) {
            let rule = "is of a phone on the network: a sound device of the box has none";
            reader.fault(&field.spot, rule);
        }
    }
    Phone { device: Some(device), ..Phone::with_password(Secret::default()) }
}

/// Checks that a device is one thing: whoever opens it has it alone. A loudspeaker leaves the line in of
/// its card to the music.
pub(crate) fn check(
    reader: &mut Reader<'_>,
    site: &Site,
    phones: &BTreeMap<PhoneId, (Phone, Spot)>,
) {
    let mut owners = BTreeMap::<&str, &PhoneId>::new();
    for (number, (phone, spot)) in phones {
        let Some(device) = phone.device.as_ref().filter(|device| !device.name.is_empty()) else {
            continue;
        };
        let spot = Spot { offset: spot.offset, key: format!("{}.device", spot.key) };
        if let Some(owner) = owners.insert(&device.name, number) {
            reader.fault(&spot, format!("is the device of phone.{owner} already"));
        }
        let is_music = site.sip.sound.music.as_ref() == Some(&device.name);
        if is_music && device.used == SoundUse::Headset {
            let rule = "is media.music-device too: its microphone would be the music";
            reader.fault(&spot, rule);
        }
    }
}
