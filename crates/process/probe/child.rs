//! The child's parts.

use std::io::Write;
use std::time::Duration;

use multiproc_process::{Child, Control, Core, Ended, Events, ExitStatus, Options, Received};

/// Kinds of messages that [`serve`] obeys.
mod order {
    pub const ECHO: u8 = 1;
    /// Exit with the code in the first byte, at once.
    pub const EXIT: u8 = 2;
    /// Send itself the signal in the first byte.
    pub const SIGNAL: u8 = 3;
    /// Write the bytes to standard output and error.
    pub const PRINT: u8 = 4;
    /// Send as many messages as the u32 says, numbered, then exit with code 0.
    pub const COUNT: u8 = 5;
    /// Write the bytes to the descriptor that came along.
    pub const WRITE: u8 = 6;
    /// Compute for ever.
    pub const SPIN: u8 = 7;
    /// Close the control socket and sleep.
    pub const HANG_UP: u8 = 8;
    /// Write the bytes to the control socket as they are, and sleep.
    pub const RAW: u8 = 9;
    /// Tell about this process.
    pub const TELL: u8 = 10;
    /// Start a process that holds the control socket open, and exit.
    pub const LEAVE_HEIR: u8 = 11;
    /// Sleep so many milliseconds before reading on.
    pub const PAUSE: u8 = 12;
}

struct Silent;

impl Events for Silent {
    fn message(&mut self, _: Child, _: u8, _: &[u8]) {}
    fn exit(&mut self, _: Child, _: ExitStatus, _: Option<Ended>) {}
}

fn attach() -> Control {
    let core = Core::new(Options::default(), Silent);
    core.attach().expect("attach")
}

pub fn asleep() {
    let control = attach();
    loop {
        let _ = control.receive(None);
    }
}

pub fn busy() {
    let control = attach();
    let _ = control.receive(Some(Duration::ZERO));
    spin()
}

pub fn slow_boot() {
    std::thread::sleep(Duration::from_millis(300));
    asleep()
}

fn spin() -> ! {
    let mut x = 1u64;
    loop {
        x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1));
    }
}

pub fn serve() {
    let control = attach();
    loop {
        match control.receive(None).expect("receive") {
            None => unreachable!("no timeout was given"),
            Some(Received::Adopted {
                payload,
                chdir_error,
            }) => {
                let cwd = std::env::current_dir().expect("cwd");
                let text = format!(
                    "adopted {} in {} with {:?}",
                    String::from_utf8_lossy(&payload),
                    cwd.display(),
                    chdir_error
                );
                control.send(0, text.into_bytes()).expect("send");
            }
            Some(Received::Message { kind, bytes, fds }) => obey(&control, kind, bytes, fds),
        }
    }
}

fn obey(control: &Control, kind: u8, bytes: Vec<u8>, fds: Vec<std::os::fd::OwnedFd>) {
    match kind {
        order::ECHO => control.send(order::ECHO, bytes).expect("send"),
        order::EXIT => std::process::exit(bytes[0].into()),
        order::SIGNAL => {
            // SAFETY: no pointers but SIG_DFL. Rust's own handler of SIGSEGV would swallow it.
            unsafe {
                libc::signal(bytes[0].into(), libc::SIG_DFL);
                libc::kill(libc::getpid(), bytes[0].into())
            };
        }
        order::PRINT => {
            std::io::stdout().write_all(&bytes).expect("stdout");
            std::io::stdout().flush().expect("stdout");
            std::io::stderr().write_all(&bytes).expect("stderr");
            control.send(order::PRINT, Vec::new()).expect("send");
        }
        order::COUNT => {
            let count = u32::from_ne_bytes(bytes[..4].try_into().unwrap());
            for i in 0..count {
                control
                    .send(order::COUNT, i.to_ne_bytes().to_vec())
                    .expect("send");
            }
            assert!(control.flush(Duration::from_secs(20)));
            std::process::exit(0);
        }
        order::WRITE => {
            for fd in fds {
                std::fs::File::from(fd).write_all(&bytes).expect("write");
            }
        }
        order::SPIN => spin(),
        order::HANG_UP => {
            // SAFETY: the probe's own way to misbehave: nothing reads the descriptor afterwards,
            // since this thread sleeps and the socket is at its end for the core thread.
            unsafe { libc::shutdown(control_fd(), libc::SHUT_WR) };
            std::thread::sleep(Duration::from_secs(600));
        }
        order::RAW => {
            // SAFETY: `bytes` is readable.
            unsafe { libc::write(control_fd(), bytes.as_ptr().cast(), bytes.len()) };
            std::thread::sleep(Duration::from_secs(600));
        }
        order::TELL => control
            .send(order::TELL, tell().into_bytes())
            .expect("send"),
        order::LEAVE_HEIR => {
            // SAFETY: the new process calls only async-signal-safe functions.
            unsafe {
                if libc::fork() == 0 {
                    libc::sleep(3);
                    libc::_exit(0);
                }
            }
            std::process::exit(7);
        }
        order::PAUSE => std::thread::sleep(Duration::from_millis(bytes[0].into())),
        _ => panic!("process-probe: unknown message {kind}"),
    }
}

/// The socket whose other end was made by the parent. Standard output may be a socket too, of somebody else's.
fn control_fd() -> i32 {
    descriptors()
        .into_iter()
        .find(|(fd, target)| *fd > 2 && target.starts_with("socket:") && made_by_parent(*fd))
        .expect("the control socket")
        .0
}

fn made_by_parent(socket: i32) -> bool {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = std::mem::size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `peer` has `length` writable bytes.
    unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &mut length,
        ) == 0
            && peer.pid == libc::getppid()
    }
}

/// Open descriptors, and what they are, in order.
fn descriptors() -> Vec<(i32, String)> {
    let mut fds: Vec<(i32, String)> = std::fs::read_dir("/proc/self/fd")
        .expect("fd")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = std::fs::read_link(entry.path()).ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, target.display().to_string()))
        })
        .collect();
    // The folder that was just read is open too.
    fds.retain(|(_, target)| !target.ends_with("/fd"));
    fds.sort();
    fds
}

/// Lines `name value`: arguments, environment, open descriptors, blocked and ignored signals.
fn tell() -> String {
    let mut text = String::new();
    for arg in std::env::args() {
        text += &format!("arg {arg}\n");
    }
    for (name, value) in std::env::vars() {
        text += &format!("env {name}={value}\n");
    }
    let identity = multiproc_process::identity(std::env::args_os()).expect("identity");
    text += &format!("slot {} {}\n", identity.slot, identity.generation);
    let again = Core::new(Options::default(), Silent).attach();
    text += &format!("again {:?}\n", again.err().expect("a second attach"));
    // SAFETY: takes no pointers.
    let (pid, group) = unsafe { (libc::getpid(), libc::getpgrp()) };
    text += &format!("group {}\n", if pid == group { "own" } else { "inherited" });
    for (fd, target) in descriptors() {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = info
            .lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok())
            .unwrap_or(0);
        let kept = if flags & libc::O_CLOEXEC == 0 {
            "kept"
        } else {
            "cloexec"
        };
        text += &format!("fd {fd} {kept} {target}\n");
    }
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("status");
    for line in status.lines() {
        if line.starts_with("SigBlk") || line.starts_with("SigIgn") {
            text += &line.replace(":\t", " ");
            text.push('\n');
        }
    }
    text
}
