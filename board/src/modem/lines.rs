//! The bytes of a serial line as lines, and the prompt for a message, which ends in none
//! (ITU-T V.250 5.7.1, 3GPP TS 27.005 4.3).

/// Longest line that is read: a message in a list is 2 * 176 digits. The rest of a longer one is
/// left out.
pub const LINE_BYTES_MAX: usize = 512;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    Line(String),
    /// The modem waits for a message's octets.
    Prompt,
}

/// A line that is not whole yet.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes a byte; gives what it makes whole. Bytes that are no text become `?`.
    pub fn take(&mut self, byte: u8) -> Option<Came> {
        match byte {
            b'\r' | b'\n' => {
                let line = std::mem::take(&mut self.begun);
                let text = String::from_utf8(line).unwrap_or_default().trim_end().to_owned();
                return (!text.is_empty()).then_some(Came::Line(text));
            }
            b'>' if self.begun.is_empty() => return Some(Came::Prompt),
            b' ' if self.begun.is_empty() => {}
            0..=0x1f | 0x7f => {}
            _ if self.begun.len() >= LINE_BYTES_MAX => {}
            0x20..=0x7e => self.begun.push(byte),
            0x80.. => self.begun.push(b'?'),
        }
        None
    }

    /// Forgets what came so far.
    pub fn clear(&mut self) {
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Came> {
        let mut lines = Lines::default();
        bytes.iter().filter_map(|byte| lines.take(*byte)).collect()
    }

    fn line(text: &str) -> Came {
        Came::Line(text.into())
    }

    #[test]
    fn lines_end_as_the_modem_ends_them_and_a_prompt_needs_no_end() {
        assert_eq!(read(b"\r\nOK\r\n\r\n+CREG: 0,1\r\n"), [line("OK"), line("+CREG: 0,1")]);
        assert_eq!(read(b"AT+CMGS=14\r\r\n> "), [line("AT+CMGS=14"), Came::Prompt]);
        assert_eq!(
            read(b"> 0011\x1a\r\n+CMGS: 4\r\n"),
            [Came::Prompt, line("0011"), line("+CMGS: 4")]
        );
    }

    #[test]
    fn noise_is_no_text_and_a_line_without_end_is_cut() {
        assert_eq!(read(b"\0\xff\xfeOK\r"), [line("??OK")]);
        let long = [vec![b'x'; 5000], b"\r\nOK\r\n".to_vec()].concat();
        let came = read(&long);
        assert_eq!(came[0], line(&"x".repeat(LINE_BYTES_MAX)));
        assert_eq!(came[1], line("OK"));
    }
}
