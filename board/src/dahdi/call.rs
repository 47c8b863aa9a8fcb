//! The one system call that no safe crate makes for us: an ioctl with a structure of DAHDI's.
#![expect(unsafe_code, reason = "an ioctl takes a pointer; see the two blocks")]

use super::abi::{Buffers, Dial, Echo, Gains, Op, Params, SpanInfo};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// A structure that the kernel may fill with any bytes.
///
/// # Safety
///
/// It has C's layout, holds no pointer, and every pattern of bits is a valid value of it.
pub(super) unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($name:ty),*) => { $(
        // SAFETY: integers and arrays of bytes in C's layout, and nothing else.
        unsafe impl Plain for $name {}
    )* };
}
plain!(i32, Params, SpanInfo, Buffers, Gains, Dial, Echo);

/// Makes an ioctl. What the kernel answers is in `argument` afterwards.
pub(super) fn call<T: Plain>(file: BorrowedFd<'_>, op: &Op<T>, argument: &mut T) -> io::Result<()> {
    // SAFETY: the number says how many bytes the argument has and which way they go, and `Op` makes
    // it of the size of `T`, so the kernel writes nowhere else; the pointer is to one whole `T` that
    // nobody else sees until the call is over, and whatever bytes are written there are a `T`
    // (`Plain`). Nothing is read behind an `Echo`, for it says that no parameters follow.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), op.number().into(), argument as *mut T) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
