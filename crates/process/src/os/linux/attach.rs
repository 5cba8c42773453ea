//! A started process finds its parent, and ties its life to it.

use std::mem::size_of;
use std::os::fd::{FromRawFd, OwnedFd};

use super::CONTROL_FD;
use crate::error::Error;
use crate::os::{Attached, ARENA_FD};

/// `FD_CLOEXEC` on the control socket says that somebody in this process has attached: it was clear
/// when the process began, or the socket would not have come through exec. So a second copy of this
/// library in the process, with statics of its own, sees it too.
pub(super) fn attach() -> Result<Attached, Error> {
    // SAFETY: takes no pointers.
    let flags = unsafe { libc::fcntl(CONTROL_FD, libc::F_GETFD) };
    if flags < 0 {
        return Err(Error::NotAChild);
    }
    let parent_pid = peer_pid()?;
    if flags & libc::FD_CLOEXEC != 0 {
        return Err(Error::AlreadyAttached);
    }
    for fd in [CONTROL_FD, ARENA_FD] {
        // SAFETY: takes no pointers.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    die_with_parent(parent_pid);
    Ok(Attached {
        // SAFETY: the starter put the socket at this number for us; the flag just set keeps
        // anybody else from taking it.
        socket: unsafe { OwnedFd::from_raw_fd(CONTROL_FD) },
        parent_pid,
    })
}

/// The process that made the control socket: our parent, also if it is dead.
fn peer_pid() -> Result<u32, Error> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `peer` has `length` writable bytes.
    let result = unsafe {
        libc::getsockopt(
            CONTROL_FD,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &mut length,
        )
    };
    // A socket that is not a unix one says pid 0.
    if result != 0 || peer.pid <= 0 {
        return Err(Error::NotAChild);
    }
    Ok(peer.pid as u32)
}

/// The order matters: first ask for the signal, then look whether the parent is still the parent.
/// A parent that dies before the look is seen by it, one that dies after it sends the signal.
/// The kernel keeps the wish with the *thread* that uttered it.
pub(super) fn die_with_parent(attached_to: u32) {
    // SAFETY: takes no pointers. A refusal leaves the watch of the control socket.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) };
    // SAFETY: takes no pointers.
    if unsafe { libc::getppid() } as u32 != attached_to {
        super::proc::end_self();
    }
}
