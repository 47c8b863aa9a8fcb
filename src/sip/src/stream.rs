//! A stream of bytes cut into messages by Content-Length (RFC 3261 18.3), with the line ends between
//! them that keep a connection open (RFC 5626 3.5.1).
//!
//! ```text
//!   between --CRLF CRLF--> Ping
//!      |  ^---CRLF-------> Pong, or the empty line before a message (RFC 3261 7.5)
//!      v
//!    head --empty line--> body --Content-Length bytes--> Whole
//!      '-- too long, no length or two of them --> Fault: the stream cannot be read on
//! ```

use crate::framer::{self, Fault};

/// Most bytes of start line and headers; a longer head ends the connection.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Most bytes of a body; a longer one ends the connection.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// What came whole out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The other end asks whether we are there; it wants a CRLF.
    Ping,
    /// An empty line: the other end says that it is there.
    Pong,
    /// The bytes of one message.
    Whole(Vec<u8>),
}

/// Why a stream cannot be read on. `head` is what could be read of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub fault: Fault,
    pub head: Vec<u8>,
}

/// The bytes of a stream that make no whole message yet.
#[derive(Debug, Default)]
pub struct Stream {
    bytes: Vec<u8>,
    /// Up to here there is no end of the head.
    searched: usize,
    /// Where the message ends, once the head is whole.
    end: Option<usize>,
}

impl Stream {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether no bytes wait.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Tells whether a message has begun and its end has not come.
    pub fn is_within(&self) -> bool {
        self.bytes.iter().any(|b| !matches!(b, b'\r' | b'\n'))
    }

    /// Takes the next whole piece off the front.
    pub fn piece(&mut self) -> Result<Option<Piece>, Broken> {
        if self.end.is_none() {
            if let Some(piece) = self.between() {
                return Ok(Some(piece));
            }
            if !self.is_within() {
                return Ok(None);
            }
            let Some(head) = self.head_end() else {
                if self.bytes.len() > HEAD_BYTES_MAX {
                    return Err(self.broken(Fault::HeadTooLong, self.bytes.len()));
                }
                return Ok(None);
            };
            if head > HEAD_BYTES_MAX {
                return Err(self.broken(Fault::HeadTooLong, head));
            }
            let stated = framer::stated_length(self.bytes.get(..head).unwrap_or_default());
            match stated {
                Ok(length) if length <= BODY_BYTES_MAX => self.end = Some(head + length),
                Ok(length) => return Err(self.broken(Fault::TooLarge(length), head)),
                Err(fault) => return Err(self.broken(fault, head)),
            }
        }
        let Some(end) = self.end.filter(|end| *end <= self.bytes.len()) else { return Ok(None) };
        let rest = self.bytes.split_off(end);
        self.end = None;
        self.searched = 0;
        Ok(Some(Piece::Whole(std::mem::replace(&mut self.bytes, rest))))
    }

    /// Takes the line ends between messages. One CRLF alone may be the first half of a ping, so it
    /// waits for what follows it.
    fn between(&mut self) -> Option<Piece> {
        if self.bytes.starts_with(b"\r\n\r\n") {
            self.bytes.drain(..4);
            return Some(Piece::Ping);
        }
        if self.bytes.starts_with(b"\r\n") && self.bytes.get(2).is_some_and(|b| *b != b'\r') {
            self.bytes.drain(..2);
            return Some(Piece::Pong);
        }
        // A bare LF or CR is no keep-alive, and no message either.
        let bare = match self.bytes.as_slice() {
            [b'\n', ..] => true,
            [b'\r', next, ..] => *next != b'\n',
            _ => false,
        };
        if bare {
            self.bytes.drain(..1);
            return self.between();
        }
        None
    }

    /// Takes a CRLF that waits alone: whoever pinged knows that it is the answer.
    pub fn take_pong(&mut self) -> bool {
        let alone = self.bytes == b"\r\n";
        if alone {
            self.bytes.clear();
        }
        alone
    }

    /// Where the head ends, its empty line within.
    fn head_end(&mut self) -> Option<usize> {
        let from = self.searched;
        for (i, byte) in self.bytes.iter().enumerate().skip(from) {
            if *byte != b'\n' {
                continue;
            }
            let after = self.bytes.get(i + 1..).unwrap_or_default();
            if after.starts_with(b"\n") {
                return Some(i + 2);
            }
            if after.starts_with(b"\r\n") {
                return Some(i + 3);
            }
            if after.len() < 2 {
                self.searched = i;
                return None;
            }
        }
        self.searched = self.bytes.len();
        None
    }

