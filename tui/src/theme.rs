//! How things look. Colour never carries a meaning alone: NO_COLOR takes nothing but colour away.

use ratatui::style::{Color, Modifier, Style};

/// The styles of a terminal with or without colours.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    colours: bool,
}

impl Theme {
    /// Styles with or without colours.
    pub fn new(colours: bool) -> Self {
        Self { colours }
    }
    /// Styles as `NO_COLOR` asks (no-color.org: set and not empty takes colours away).
    pub fn from_env() -> Self {
        Self::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }
    /// The bars at the top and the bottom.
    pub fn bar(self) -> Style {
        self.of(Style::new().fg(Color::White).bg(Color::Blue), Modifier::REVERSED)
    }
    /// The view that is shown, in the bar at the bottom.
    pub fn chosen(self) -> Style {
        self.bar().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }
    /// Heads of columns.
    pub fn head(self) -> Style {
        self.of(Style::new().fg(Color::Cyan), Modifier::empty())
            .add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }
    /// The selected row.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
    /// The box is not reachable, an alarm is critical.
    pub fn banner(self) -> Style {
        self.of(Style::new().fg(Color::White).bg(Color::Red), Modifier::REVERSED)
            .add_modifier(Modifier::BOLD)
    }
    pub fn plain(self) -> Style {
        Style::new()
    }
    pub fn good(self) -> Style {
        self.of(Style::new().fg(Color::Green), Modifier::empty())
    }
    pub fn busy(self) -> Style {
        self.of(Style::new().fg(Color::Cyan), Modifier::empty())
    }
    /// Wants a look.
    pub fn warn(self) -> Style {
        self.of(Style::new().fg(Color::Yellow), Modifier::BOLD)
    }
    /// Wants a hand.
    pub fn bad(self) -> Style {
        self.of(Style::new().fg(Color::Red), Modifier::empty()).add_modifier(Modifier::BOLD)
    }
    pub fn vip(self) -> Style {
        self.of(Style::new().fg(Color::Magenta), Modifier::empty()).add_modifier(Modifier::BOLD)
    }
    /// Of no interest now.
    pub fn faint(self) -> Style {
        self.of(Style::new().fg(Color::DarkGray), Modifier::DIM)
    }
    /// Laid over what is no longer true.
    pub fn stale(self) -> Style {
        self.of(Style::new().fg(Color::DarkGray), Modifier::empty())
            .add_modifier(Modifier::DIM)
            .remove_modifier(Modifier::BOLD)
    }

    fn of(self, coloured: Style, instead: Modifier) -> Style {
        if self.colours { coloured } else { Style::new().add_modifier(instead) }
    }
}
