//! `[media]`: how calls sound, and where and how their packets are carried.

use crate::read::{Reader, Section};
use model::site::{Sound, SoundCare, THREADS_MAX};
use model::{Codec, Codecs};

/// The codecs by the names they have in `site.toml`; in this order where it says nothing: wide
/// band first, where the other side has it.
const CODECS: [(&str, Codec); 4] =
    [("g722", Codec::G722), ("pcma", Codec::Pcma), ("pcmu", Codec::Pcmu), ("opus", Codec::Opus)];

/// The last core a site may name: as many as Linux knows to name by itself.
const CORE_MAX: u16 = 1023;
/// The mark has six bits (RFC 2474 section 3).
const DSCP_MAX: u8 = 63;

/// The codecs of calls, in the order they are asked for, and how their sound is carried.
pub(crate) fn media(reader: &mut Reader<'_>, root: &mut Section<'_>) -> (Codecs, Sound, SoundCare) {
    let all = Codecs::new(CODECS.map(|(_, codec)| codec)).unwrap_or_default();
    let Some(mut section) = root.section(reader, "media") else {
        return (all, Sound::default(), SoundCare::default());
    };
    let (mut codecs, mut sound, mut care) = (all, Sound::default(), SoundCare::default());
    if let Some(field) = section.field("codecs") {
        let items = field.list(reader, CODECS.len());
        let named: Vec<Codec> =
            items.iter().filter_map(|item| item.one_of(reader, &CODECS)).collect();
        // Every phone and every trunk has one of them.
        if named.len() == items.len() && !named.iter().any(|codec| codec.law().is_some()) {
            reader.fault(&field.spot, "needs 'pcma' or 'pcmu', which every phone has");
        }
        codecs = Codecs::new(named).unwrap_or_default();
    }
    // Which cores there are the box alone knows; one that is not there is told at its start.
    (sound.cores, sound.threads) = threads(reader, &mut section);
    let first = section.field("real-time").and_then(|field| field.flag(reader));
    sound.real_time = first.unwrap_or(sound.real_time);
    let dscp = section.field("dscp").and_then(|field| field.whole(reader, 0..=DSCP_MAX));
    sound.dscp = dscp.unwrap_or(sound.dscp);
    let music = section.field("music-device");
    let music = music.and_then(|field| field.words(reader, crate::sound::NAME_MAX));
    sound.music = music.map(str::to_owned);
    let noise = section.field("suppress-noise").and_then(|field| field.flag(reader));
    care.suppress_noise = noise.unwrap_or(false);
    let level = section.field("automatic-level").and_then(|field| field.flag(reader));
    care.automatic_level = level.unwrap_or(false);
    section.done(reader);
    (codecs, sound, care)
}

/// The cores that threads of sound are kept on, and how many threads there are, where the site says.
fn threads(reader: &mut Reader<'_>, section: &mut Section<'_>) -> (Vec<u16>, Option<u8>) {
    let one = section.field("core").and_then(|field| field.whole(reader, 0..=CORE_MAX));
    let mut cores: Vec<u16> = one.into_iter().collect();
    if let Some(field) = section.field("cores") {
        if one.is_some() {
            reader.fault(&field.spot, "is said beside 'core': one of them is enough");
        }
        let items = field.list(reader, usize::from(THREADS_MAX));
        cores = items.iter().filter_map(|item| item.whole(reader, 0..=CORE_MAX)).collect();
        let twice = (1..cores.len()).any(|n| cores[..n].contains(&cores[n]));
        if items.is_empty() || twice {
            reader.fault(&field.spot, "needs one core or more, each once, such as [1, 2]");
        }
    }
    let threads = section.field("threads").and_then(|field| {
        let threads = field.whole(reader, 1..=THREADS_MAX)?;
        if !cores.is_empty() && usize::from(threads) != cores.len() {
            let named = cores.len();
            reader.fault(&field.spot, format!("must be {named}, a thread for each core named"));
        }
        Some(threads)
    });
    (cores, threads)
}
