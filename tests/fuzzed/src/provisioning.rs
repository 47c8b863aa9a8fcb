//! What phones say that want their settings.

use phone::mac::Mac;
use phone::pnp::Asked;
use std::net::SocketAddr;

/// The headers of our answers; nothing a phone says makes another.
const HEADERS: [&str; 13] = [
    "Via",
    "Max-Forwards",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Event",
    "Expires",
    "Subscription-State",
    "Content-Type",
    "Content-Length",
    "Server",
];

/// The multicast question and names of devices; an answer holds nothing but lines of ours.
pub fn provisioning(bytes: &[u8]) {
    if let Some(asked) = Asked::parse(bytes) {
        let local = SocketAddr::from(([192, 0, 2, 1], 5060));
        let url = "https://192.0.2.1:8443/";
        for message in [asked.accept(local, "tag"), asked.notify(local, "tag", "z9hG4bKx", url)] {
            let (head, body) = message.split_once("\r\n\r\n").expect("a head");
            assert!(body.is_empty() || body == url, "{message}");
            for line in head.split("\r\n").skip(1) {
                let name = line.split(':').next().unwrap_or_default();
                assert!(HEADERS.contains(&name) && !line.contains(char::is_control), "{message}");
            }
        }
        assert!(!asked.vendor.contains(char::is_control));
        assert!(!asked.model.contains(char::is_control));
        let _ = asked.key();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(mac) = Mac::parse(text)
    {
        assert_eq!(Mac::parse(&mac.to_string()), Some(mac), "{text:?}");
    }
}
