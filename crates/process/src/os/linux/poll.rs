//! Waiting for descriptors, and being woken from it by another thread.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::errno;
use crate::error::Error;
use crate::os::Interest;

pub(super) fn waker() -> Result<OwnedFd, Error> {
    // SAFETY: takes no pointers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if fd < 0 {
        return Err(Error::Os {
            what: "eventfd",
            errno: errno(),
        });
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(super) fn wake(waker: &OwnedFd) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: eight readable bytes. It fails only where the counter is full, and is readable then.
    unsafe { libc::write(waker.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

pub(super) fn rest(waker: &OwnedFd) {
    let mut count = [0u8; 8];
    // SAFETY: eight writable bytes. It fails only where the counter is zero already.
    unsafe { libc::read(waker.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

pub(super) fn poll(interests: &mut [Interest], timeout: Option<Duration>) {
    let mut fds: Vec<libc::pollfd> = interests
        .iter()
        .map(|interest| libc::pollfd {
            // A negative number is never ready.
            fd: interest.handle.unwrap_or(-1),
            events: libc::POLLIN | if interest.write { libc::POLLOUT } else { 0 },
            revents: 0,
        })
        .collect();
    // Rounded up: a poll that ends just before a deadline would only be repeated.
    let millis = timeout.map_or(-1, |t| {
        t.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32
    });
    // SAFETY: `fds` is a live array of that many entries.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, millis) };
    if ready < 0 && errno() != libc::EINTR {
        // ENOMEM, or more descriptors than RLIMIT_NOFILE allows (it may be lowered at any time):
        // look at each of them in turn rather than not at all.
        for fd in &mut fds {
            // SAFETY: one live entry.
            unsafe { libc::poll(fd, 1, 0) };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    const GONE: i16 = libc::POLLHUP | libc::POLLERR | libc::POLLNVAL;
    for (interest, fd) in interests.iter_mut().zip(&fds) {
        interest.readable = fd.revents & (libc::POLLIN | GONE) != 0;
        interest.writable = fd.revents & libc::POLLOUT != 0;
    }
}