    fn broken(&self, fault: Fault, head: usize) -> Broken {
        let head = self.bytes.get(..head.min(HEAD_BYTES_MAX)).unwrap_or_default().to_vec();
        Broken { fault, head }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:x SIP/2.0\r\nl: 3\r\n\r\nabc";

    fn pieces(stream: &mut Stream) -> Vec<Piece> {
        std::iter::from_fn(|| stream.piece().unwrap()).collect()
    }

    #[test]
    fn messages_come_whole_however_the_bytes_are_cut() {
        let all: Vec<u8> = [OPTIONS, b"\r\n\r\n", OPTIONS, OPTIONS].concat();
        for size in 1..all.len() {
            let mut stream = Stream::default();
            let mut found = Vec::new();
            for part in all.chunks(size) {
                stream.push(part);
                found.extend(pieces(&mut stream));
            }
            let whole = || Piece::Whole(OPTIONS.to_vec());
            assert_eq!(found, [whole(), Piece::Ping, whole(), whole()], "in parts of {size}");
            assert!(stream.is_empty());
        }
    }

    #[test]
    fn a_single_empty_line_before_a_message_is_passed_over() {
        let mut stream = Stream::default();
        stream.push(&[b"\r\n", OPTIONS].concat());
        assert_eq!(pieces(&mut stream), [Piece::Pong, Piece::Whole(OPTIONS.to_vec())]);
    }

    #[test]
    fn a_crlf_alone_waits_and_is_no_message_begun() {
        let mut stream = Stream::default();
        stream.push(b"\r\n");
        assert_eq!((pieces(&mut stream), stream.is_within()), (vec![], false));
        assert!(stream.take_pong());
        assert!(stream.is_empty());
    }

    #[test]
    fn lines_that_end_in_lf_alone_end_the_head_too() {
        for text in ["A sip:x SIP/2.0\nContent-Length: 0\n\n", "A sip:x SIP/2.0\nl:0\r\n\r\n"] {
            let mut stream = Stream::default();
            stream.push(text.as_bytes());
            assert_eq!(pieces(&mut stream), [Piece::Whole(text.as_bytes().to_vec())]);
        }
    }

    #[test]
    fn a_length_that_is_missing_doubled_or_no_number_breaks_the_stream() {
        for (lines, fault) in [
            ("", Fault::Missing("Content-Length")),
            ("l: 3\r\nContent-Length: 3\r\n", Fault::Twice("Content-Length")),
            ("Content-Length: 3, 3\r\n", Fault::Malformed("Content-Length")),
            ("Content-Length: -3\r\n", Fault::Malformed("Content-Length")),
            ("Content-Length: +3\r\n", Fault::Malformed("Content-Length")),
            ("Content-Length: 999999999999\r\n", Fault::TooLarge(999_999_999_999)),
        ] {
            let mut stream = Stream::default();
            stream.push(format!("OPTIONS sip:x SIP/2.0\r\n{lines}\r\nabc").as_bytes());
            assert_eq!(stream.piece().unwrap_err().fault, fault, "{lines}");
        }
    }

    #[test]
    fn a_length_with_space_before_its_colon_or_folded_counts_as_the_framer_reads_it() {
        for lines in ["Content-Length : 3\r\n", "Content-Length:\r\n 3\r\n", "L :\t3\r\n"] {
            let mut stream = Stream::default();
            stream.push(format!("OPTIONS sip:x SIP/2.0\r\n{lines}\r\nabcOPT").as_bytes());
            assert!(matches!(stream.piece(), Ok(Some(Piece::Whole(_)))), "{lines}");
            assert_eq!(stream.len(), 3);
        }
    }

    #[test]
    fn a_head_without_an_end_breaks_the_stream_at_its_limit() {
        let mut stream = Stream::default();
        stream.push(b"OPTIONS sip:x SIP/2.0\r\n");
        while stream.len() <= HEAD_BYTES_MAX {
            assert_eq!(stream.piece(), Ok(None));
            stream.push(&[b'x'; 1000]);
        }
        assert_eq!(stream.piece().unwrap_err().fault, Fault::HeadTooLong);
    }
}
