//! Socket addresses as the kernel writes them: `sockaddr_in` and `sockaddr_in6`, byte for byte.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

const V4: u32 = 16;
const V6: u32 = 28;

/// Room for the address of either family.
#[repr(C, align(8))]
#[derive(Clone, Copy, Default)]
pub struct Address([u8; Address::BYTES as usize]);

impl Address {
    /// Bytes of the longer one.
    pub const BYTES: u32 = V6;

    /// Writes an address; gives its length.
    pub fn set(&mut self, address: SocketAddr) -> u32 {
        let port = address.port().to_be_bytes();
        self.0[2..4].copy_from_slice(&port);
        match address {
            SocketAddr::V4(address) => {
                self.0[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.ip().octets());
                self.0[8..16].fill(0);
                V4
            }
            SocketAddr::V6(address) => {
                self.0[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
                self.0[4..8].copy_from_slice(&address.flowinfo().to_be_bytes());
                self.0[8..24].copy_from_slice(&address.ip().octets());
                self.0[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
                V6
            }
        }
    }

    /// Reads the address; nothing if it is of another family.
    pub fn get(&self) -> Option<SocketAddr> {
        let bytes = &self.0;
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let port = u16::from_be_bytes([bytes[2], bytes[3]]);
        match libc::c_int::from(u16::from_ne_bytes([bytes[0], bytes[1]])) {
            libc::AF_INET => Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(four(4))), port)),
            libc::AF_INET6 => {
                let mut ip = [0; 16];
                ip.copy_from_slice(&bytes[8..24]);
                let (flow, scope) = (u32::from_be_bytes(four(4)), u32::from_ne_bytes(four(24)));
                Some(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope).into())
            }
            _ => None,
        }
    }

    pub fn as_ptr(&self) -> *const libc::sockaddr {
        self.0.as_ptr().cast()
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        self.0.as_mut_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_written_is_the_address_read() {
        for text in ["192.0.2.1:4000", "[2001:db8::7]:65535", "[fe80::1%3]:5"] {
            let wanted: SocketAddr = text.parse().unwrap();
            let mut address = Address([0xFF; Address::BYTES as usize]);
            address.set(wanted);
            assert_eq!(address.get(), Some(wanted));
        }
        assert_eq!(Address::default().get(), None, "no family");
    }
}
