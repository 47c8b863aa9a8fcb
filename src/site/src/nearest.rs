//! Guesses which name was meant, and lists those there are.

/// Names listed in one message; the rest is counted.
const LISTED_MAX: usize = 24;

/// The known name that differs least from `name`, if it differs by little.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), other))
        .filter(|&(steps, _)| steps <= allowed)
        .min()
        .map(|(_, other)| other)
}

/// `; did you mean 'x'?` where there is a guess, then what is known.
pub(crate) fn advice<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let guess = nearest(name, known.clone())
        .map(|guess| format!("; did you mean '{guess}'?"))
        .unwrap_or(";".to_owned());
    format!("{guess} known: {}", list(known))
}

/// The names with commas between them, cut short when they are many.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    let more = names.len().saturating_sub(LISTED_MAX);
    names.truncate(LISTED_MAX);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    names.join(", ") + &tail
}

/// Steps from one word to the other: a letter more, fewer or other, or two neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let other = usize::from(a[i - 1] != b[j - 1]);
            let mut steps = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                steps = steps.min(before[j - 2] + 1);
            }
            row.push(steps);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_guessed() {
        let known = ["cardiology", "general", "bind", "to-agent"];
        for (typed, meant) in [
            ("cardiolgy", "cardiology"),
            ("bnid", "bind"),
            ("Bind", "bind"),
            ("to_agent", "to-agent"),
        ] {
            assert_eq!(nearest(typed, known.into_iter()), Some(meant));
        }
    }

    #[test]
    fn another_word_is_not_guessed() {
        assert_eq!(nearest("pharmacy", ["general", "bind"].into_iter()), None);
        assert_eq!(nearest("a", ["bc"].into_iter()), None);
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        assert!(list(names.iter().map(String::as_str)).ends_with("23 and 6 more"));
    }
}
