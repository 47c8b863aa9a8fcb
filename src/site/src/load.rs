//! From text to a checked site: read every table, then check what they say of one another.

use crate::fault::{Fault, Note};
use crate::flow::{self, Drawn};
use crate::phones::Desks;
use crate::prompts::{self, PromptFiles};
use crate::queues::{self, Queues};
use crate::read::{Reader, Section, Spot};
use crate::{
    agents, basics, clashes, codes, graph, lines, media, migrate, numbering, phones, refs, roles,
    schedules, sip, sms, sound, supervision, transports, trunks,
};
use model::site::{Lang, Site};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

/// Longest `site.toml` that is read.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most faults reported at once; a last one says how many more there are.
pub const FAULTS_MAX: usize = 200;

/// A site that holds every promise, and remarks on what is allowed but odd.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub site: Site,
    /// For example a node that no call can reach. Sorted by line.
    pub notes: Vec<Note>,
}

/// Reads and checks the text of a `site.toml`; on failure gives every fault, sorted by line.
pub fn load(text: &str, prompts: &PromptFiles) -> Result<Loaded, Vec<Fault>> {
    let mut reader = Reader::new(text);
    let site = read(&mut reader, text, prompts);
    reader.notes.sort();
    match site {
        Some(site) if reader.faults.is_empty() => Ok(Loaded { site, notes: reader.notes }),
        _ => Err(sorted(reader.faults)),
    }
}

fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort();
    faults.dedup();
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if more > 0 {
        faults.truncate(FAULTS_MAX);
        if let Some(last) = faults.last() {
            let (mut place, problem) = (last.place.clone(), format!("and {more} more faults"));
            place.key.clear();
            faults.push(Fault { place, problem });
        }
    }
    faults
}

fn read(reader: &mut Reader<'_>, text: &str, prompts: &PromptFiles) -> Option<Site> {
    let top = |offset| Spot { offset, key: String::new() };
    if text.len() > TEXT_BYTES_MAX {
        let length = text.len();
        reader.fault(&top(0), format!("has {length} bytes; at most {TEXT_BYTES_MAX} are read"));
        return None;
    }
    let (mut document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message();
        let hint =
            if message.starts_with("invalid boolean") { "; a text stands in quotes" } else { "" };
        reader.fault(&top(offset), format!("is not TOML: {message}{hint}"));
    }
    if !errors.is_empty() || !migrate::bring_up(reader, document.get_mut()) {
        return None;
    }
    let mut root = Section::root(document.get_ref());
    root.field("format");
    let mut read = tables(reader, &mut root);
    root.done(reader);
    prompts::check_needed(reader, &read.langs, prompts);
    read.site.digest = hex::encode(Sha256::digest(text.as_bytes()));
    check(reader, &read, prompts);
    Some(read.site)
}

/// Every table, and where in the text stands what the tables say of one another.
struct Read {
    site: Site,
    langs: Vec<Lang>,
    drawn: Drawn,
    queues: Queues,
    desks: Desks,
    slots: Spot,
    dialled: roles::Dialled,
}

/// Reads every table; what is wrong is noted and stands as a harmless value until the end.
fn tables(reader: &mut Reader<'_>, root: &mut Section<'_>) -> Read {
    let about = basics::about(reader, root);
    let limits = basics::limits(reader, root);
    let mut sip = sip::sip(reader, root, &limits);
    (sip.codecs, sip.sound, sip.care) = media::media(reader, root);
    sip.provision = transports::provision(reader, root);
    let ports = lines::ports(reader, root);
    let trunks = trunks::trunks(reader, root, &limits, &sip, &ports);
    let numbering = numbering::numbering(reader, root);
    let (roles, dialled) = roles::roles(reader, root);
    let mut desks = phones::phones(reader, root, &sip, &ports);
    let (parking, slots) = phones::parking(reader, root);
    let ringing = basics::ringing(reader, root);
    let supervision = supervision::supervision(reader, root);
    let sms = sms::sms(reader, root, about.lang);
    let agents = agents::agents(reader, root, &about, &mut desks);
    let queues = queues::queues(reader, root, &about);
    let mut drawn = flow::flow(reader, root, &about);
    let schedules = schedules::schedules(reader, root);
    for (name, (schedule, spot)) in schedules {
        drawn.schedules.insert(name.clone(), spot);
        drawn.flow.schedules.insert(name, schedule);
    }
    let vip = basics::vip(reader, root);
    let codes = codes::codes(reader, root, &about);
    let site = Site {
        name: about.name,
        digest: String::new(),
        zone: about.zone,
        lang: about.lang,
        sip,
        trunks,
        ports,
        agents,
        queues: queues.iter().map(|(id, (queue, _))| (id.clone(), queue.clone())).collect(),
        flow: drawn.flow.clone(),
        vip,
        codes,
        phones: desks.phones.iter().map(|(id, (phone, _))| (id.clone(), phone.clone())).collect(),
        roles,
        numbering,
        parking,
        ringing,
        supervision,
        sms,
        limits,
    };
    Read { site, langs: about.langs, drawn, queues, desks, slots, dialled }
}

/// Checks what the tables say of one another.
fn check(reader: &mut Reader<'_>, read: &Read, prompts: &PromptFiles) {
    let Read { site, drawn, queues, desks, slots, dialled, .. } = read;
    refs::check(reader, site);
    refs::check_spoken(reader, prompts);
    sound::check(reader, site, &desks.phones);
    queues::check_served(reader, queues, &site.agents);
    flow::check_to_agent(reader, drawn);
    graph::check(reader, site, drawn, queues);
    roles::check(reader, dialled, &site.numbering);
    clashes::check(reader, site, desks, slots);
    if site.ports.is_empty() && site.trunks.is_empty() {
        let spot = Spot { offset: 0, key: String::new() };
        reader.note(&spot, "there is no [port.NAME] and no [trunk.NAME]: nobody can call");
    }
}
