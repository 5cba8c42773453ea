//! Starting a process by `posix_spawn`.
//!
//! glibc and musl implement it by `clone(CLONE_VM | CLONE_VFORK)`: the page tables of a big parent
//! are not copied, and an exec that fails is reported by the call itself.

use std::ffi::{CString, OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use super::{dev_null, errno, lift, stdio_of, Platform, CONTROL_FD};
use crate::error::Error;
use crate::identity;
use crate::os::{Os, Spawned, ARENA_FD};
use crate::request::Request;

/// A request as the system wants it.
pub(crate) struct Prepared {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    /// Descriptors 0 to 3 of the child. All are numbered above those of the child.
    fds: [OwnedFd; 4],
    own_group: bool,
}

fn c_string(name: &'static str, text: &OsStr) -> Result<CString, Error> {
    CString::new(text.as_bytes()).map_err(|_| Error::Argument {
        name,
        was: format!("{text:?}"),
        allowed: "text without a NUL byte",
    })
}

fn os_error(what: &'static str) -> impl Fn(i32) -> Error {
    move |errno| Error::Os { what, errno }
}

impl Prepared {
    pub(super) fn new(request: &Request) -> Result<Prepared, Error> {
        let path = c_string("exec_path", &request.exec_path)?;
        if path.is_empty() {
            return Err(Error::Argument {
                name: "exec_path",
                was: "empty".into(),
                allowed: "the path of a program",
            });
        }
        let mut args = vec![path.clone()];
        for arg in &request.args {
            args.push(c_string("args", arg)?);
        }
        for arg in identity::arguments(request.slot, request.generation) {
            args.push(c_string("args", &arg)?);
        }
        let mut env = Vec::with_capacity(request.env.len());
        for (name, value) in &request.env {
            if name.is_empty() || name.as_bytes().contains(&b'=') {
                return Err(Error::Argument {
                    name: "env",
                    was: format!("{name:?}"),
                    allowed: "names that are not empty and hold no '='",
                });
            }
            let mut pair = OsString::from(name);
            pair.push("=");
            pair.push(value);
            env.push(c_string("env", &pair)?);
        }
        let null = dev_null()?;
        Ok(Prepared {
            path,
            args,
            env,
            fds: [
                lift(null.as_raw_fd()).map_err(os_error("fcntl"))?,
                stdio_of(request.stdout, 1)?,
                stdio_of(request.stderr, 2)?,
                Platform::duplicate(request.arena)?,
            ],
            own_group: request.own_group,
        })
    }

    pub(super) fn path(&self) -> OsString {
        OsStr::from_bytes(self.path.as_bytes()).to_owned()
    }
}

/// `posix_spawn_file_actions_t`, destroyed on drop.
struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn new() -> Result<FileActions, Error> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: initialises `actions`, or reports that it did not.
        match unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) } {
            // SAFETY: initialised by the call.
            0 => Ok(FileActions(unsafe { actions.assume_init() })),
            errno => Err(os_error("posix_spawn_file_actions_init")(errno)),
        }
    }

    /// In the child, `number` becomes a duplicate of `fd`, which stays open on exec.
    fn place(&mut self, fd: RawFd, number: RawFd) -> Result<(), Error> {
        // SAFETY: `self.0` is initialised.
        match unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, fd, number) } {
            0 => Ok(()),
            errno => Err(os_error("posix_spawn_file_actions_adddup2")(errno)),
        }
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// `posix_spawnattr_t`, destroyed on drop.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// No signal blocked, none ignored (the core thread blocks all, and Node ignores SIGPIPE); a
    /// process group of its own if that is wished.
    fn new(own_group: bool) -> Result<Attributes, Error> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: initialises `attributes`, or reports that it did not.
        let mut attributes = match unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) } {
            // SAFETY: initialised by the call.
            0 => Attributes(unsafe { attributes.assume_init() }),
            errno => return Err(os_error("posix_spawnattr_init")(errno)),
        };
        let mut flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
        if own_group {
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `attributes` is initialised, and so is each signal set before it is read. These
        // calls fail only for flags and pointers that are not valid.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            libc::posix_spawnattr_setsigmask(&mut attributes.0, signals.as_ptr());
            libc::sigfillset(signals.as_mut_ptr());
            libc::posix_spawnattr_setsigdefault(&mut attributes.0, signals.as_ptr());
            libc::posix_spawnattr_setpgroup(&mut attributes.0, 0);
            libc::posix_spawnattr_setflags(&mut attributes.0, flags as libc::c_short);
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// Both ends close on exec; the child's is numbered above the child's descriptors.
fn socket_pair() -> Result<(OwnedFd, OwnedFd), Error> {
    let mut pair = [0; 2];
    // SAFETY: `pair` has room for the two descriptors.
    let result = unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
            0,
            pair.as_mut_ptr(),
        )
    };
    if result != 0 {
        return Err(os_error("socketpair")(errno()));
    }
    // SAFETY: the kernel has just given us both.
    let [ours, theirs] = pair.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let theirs = lift(theirs.as_raw_fd()).map_err(os_error("fcntl"))?;
    Ok((ours, theirs))
}

/// A null-terminated array of pointers into `strings`.
fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr().cast_mut())
        .chain([ptr::null_mut()])
        .collect()
}

/// `None` where the kernel has no pidfds (before 5.3), a sandbox refuses them, or there is no
/// descriptor left: the end of the control socket tells the death then.
fn pidfd_open(pid: libc::pid_t) -> Option<OwnedFd> {
    // SAFETY: takes no pointers. The descriptor is closed on exec without asking for it.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    // SAFETY: the kernel has just given us this descriptor.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

pub(super) fn spawn(prepared: &Prepared, pidfd: bool) -> Result<Spawned, Error> {
    let (ours, theirs) = socket_pair()?;
    let mut actions = FileActions::new()?;
    for (number, fd) in prepared.fds.iter().enumerate() {
        actions.place(fd.as_raw_fd(), number as RawFd)?;
    }
    debug_assert_eq!((prepared.fds.len() as RawFd - 1, CONTROL_FD), (ARENA_FD, 4));
    actions.place(theirs.as_raw_fd(), CONTROL_FD)?;
    let attributes = Attributes::new(prepared.own_group)?;
    let args = pointers(&prepared.args);
    let env = pointers(&prepared.env);
    let mut pid = 0;
    // SAFETY: `args` and `env` end with a null and point into strings that `prepared` holds;
    // `actions` and `attributes` are initialised; the strings are not written to.
    let errno = unsafe {
        libc::posix_spawn(
            &mut pid,
            prepared.path.as_ptr(),
            &actions.0,
            &attributes.0,
            args.as_ptr(),
            env.as_ptr(),
        )
    };
    if errno != 0 {
        return Err(Error::Spawn {
            path: prepared.path(),
            errno,
        });
    }
    Ok(Spawned {
        pid: pid as u32,
        // The child is not reaped yet, so the pid can't have passed to another.
        death: if pidfd { pidfd_open(pid) } else { None },
        socket: ours,
    })
}
