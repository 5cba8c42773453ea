//! Bytes and descriptors over a unix stream socket, without blocking.

use std::collections::VecDeque;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::errno;
use crate::message::MOST_HANDLES;
use crate::os::Transfer;

/// Room for one `SCM_RIGHTS` of `MOST_HANDLES` descriptors, aligned as a `cmsghdr` must be.
#[repr(C, align(8))]
struct Ancillary([u8; 24 + size_of::<RawFd>() * MOST_HANDLES]);

impl Ancillary {
    fn new() -> Ancillary {
        Ancillary([0; 24 + size_of::<RawFd>() * MOST_HANDLES])
    }
}

pub(super) fn read(
    socket: &OwnedFd,
    into: &mut [u8],
    handles: Option<&mut VecDeque<OwnedFd>>,
) -> Transfer {
    loop {
        let count = match handles {
            None => {
                // SAFETY: writes at most `into.len()` bytes into `into`. Descriptors that were
                // sent along are closed by the kernel, since there is no room for them.
                unsafe {
                    libc::recv(
                        socket.as_raw_fd(),
                        into.as_mut_ptr().cast(),
                        into.len(),
                        libc::MSG_DONTWAIT,
                    )
                }
            }
            Some(handles) => return read_with_handles(socket, into, handles),
        };
        if count > 0 {
            return Transfer::Bytes(count as usize);
        }
        if count == 0 {
            return Transfer::Closed;
        }
        match errno() {
            libc::EINTR => {}
            libc::EAGAIN => return Transfer::Later,
            _ => return Transfer::Closed,
        }
    }
}

fn read_with_handles(
    socket: &OwnedFd,
    into: &mut [u8],
    handles: &mut VecDeque<OwnedFd>,
) -> Transfer {
    let mut ancillary = Ancillary::new();
    let mut part = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    // SAFETY: all zeroes is a valid msghdr (musl's has private padding).
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    let count = loop {
        message.msg_control = ancillary.0.as_mut_ptr().cast();
        message.msg_controllen = ancillary.0.len() as _;
        // SAFETY: `message` points at `part`, `into` and `ancillary`, which outlive the call.
        let count = unsafe {
            libc::recvmsg(
                socket.as_raw_fd(),
                &mut message,
                libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC,
            )
        };
        if count >= 0 || errno() != libc::EINTR {
            break count;
        }
    };
    if count < 0 {
        return match errno() {
            libc::EAGAIN => Transfer::Later,
            _ => Transfer::Closed,
        };
    }
    // SAFETY: the kernel has filled in `msg_controllen` bytes of headers and data.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&message) };
    while !header.is_null() {
        // SAFETY: `header` lies within `ancillary` as CMSG_FIRSTHDR and CMSG_NXTHDR say; data of
        // SCM_RIGHTS are descriptors that now belong to us, and only to us.
        unsafe {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(header).cast::<RawFd>();
                for i in 0..bytes / size_of::<RawFd>() {
                    handles.push_back(OwnedFd::from_raw_fd(data.add(i).read_unaligned()));
                }
            }
            header = libc::CMSG_NXTHDR(&message, header);
        }
    }
    if count == 0 {
        return Transfer::Closed;
    }
    Transfer::Bytes(count as usize)
}

pub(super) fn write(socket: &OwnedFd, parts: [&[u8]; 2], handles: &[OwnedFd]) -> Transfer {
    debug_assert!(handles.len() <= MOST_HANDLES);
    let mut ancillary = Ancillary::new();
    let mut vector = parts.map(|part| libc::iovec {
        iov_base: part.as_ptr().cast_mut().cast(),
        iov_len: part.len(),
    });
    // SAFETY: all zeroes is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vector.as_mut_ptr();
    message.msg_iovlen = vector.len() as _;
    if !handles.is_empty() {
        let bytes = std::mem::size_of_val(handles) as u32;
        message.msg_control = ancillary.0.as_mut_ptr().cast();
        // SAFETY: CMSG_SPACE only computes; `ancillary` has room for MOST_HANDLES descriptors, so
        // the first header and its data lie within it.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(bytes) as _;
            let header = libc::CMSG_FIRSTHDR(&message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(bytes) as _;
            let data = libc::CMSG_DATA(header).cast::<RawFd>();
            for (i, handle) in handles.iter().enumerate() {
                data.add(i).write_unaligned(handle.as_raw_fd());
            }
        }
    }
    loop {
        // SAFETY: `message` points at `vector`, `parts` and `ancillary`, which outlive the call;
        // sendmsg only reads them.
        let count = unsafe {
            libc::sendmsg(
                socket.as_raw_fd(),
                &message,
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
        if count > 0 {
            return Transfer::Bytes(count as usize);
        }
        match errno() {
            _ if count == 0 => return Transfer::Later,
            libc::EINTR => {}
            libc::EAGAIN => return Transfer::Later,
            // The kernel is short of memory, or this user has more descriptors under way than
            // RLIMIT_NOFILE. That passes, but poll calls the socket writable meanwhile: the pause
            // keeps the core thread from spinning.
            libc::ENOBUFS | libc::ENOMEM | libc::ETOOMANYREFS => {
                std::thread::sleep(std::time::Duration::from_millis(1));
                return Transfer::Later;
            }
            _ => return Transfer::Closed,
        }
    }
}
