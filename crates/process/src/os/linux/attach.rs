//! A started process finds its parent, and ties its life to it.

use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use super::{dev_null, errno, lift, CONTROL_FD};
use crate::error::Error;
use crate::os::{Attached, ARENA_FD};

/// Attaching moves the control socket away from its number and leaves `/dev/null` there. So a second
/// copy of this library in the process, with statics of its own, sees that it comes too late, and the
/// number can't pass to some socket of the program, which it would take for the control socket.
/// (`FD_CLOEXEC` could not mark it: Node sets that on every inherited descriptor before any script.)
pub(super) fn attach() -> Result<Attached, Error> {
    let parent_pid = peer_pid()?;
    let os_error = |what| move |errno| Error::Os { what, errno };
    let null = dev_null()?;
    let socket = lift(CONTROL_FD).map_err(os_error("fcntl"))?;
    // SAFETY: takes no pointers. The starter put the socket there for us, and nobody else in this
    // process knows of it.
    if unsafe { libc::dup3(null.as_raw_fd(), CONTROL_FD, libc::O_CLOEXEC) } < 0 {
        return Err(os_error("dup3")(errno()));
    }
    // SAFETY: takes no pointers.
    unsafe { libc::fcntl(ARENA_FD, libc::F_SETFD, libc::FD_CLOEXEC) };
    die_with_parent(parent_pid);
    Ok(Attached { socket, parent_pid })
}

/// Whether `/dev/null` is where the control socket was.
fn attached_before() -> bool {
    // SAFETY: all zeroes is a valid stat; it is only written to.
    let mut there: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `there` is writable.
    let known = unsafe { libc::fstat(CONTROL_FD, &mut there) } == 0;
    let null = std::fs::metadata("/dev/null").map(|file| file.rdev());
    known && there.st_mode & libc::S_IFMT == libc::S_IFCHR && null.is_ok_and(|n| n == there.st_rdev)
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
    if result != 0 && attached_before() {
        return Err(Error::AlreadyAttached);
    }
    // A socket that is not a unix one says pid 0; one that this process made says its own.
    if result != 0 || peer.pid <= 0 || peer.pid as u32 == std::process::id() {
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
