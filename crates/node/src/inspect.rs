//! A look at a running tree, for `multiproc inspect`: the arena is found among the descriptors of any of its processes.

use std::fmt::Write;
use std::fs::{read_dir, read_link, File};

use multiproc_shm::inspect::{snapshot, Detail, Snapshot};
use multiproc_shm::Arena;
use napi_derive::napi;

use crate::error::{coded, shm_error, Result};

/// The tree that process `pid` belongs to, as JSON (src/inspect/format.ts has the shape). Needs the right to read
/// /proc/PID/fd: the same user's, or root's.
#[napi(catch_unwind)]
pub fn inspect(pid: u32) -> Result<String> {
    let folder = format!("/proc/{pid}/fd");
    let entries = read_dir(&folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            coded("ERR_NO_PROCESS", format!("there is no process {pid}"))
        }
        _ => coded("ERR_SYSTEM", format!("{folder}: {error}")),
    })?;
    for entry in entries.flatten() {
        let path = entry.path();
        if !read_link(&path).is_ok_and(|to| to.to_string_lossy().contains("multiproc")) {
            continue;
        }
        // A descriptor of another process's memfd is opened anew: readable and writable, as the mapping wants it.
        let file = File::options().read(true).write(true).open(&path);
        let Ok(file) = file else { continue };
        let arena = Arena::attach(file.into()).map_err(shm_error)?;
        return Ok(json(&snapshot(&arena)));
    }
    Err(coded(
        "ERR_NO_TREE",
        format!(
            "process {pid} does not belong to a tree of multiproc (or has not made anything yet)"
        ),
    ))
}

fn text(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn json(tree: &Snapshot) -> String {
    let slots: Vec<String> = tree
        .slots
        .iter()
        .map(|s| {
            format!(
                r#"{{"slot":{},"phase":{},"pid":{},"tid":{},"parent":{},"name":{}}}"#,
                s.slot,
                text(&format!("{:?}", s.phase).to_lowercase()),
                s.pid,
                s.tid,
                s.parent,
                text(&s.name)
            )
        })
        .collect();
    let objects: Vec<String> = tree
        .objects
        .iter()
        .map(|o| {
            let detail = match &o.detail {
                Detail::Mutex { owner, died, waiters, armed } => format!(
                    r#","owner":{},"died":{died},"waiters":{waiters},"armed":{armed:?}"#,
                    owner.map_or("null".to_owned(), |slot| slot.to_string())
                ),
                Detail::Queue { size, max_size, closed, pipe, unfinished, done, producers, poppers, pushers, .. } => format!(
                    r#","size":{size},"pipe":{pipe},"unfinished":{unfinished},"done":{done},"maxSize":{max_size},"closed":{closed},"producers":{producers},"waitingToGet":{poppers:?},"waitingToPut":{pushers:?}"#
                ),
                Detail::Value { kind } => format!(r#","type":{kind}"#),
                Detail::Semaphore { value, first, bounded, owners, waiters, armed } => format!(
                    r#","value":{value},"first":{first},"bounded":{bounded},"owners":{owners:?},"waiters":{waiters},"armed":{armed:?}"#
                ),
                Detail::RwLock { writer, died, readers, waiters, armed } => format!(
                    r#","owner":{},"died":{died},"readers":{readers:?},"waiters":{waiters},"armed":{armed:?}"#,
                    writer.map_or("null".to_owned(), |slot| slot.to_string())
                ),
                Detail::Condition { lock, waiting } => {
                    let waiting: Vec<String> = waiting
                        .iter()
                        .map(|(slot, n)| format!("[{slot},{n}]"))
                        .collect();
                    format!(r#","lock":{},"waiting":[{}]"#, lock.as_u64(), waiting.join(","))
                }
                Detail::Event { set, waiters, armed } => {
                    format!(r#","set":{set},"waiters":{waiters},"armed":{armed:?}"#)
                }
                Detail::Barrier { parties, waiting, broken, armed } => format!(
                    r#","parties":{parties},"waiting":{waiting},"broken":{broken},"armed":{armed:?}"#
                ),
                Detail::Other => String::new(),
            };
            format!(
                r#"{{"id":{},"kind":{},"label":{},"bytes":{},"holders":{:?}{detail}}}"#,
                o.id.as_u64(),
                text(&format!("{:?}", o.kind)),
                text(&o.label),
                o.bytes,
                o.holders
            )
        })
        .collect();
    format!(
        r#"{{"tree":{},"rootPid":{},"used":{},"budget":{},"slots":[{}],"objects":[{}]}}"#,
        text(&tree.tree),
        tree.root_pid,
        tree.used,
        tree.budget,
        slots.join(","),
        objects.join(",")
    )
}
