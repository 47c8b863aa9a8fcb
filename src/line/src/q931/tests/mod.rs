//! Messages and calls of layer 3.

mod calls;
mod messages;
mod names;
mod wire;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}
