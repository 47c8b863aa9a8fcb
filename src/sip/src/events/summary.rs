//! Who to call back, as `application/simple-message-summary` (RFC 3842).
//!
//! The box has no voice mail yet: a new message is a call that the phone missed and nobody called
//! back, an old one was seen.

use super::board::{Board, Summary};
use model::PhoneId;

/// Writes the summary of a phone.
pub fn body(board: &Board, phone: &PhoneId) -> String {
    let Summary { new, old } = board.summary(phone);
    let waiting = if new > 0 { "yes" } else { "no" };
    let account = board.address(phone.as_str());
    format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\n\
         Voice-Message: {new}/{old} (0/0)\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3842_3_5_a_summary_says_whether_anything_waits_and_how_much() {
        let mut board = Board::new("box.example", "192.0.2.1:5060".parse().unwrap());
        let phone = PhoneId::new("8001");
        let none = "Messages-Waiting: no\r\nMessage-Account: sip:8001@box.example\r\n\
                    Voice-Message: 0/0 (0/0)\r\n";
        assert_eq!(body(&board, &phone), none);
        board.set_summary(&phone, Summary { new: 2, old: 8 });
        assert!(body(&board, &phone).starts_with("Messages-Waiting: yes\r\n"));
        assert!(body(&board, &phone).ends_with("Voice-Message: 2/8 (0/0)\r\n"));
    }
}
