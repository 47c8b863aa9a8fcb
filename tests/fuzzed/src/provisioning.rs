//! What phones say that want their settings.

use phone::mac::Mac;
use phone::pnp::Asked;
use std::net::SocketAddr;

/// The multicast question and names of devices; an answer holds nothing but lines of ours.
pub fn provisioning(bytes: &[u8]) {
    if let Some(asked) = Asked::parse(bytes) {
        let local = SocketAddr::from(([192, 0, 2, 1], 5060));
        let url = "https://192.0.2.1:8443/";
        for message in [asked.accept(local, "tag"), asked.notify(local, "tag", "z9hG4bKx", url)] {
            let parsed = sip::framer::parse_datagram(message.as_bytes());
            assert!(parsed.is_ok(), "{message}");
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
