//! The program that the tests start.
//!
//! `process-probe serve`: a child that does what messages tell it (the kinds are below).
//! `process-probe asleep | busy | slow-boot`: a child that does just that.
//! `process-probe parent <how> <count>`: starts children that do `how`, and sleeps. Prints their
//! pids, and those of their children, one a line, then `ok`.
//! `process-probe exhaust`: starts children until descriptors run out, and again when they are back.
//! `process-probe family`: a child that starts children of its own and sleeps.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod parent;

#[cfg(target_os = "linux")]
fn main() {
    let how = std::env::args().nth(1).unwrap_or_default();
    match how.as_str() {
        "serve" => child::serve(),
        "asleep" => child::asleep(),
        "busy" => child::busy(),
        "slow-boot" => child::slow_boot(),
        "family" => parent::family(),
        "parent" => parent::parent(),
        "exhaust" => parent::exhaust(),
        _ => panic!("process-probe: unknown part {how:?}"),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
