//! Threads for runs that nobody waits for: one for each run, kept for a while.

use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

type Task = Box<dyn FnOnce() + Send>;

/// A thread that waits for a task. Whoever takes it out of the list sends it one.
struct Idle {
    id: u64,
    tasks: Sender<Task>,
}

#[derive(Default)]
struct Threads {
    idle: Vec<Idle>,
    created: u64,
}

static THREADS: Mutex<Threads> = Mutex::new(Threads {
    idle: Vec::new(),
    created: 0,
});
/// So long a thread waits for another task.
const LINGER: Duration = Duration::from_secs(2);
/// Stack of a thread: it runs kernels too.
const STACK: usize = 4 << 20;

fn threads() -> std::sync::MutexGuard<'static, Threads> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `task` on a thread of its own. False, and the task is dropped, where the system has no more threads.
pub fn spawn(task: Task) -> bool {
    let mut threads = threads();
    if let Some(thread) = threads.idle.pop() {
        // It waits for it: it only ends after it took itself out of the list.
        return thread.tasks.send(task).is_ok();
    }
    threads.created += 1;
    let id = threads.created;
    drop(threads);
    let (tasks, received) = channel();
    let own = tasks.clone();
    let builder = std::thread::Builder::new()
        .name("multiproc-run".into())
        .stack_size(STACK);
    builder.spawn(move || serve(id, &own, &received)).is_ok() && tasks.send(task).is_ok()
}

fn serve(id: u64, own: &Sender<Task>, received: &Receiver<Task>) {
    let mut next = received.recv().ok();
    while let Some(task) = next {
        task();
        threads().idle.push(Idle {
            id,
            tasks: own.clone(),
        });
        next = received.recv_timeout(LINGER).ok();
        if next.is_none() {
            let mut threads = threads();
            let before = threads.idle.len();
            threads.idle.retain(|thread| thread.id != id);
            if threads.idle.len() == before {
                // Somebody took it, and sent the task before the list was free again.
                next = received.try_recv().ok();
            }
        }
    }
}
