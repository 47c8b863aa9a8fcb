//! `[agent.NUMBER]`: who answers, on which phone, and what for.

use crate::basics::{About, WORDS_MAX, tags};
use crate::names;
use crate::read::{Field, Reader, Section};
use model::site::Agent;
use model::{AgentId, PhoneId, Secret, SkillId};
use std::collections::BTreeMap;

const AGENTS_MAX: usize = 500;
const SKILLS_MAX: usize = 50;
/// How good an agent is at a skill that is named without a figure.
const LEVEL_DEFAULT: u8 = 5;
/// A shorter password of a phone is guessed in an afternoon.
const PASSWORD_MIN: usize = 8;
const PASSWORD_MAX: usize = 128;

pub(crate) fn agents(
    reader: &mut Reader<'_>,
    root: &mut Section<'_>,
    about: &About,
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
        if let Some(owner) = owners.insert(phone.clone(), number) {
            let problem = format!("phone '{phone}' is the phone of agent.{owner} already");
            reader.fault(&phone_spot, problem);
        }
        let field = section.required(reader, "password", "\"at least 8 characters\"");
        let password = field.and_then(|field| password(reader, &field, number));
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
            rights: Default::default(),
        };
        agents.insert(AgentId::new(number), agent);
    }
    agents
}

/// Takes a password; no message shows anything of it, not even its length.
fn password(reader: &mut Reader<'_>, field: &Field<'_>, number: &str) -> Option<Secret> {
    let Some(text) = field.value.as_str() else {
        reader.fault(&field.spot, "must be a text in quotes");
        return None;
    };
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&text.chars().count()) {
        let rule = format!("must have {PASSWORD_MIN} to {PASSWORD_MAX} characters");
        reader.fault(&field.spot, rule);
        return None;
    }
    if text.contains(number) && text.len() <= number.len() * 2 {
        reader.fault(&field.spot, "is little more than the agent's number; choose another");
        return None;
    }
    Some(Secret::new(text))
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
