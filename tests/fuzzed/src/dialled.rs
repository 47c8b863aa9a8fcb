//! Numbers that are dialled or told by carriers, under every numbering plan that is shipped.

use dial::Plan;
use model::Number;
use model::site::{NumberForm, Numbering};
use std::sync::LazyLock;

/// The plans, ready: to read one costs more than to use it.
static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let ready = |(name, area): (&str, &str)| {
        let numbering = site::plan(name)?;
        Some(Plan::new(&Numbering { area: area.to_owned(), ..numbering }))
    };
    [("china", "21"), ("hong-kong", ""), ("singapore", "")].into_iter().filter_map(ready).collect()
});
const FORMS: [NumberForm; 3] =
    [NumberForm::E164, NumberForm::E164WithoutPlus, NumberForm::National];

/// A number is read the same however it is written; an emergency number always passes.
pub fn dialled(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for plan in PLANS.iter() {
        let emergency = plan.is_emergency(text);
        let _ = plan.is_outside(text);
        match plan.read(text) {
            Ok(reading) => {
                assert_eq!(reading.is_emergency(), emergency, "{text:?}");
                for form in FORMS {
                    let written = reading.written(form);
                    let odd = |c: char| !c.is_ascii_digit() && !"+*#".contains(c);
                    assert!(!written.reveal().contains(odd), "{text:?} became odd");
                }
                if let Some(e164) = &reading.e164 {
                    let again = plan.read(e164.reveal());
                    assert_eq!(again.as_ref().map(|again| again.whole()), Ok(e164), "{text:?}");
                }
            }
            Err(_) => assert!(!emergency, "{text:?} is an emergency and was refused"),
        }
        for form in FORMS {
            let _ = plan.home(&Number::new(text), form);
        }
    }
}
