//! Whatever is in the file, reading it ends in a site or in faults that stand in the file.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use site::{PromptFiles, load};

const HOSPITAL: &str = include_str!("../../../images/sites/hospital/site.toml");

fn judged(text: &str) -> Result<(), TestCaseError> {
    let lines = text.matches('\n').count() + 1;
    match load(text, &PromptFiles::any()) {
        Ok(loaded) => prop_assert_eq!(loaded.site.digest.len(), 64),
        Err(faults) => {
            prop_assert!(!faults.is_empty(), "refused without a reason");
            for fault in faults {
                prop_assert!(fault.place.line as usize <= lines && fault.place.column > 0);
                prop_assert!(!fault.problem.contains("demo-8001-phone"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_file_cut_short_is_judged(at in 0..HOSPITAL.len()) {
        let at = (0..=at).rev().find(|at| HOSPITAL.is_char_boundary(*at)).unwrap();
        judged(&HOSPITAL[..at])?;
    }

    #[test]
    fn a_file_with_lines_lost_and_swapped_is_judged(
        lost in proptest::collection::vec(0..250_usize, 0..4),
        moved in proptest::collection::vec((0..250_usize, 0..250_usize), 0..4),
    ) {
        let mut lines: Vec<&str> = HOSPITAL.lines().collect();
        for at in lost {
            let at = at % lines.len();
            lines.remove(at);
        }
        for (a, b) in moved {
            let count = lines.len();
            lines.swap(a % count, b % count);
        }
        judged(&lines.join("\n"))?;
    }

    #[test]
    fn a_file_with_values_of_another_kind_is_judged(
        at in 0..250_usize,
        value in proptest::sample::select(vec![
            "1", "-1", "\"x\"", "true", "[]", "{}", "[[1]]", "2026-10-01", "1e99", "nan",
            "\"\\u0000\"", "99999999999999999999", "\"30s\"", "{ a = {} }",
        ]),
    ) {
        let mut lines: Vec<String> = HOSPITAL.lines().map(str::to_owned).collect();
        let at = at % lines.len();
        if let Some((key, _)) = lines[at].clone().split_once('=') {
            lines[at] = format!("{key}= {value}");
        }
        judged(&lines.join("\n"))?;
    }

    #[test]
    fn any_text_at_all_is_judged(text in any::<String>()) {
        judged(&text)?;
    }
}
