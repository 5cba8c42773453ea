//! Runs an operation in a process of its own, instruction by instruction, and kills it after some.

use multiproc_shm::{Arena, Heap, Id, Slot};
use std::time::Instant;

pub const ROOT: Slot = 0;
/// The one that dies.
pub const A: Slot = 1;

/// An operation. `kill_after` kills it after so many instructions, repairs, checks, and says how many it had done.
pub struct Case {
    pub name: &'static str,
    pub kill_after: Box<dyn Fn(u64) -> u64>,
}

fn wait(pid: i32) -> i32 {
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(pid, &mut status, 0) };
    status
}

/// In `op`: what comes now is stepped through.
pub fn begin() {
    // SAFETY: no pointers; the parent waits for the stop.
    unsafe {
        libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
        libc::raise(libc::SIGSTOP);
    }
}

/// A child that has come to the `begin()` of `op`, as A, which holds `held`.
fn child(arena: &Arena, held: &[Id], op: impl FnOnce(&Arena, &mut Heap)) -> i32 {
    // SAFETY: this program has one thread, so the child may do anything. It never returns.
    unsafe {
        let pid = libc::fork();
        if pid != 0 {
            assert!(pid > 0);
            assert!(libc::WIFSTOPPED(wait(pid)));
            return pid;
        }
        // the mapping is not inherited by a fork
        let own = Arena::attach(arena.handle().try_clone().unwrap()).unwrap();
        let mut heap = Heap::new(&own, A);
        for id in held {
            heap.adopt(*id).unwrap();
        }
        op(&own, &mut heap);
        libc::_exit(0);
    }
}

/// Does `op` as A in a process that is killed `k` instructions after its `begin()`, or ends before. How many it did.
pub fn kill(arena: &Arena, held: &[Id], k: u64, op: impl FnOnce(&Arena, &mut Heap)) -> u64 {
    let pid = child(arena, held, op);
    for n in 0..k {
        // SAFETY: our own stopped child.
        unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, pid, 0, 0) };
        let status = wait(pid);
        if libc::WIFEXITED(status) {
            assert_eq!(libc::WEXITSTATUS(status), 0);
            return n;
        }
        assert!(libc::WIFSTOPPED(status), "the operation crashed");
    }
    // SAFETY: our own stopped child.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    wait(pid);
    k
}

/// Every k of each case whose name contains `only`; where a budget is given, as many as make about so many instructions a case.
pub fn run(cases: Vec<Case>, only: &str, budget: Option<u64>) {
    let begun = Instant::now();
    let mut total = 0;
    for Case { name, kill_after } in cases.into_iter().filter(|case| case.name.contains(only)) {
        let n = kill_after(u64::MAX);
        let most = budget.map_or(u64::MAX, |budget| (2 * budget / n.max(1)).clamp(3, 20));
        let stride = n.div_ceil(most).max(1);
        let mut k = 0;
        let mut kills = 0;
        while k <= n {
            kill_after(k);
            kills += 1;
            k += stride;
        }
        total += kills;
        println!("{name}: {n} instructions, {kills} kills, all repaired");
    }
    println!("{total} kills, {:.1?}", begun.elapsed());
}
