//! `[agent.NUMBER]`: who answers, on which phone, and what for.

use crate::basics::{About, WORDS_MAX, tags};
use crate::names;
use crate::numbering::number as telephone;
use crate::passwords::{password, pin};
use crate::phones::{self, Desks};
use crate::read::{Field, Reader, Section};
use model::site::{Agent, Phone, Rights};
use model::{AgentId, PhoneId, Secret, SkillId};
use std::collections::BTreeMap;

const AGENTS_MAX: usize = 2000;
const SKILLS_MAX: usize = 50;
/// How good an agent is at a skill that is named without a figure.
const LEVEL_DEFAULT: u8 = 5;

pub(crate) fn agents(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
    about: &About,
    desks: &mut Desks,
) -> BTreeMap<AgentId, Agent> {
    let mut agents = BTreeMap::new();
    let mut owners = BTreeMap::<PhoneId, &str>::new();
    let Some(section) = root.section(reader, "agent") else { return agents };
    for (number, mut section) in section.tables(reader, AGENTS_MAX) {
        names::extension(reader, &section.spot, number);
        let name = section.required(reader, "name", "\"王芳\"");
        let name = name.and_then(|field| field.words(reader, WORDS_MAX)).unwrap_or("").to_owned();
        let lang = section.field("language").and_then(|field| field.one_of(reader, &tags()));
        let mut phone = PhoneId::new(number);
        let mut phone_spot = section.spot.clone();
        if let Some(field) = section.field("phone")
            && let Some(text) = field.text(reader)
            && names::extension(reader, &field.spot, text)
        {
            (phone, phone_spot) = (PhoneId::new(text), field.spot);
        }
        let owner = owners.insert(phone.clone(), number);
        if let Some(owner) = owner {
            let problem = format!("phone '{phone}' is the phone of agent.{owner} already");
            reader.fault(&phone_spot, problem);
        }
        let has_pin = section.field("pin").is_some();
        let rights = rights(reader, &mut section, number);
        let password = match owner {
            Some(_) => section.field("password").map(|_| Secret::default()),
            None => account(reader, &mut section, number, &phone, has_pin, desks),
        };
        let skills = match section.field("skills") {
            Some(field) => skills(reader, &field),
            None => BTreeMap::new(),
        };
        section.done(reader);
        let agent = Agent {
            name,
            phone,
            password: password.unwrap_or_default(),
            lang: lang.unwrap_or(about.lang),
            skills,
            rights,
        };
        agents.insert(AgentId::new(number), agent);
    }
    agents
}

/// The password of the agent's phone: of the account the agent brings, or of the phone's own.
///
/// An agent with a PIN may have neither, and sits down where there is a free desk.
fn account(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    number: &str,
    phone: &PhoneId,
    has_pin: bool,
    desks: &mut Desks,
) -> Option<Secret> {
    let known = desks.phones.get(phone).map(|(phone, _)| phone.password.clone());
    let field = match known.is_some() || has_pin {
        true => section.field("password"),
        false => section.required(reader, "password", "\"at least 8 characters\""),
    };
    let Some(field) = field else { return known };
    if known.is_some() {
        let problem = format!("is said at phone.{phone} already; leave it out here");
        reader.fault(&field.spot, problem);
        return None;
    }
    let secret = password(reader, &field, number, "agent")?;
    let own = (Phone::with_password(secret.clone()), section.spot.clone());
    desks.phones.insert(phone.clone(), own);
    Some(secret)
}

fn rights(reader: &mut Reader<'_>, section: &mut Section<'_>, number: &str) -> Rights {
    let role = phones::role(reader, section);
    let pin = section.field("pin").and_then(|field| pin(reader, &field, number));
    let shown = section.field("shown").and_then(|field| telephone(reader, &field));
    let pick_up_group = phones::pick_up_group(reader, section);
    let noise = section.field("suppress-noise");
    let suppress_noise = noise.and_then(|field| field.flag(reader));
    Rights { role, pin, shown, pick_up_group, suppress_noise }
}

/// A list of skills, or a table of skills with how good the agent is at each.
fn skills(reader: &mut Reader<'_>, field: &Field<'_>) -> BTreeMap<SkillId, u8> {
    let mut skills = BTreeMap::new();
    if field.value.is_table() {
        let Some(section) = field.section(reader) else { return skills };
        for (name, spot, level) in section.entries().into_iter().take(SKILLS_MAX) {
            let level = level.whole(reader, 1..=9).unwrap_or(LEVEL_DEFAULT);
            if names::name(reader, &spot, name) {
                skills.insert(SkillId::new(name), level);
            }
        }
    } else {
        for item in field.list(reader, SKILLS_MAX) {
            if let Some(name) = item.text(reader)
                && names::name(reader, &item.spot, name)
            {
                skills.insert(SkillId::new(name), LEVEL_DEFAULT);
            }
        }
    }
    skills
}
