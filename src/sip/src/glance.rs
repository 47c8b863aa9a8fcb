//! What a message is, at a glance: before anybody parses it, its place in a queue is chosen.
//!
//! The glance may be wrong, of a message that is odd; then it waits in another queue, and
//! nothing else. What a message means is the framer's to say.

/// Methods that begin something where To has no tag (RFC 3261 section 12.2). A CANCEL is among them,
/// so that it does not overtake the INVITE it is about (section 9.2).
const BEGINNING: [&[u8]; 7] =
    [b"INVITE ", b"REGISTER ", b"SUBSCRIBE ", b"OPTIONS ", b"PUBLISH ", b"MESSAGE ", b"CANCEL "];

/// Tells whether a datagram is a request that begins something, outside any call that stands.
pub fn begins(bytes: &[u8]) -> bool {
    BEGINNING.iter().any(|method| bytes.starts_with(method)) && !has_to_tag(bytes)
}

fn has_to_tag(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n');
    // An empty line ends the headers.
    let mut head = lines.take_while(|line| !line.trim_ascii().is_empty()).peekable();
    while let Some(line) = head.next() {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"To") && !name.eq_ignore_ascii_case(b"t") {
            continue;
        }
        let mut value = line.to_vec();
        while let Some(folded) =
            head.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t"))
        {
            value.extend_from_slice(folded);
        }
        return is_tagged(&value);
    }
    false
}

/// Tells whether a To has a tag, with any space about it (RFC 3261 25.1: SEMI and EQUAL).
fn is_tagged(to: &[u8]) -> bool {
    let after = to.iter().rposition(|byte| *byte == b'>').map_or(0, |end| end + 1);
    let plain: Vec<u8> =
        to.iter().skip(after).copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    plain.windows(5).any(|five| five.eq_ignore_ascii_case(b";tag="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_is_told_from_what_belongs_to_a_call() {
        let request = |method: &str, to: &str| {
            format!("{method} sip:a@x SIP/2.0\r\nFrom: <sip:b@x>;tag=1\r\n{to}\r\n\r\nt: x;tag=2")
        };
        for (method, to, is) in [
            ("INVITE", "To: <sip:a@x>", true),
            ("INVITE", "t : <sip:a@x>", true),
            ("REGISTER", "To: <sip:a@x>", true),
            ("INVITE", "TO: <sip:a@x>;Tag=9", false),
            ("INVITE", "t:<sip:a@x>;tag=9", false),
            ("INVITE", "To: <sip:a@x>; tag=9", false),
            ("INVITE", "To: <sip:a@x> ;\ttag = 9", false),
            ("INVITE", "To: <sip:a@x>\r\n ;tag=9", false),
            ("INVITE", "To:\r\n\t<sip:a@x>;\r\n tag\r\n =9", false),
            ("INVITE", "To: \"a;tag=9\" <sip:a@x;tag=9>", true),
            ("INVITE", "To: <sip:a@x>\r\nX: ;tag=9", true),
            ("BYE", "To: <sip:a@x>;tag=9", false),
            ("ACK", "To: <sip:a@x>", false),
            ("CANCEL", "To: <sip:a@x>", true),
            ("CANCEL", "To: <sip:a@x>;tag=9", false),
        ] {
            assert_eq!(begins(request(method, to).as_bytes()), is, "{method} {to}");
        }
        assert!(!begins(b"SIP/2.0 200 OK\r\nTo: <sip:a@x>\r\n\r\n"));
        assert!(!begins(b""));
    }
}
