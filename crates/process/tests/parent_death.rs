//! Row 10: the parent is SIGKILLed, and nothing is left.

#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{eventually, runs, PROBE};

/// Starts a parent whose children do `how`, SIGKILLs it, and sees that they are gone.
fn kill_parent_of(how: &str, count: usize, expected: usize) {
    let mut parent = Command::new(PROBE)
        .args(["parent", how, &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pids: Vec<u32> = Vec::new();
    let mut heir: Option<i32> = None;
    for line in BufReader::new(parent.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("heir", pid)) => heir = pid.parse().ok(),
            _ if line == "ok" => break,
            _ => pids.push(line.parse().unwrap()),
        }
    }
    assert_eq!(pids.len(), expected);
    assert!(pids.iter().all(|&pid| runs(pid)));
    let killed = Instant::now();
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("all gone", || !pids.iter().any(|&pid| runs(pid)));
    // Promised is one second; this machine may be busy.
    assert!(killed.elapsed() < Duration::from_secs(5));
    if let Some(heir) = heir {
        // SAFETY: takes no pointers. It sleeps for a minute, so the pid is its own.
        unsafe { libc::kill(heir, libc::SIGKILL) };
    }
}

#[test]
fn busy_children_go() {
    kill_parent_of("busy", 3, 3);
}

#[test]
fn sleeping_children_go() {
    kill_parent_of("asleep", 3, 3);
}

#[test]
fn booting_children_go() {
    kill_parent_of("slow-boot", 3, 3);
}

#[test]
fn grandchildren_go() {
    kill_parent_of("family", 2, 8);
}

/// A process that the parent forked holds the control sockets open, so that they do not end: the
/// kernel's signal does it alone.
#[test]
fn children_go_also_if_the_sockets_stay_open() {
    kill_parent_of("busy+heir", 2, 2);
    kill_parent_of("slow-boot+heir", 2, 2);
}

/// A child of this test, with a socket to it as the starter would give it.
fn start_by_hand(how: &str) -> (std::process::Child, OwnedFd) {
    let mut pair = [0; 2];
    // SAFETY: `pair` has room for two descriptors, which are then ours.
    let [ours, theirs] = unsafe {
        let result = libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
            0,
            pair.as_mut_ptr(),
        );
        assert_eq!(result, 0);
        pair.map(|fd| OwnedFd::from_raw_fd(fd))
    };
    let fd = theirs.as_raw_fd();
    let mut command = Command::new(PROBE);
    command.args([how, "--multiproc-child", "1", "1"]);
    // SAFETY: dup2 and fcntl are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            if fd == 4 {
                libc::fcntl(4, libc::F_SETFD, 0);
            } else {
                libc::dup2(fd, 4);
            }
            libc::dup2(0, 3);
            Ok(())
        })
    };
    (command.spawn().unwrap(), ours)
}

/// The parent lives, so the kernel sends nothing: the watch of the socket does it alone.
#[test]
fn children_go_at_the_end_of_their_socket() {
    for how in ["busy", "asleep", "slow-boot"] {
        let (mut child, socket) = start_by_hand(how);
        if how != "slow-boot" {
            // The eight bytes that say that it has booted.
            let mut ready = [0u8; 8];
            // SAFETY: `ready` has eight writable bytes.
            let count =
                unsafe { libc::read(socket.as_raw_fd(), ready.as_mut_ptr().cast(), ready.len()) };
            assert_eq!(count, 8);
        }
        assert!(runs(child.id()));
        drop(socket);
        eventually("it is gone", || child.try_wait().unwrap().is_some());
    }
}
