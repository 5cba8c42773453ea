//! Who a started process is: its slot, on its command line.

use std::ffi::{OsStr, OsString};

/// Stands before the slot and the generation on a child's command line.
const MARK: &str = "--multiproc-child";

/// The slot that a parent claimed for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub slot: u32,
    pub generation: u32,
}

/// The last three words of a child's command line.
pub(crate) fn arguments(slot: u32, generation: u32) -> [OsString; 3] {
    [
        MARK.into(),
        slot.to_string().into(),
        generation.to_string().into(),
    ]
}

/// Reads the identity from a command line. Only its last three words count, so that an argument
/// of the program that looks like ours does not.
pub fn identity(args: impl Iterator<Item = OsString>) -> Option<Identity> {
    let args: Vec<OsString> = args.collect();
    let [.., mark, slot, generation] = args.as_slice() else {
        return None;
    };
    if mark != OsStr::new(MARK) {
        return None;
    }
    Some(Identity {
        slot: slot.to_str()?.parse().ok()?,
        generation: generation.to_str()?.parse().ok()?,
    })
}
