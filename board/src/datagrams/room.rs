//! The memory one operation uses: a datagram and its address, and how the kernel is told of them.

use super::DATAGRAM_BYTES_MAX;
use super::address::Address;

pub struct Room {
    pub bytes: [u8; DATAGRAM_BYTES_MAX],
    pub address: Address,
    part: libc::iovec,
    head: libc::msghdr,
}

impl Room {
    pub fn new() -> Self {
        Self {
            bytes: [0; DATAGRAM_BYTES_MAX],
            address: Address::default(),
            part: libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 },
            // SAFETY: a msghdr is a plain structure of C for which all zeros is a valid value.
            head: unsafe { std::mem::zeroed() },
        }
    }

    /// Tells the kernel where the next datagram and its address shall go.
    pub fn head(&mut self) -> *mut libc::msghdr {
        self.part =
            libc::iovec { iov_base: self.bytes.as_mut_ptr().cast(), iov_len: DATAGRAM_BYTES_MAX };
        self.head.msg_name = self.address.as_mut_ptr().cast();
        self.head.msg_namelen = Address::BYTES;
        self.head.msg_iov = &raw mut self.part;
        self.head.msg_iovlen = 1;
        &raw mut self.head
    }
}
