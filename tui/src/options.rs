//! What the console is started with.

use anyhow::Context as _;
use control::Lang;
use std::path::PathBuf;

/// Shows what the box does right now: calls, queues, agents, lines and alarms.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "ringfence-console", version)]
pub struct Options {
    /// The box's control socket [default: $XDG_STATE_HOME/ringfence/control.sock, or
    /// ~/.local/state/ringfence/control.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The language of the screen: zh-CN or en [default: from $LC_ALL, $LC_MESSAGES, $LANG]
    #[arg(long, value_name = "LANG", value_parser = lang)]
    lang: Option<Lang>,
    /// Print one frame as plain text and end; fails when the box isn't reachable
    #[arg(long)]
    pub once: bool,
}

impl Options {
    /// The control socket asked for, or the one of a box started by this user.
    pub fn socket(&self) -> anyhow::Result<PathBuf> {
        let from = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty());
        self.socket
            .clone()
            .or_else(|| {
                from("XDG_STATE_HOME")
                    .map(|home| PathBuf::from(home).join("ringfence").join("control.sock"))
            })
            .or_else(|| {
                from("HOME")
                    .map(|home| PathBuf::from(home).join(".local/state/ringfence/control.sock"))
            })
            .context("no control socket: give --socket PATH")
    }

    /// The language asked for, or the one of the environment.
    pub fn lang(&self) -> Lang {
        let set = |key: &&str| std::env::var(key).is_ok_and(|value| !value.is_empty());
        self.lang.unwrap_or_else(|| {
            let key = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set);
            lang_of_locale(&key.and_then(|key| std::env::var(key).ok()).unwrap_or_default())
        })
    }
}

/// The language of a locale such as `zh_CN.UTF-8`; English where it is neither.
pub fn lang_of_locale(locale: &str) -> Lang {
    if locale.starts_with("zh") { Lang::Zh } else { Lang::En }
}

fn lang(tag: &str) -> Result<Lang, String> {
    Lang::from_tag(tag).ok_or_else(|| "it is zh-CN or en".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn a_chinese_locale_gives_chinese_and_any_other_english() {
        assert_eq!(lang_of_locale("zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(lang_of_locale("zh"), Lang::Zh);
        assert_eq!(lang_of_locale("de_DE.UTF-8"), Lang::En);
        assert_eq!(lang_of_locale("C"), Lang::En);
        assert_eq!(lang_of_locale(""), Lang::En);
    }

    #[test]
    fn a_language_that_the_box_does_not_speak_is_refused() {
        let error = Options::try_parse_from(["x", "--lang", "fr"]).unwrap_err();
        assert!(error.to_string().contains("it is zh-CN or en"), "{error}");
        let options = Options::try_parse_from(["x", "--lang", "zh-CN"]).unwrap();
        assert_eq!(options.lang(), Lang::Zh);
    }
}
