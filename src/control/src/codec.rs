//! Lines of JSON: one message each, bounded.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest line taken from a peer. A longer one ends the conversation.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Why a line is no message.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("not a message: {0}")]
    NotAMessage(#[from] serde_json::Error),
}

/// Writes a message as one line, its line end included.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, LineError> {
    let mut line = serde_json::to_vec(message)?;
    if line.len() >= LINE_BYTES_MAX {
        return Err(LineError::TooLong);
    }
    line.push(b'\n');
    Ok(line)
}

/// Reads a message from one line, with or without its line end.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, LineError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(LineError::TooLong);
    }
    Ok(serde_json::from_slice(line)?)
}

/// Collects bytes of a stream into lines.
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Bytes before this hold no line end.
    searched: usize,
}

impl Lines {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Gives the next whole line without its end, if one is there.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(at) = rest.iter().position(|&byte| byte == b'\n') else {
            self.searched = self.bytes.len();
            return if self.bytes.len() > LINE_BYTES_MAX {
                Err(LineError::TooLong)
            } else {
                Ok(None)
            };
        };
        let end = self.searched + at;
        let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
        line.pop();
        self.searched = 0;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reply, Request};

    #[test]
    fn messages_survive_a_stream_that_cuts_them_anywhere() {
        let asked = [Request::Hello { protocol: 1 }, Request::Watch { every_ms: 500 }];
        let bytes: Vec<u8> = asked.iter().flat_map(|ask| encode(ask).unwrap()).collect();
        for cut in 0..bytes.len() {
            let mut lines = Lines::default();
            let mut heard = Vec::new();
            for part in [&bytes[..cut], &bytes[cut..]] {
                lines.push(part);
                while let Some(line) = lines.next_line().unwrap() {
                    heard.push(decode::<Request>(&line).unwrap());
                }
            }
            assert_eq!(heard, asked);
        }
    }

    #[test]
    fn an_endless_line_is_refused_and_not_kept() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; LINE_BYTES_MAX + 1]);
        assert!(matches!(lines.next_line(), Err(LineError::TooLong)));
    }

    #[test]
    fn what_is_no_message_is_an_error_that_says_so() {
        let error = decode::<Reply>(b"{\"reply\":\"nonsense\"}").unwrap_err();
        assert!(error.to_string().starts_with("not a message:"), "{error}");
    }
}
