//! What a phone shows of who calls, before the answer: as much as who sits there may see.

use crate::exchange::Exchange;
use call::{Call, How};
use model::{AgentId, CallId, Number, PhoneId, Pop, Via};
use std::time::Duration;

impl Exchange {
    /// How a phone is rung for a queue's caller.
    pub(crate) fn offered_how(
        &self,
        call: &Call,
        agent: &AgentId,
        phone: &PhoneId,
        waited_ms: u64,
    ) -> How {
        let lang = self.site.agents.get(agent).map_or(self.site.lang, |agent| agent.lang);
        let queue = call.queue().and_then(|id| Some((id, self.site.queues.get(id)?)));
        let from = match queue {
            Some((id, queue)) => match queue.name.in_lang(lang) {
                "" => id.to_string(),
                name => name.to_owned(),
            },
            None => String::new(),
        };
        let settings = self.site.phones.get(phone);
        let pop = Pop {
            from,
            waited_s: u32::try_from(waited_ms / 1000).unwrap_or(u32::MAX),
            marks: call.marks(),
            masked: false,
            auto_answer: settings.is_some_and(|phone| phone.auto_answer),
            ..Pop::default()
        };
        self.how(call, phone, pop)
    }

    /// How a phone is rung for the caller of a call, by no queue.
    pub(crate) fn called_how(&self, call: CallId, phone: &PhoneId) -> Option<How> {
        let call = self.calls.get(call)?;
        Some(self.how(call, phone, Pop { marks: call.marks(), ..Pop::default() }))
    }

    fn how(&self, call: &Call, phone: &PhoneId, pop: Pop) -> How {
        let outside = !matches!(call.side().via, Via::Phone(_));
        let masked = outside && !self.sees_numbers(phone);
        let caller = match masked {
            true => Number::new(call.number().masked()),
            false => call.number().clone(),
        };
        // A name of the line may hold the number.
        let name = if masked { Default::default() } else { self.name_of(call) };
        How::Phone { phone: phone.clone(), caller, name, pop: Pop { masked, ..pop } }
    }

    /// The caller's name: the colleague's, or as the line gave it.
    fn name_of(&self, call: &Call) -> model::PersonName {
        let agent = call.side().agent.as_ref().and_then(|agent| self.site.agents.get(agent));
        agent.map_or_else(|| call.name().clone(), |agent| model::PersonName::new(&agent.name))
    }
}

/// How long a number outside is rung, whatever the carrier says.
pub(crate) const RING_OUTSIDE: Duration = Duration::from_secs(120);
