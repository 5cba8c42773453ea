//! A system that does not let a program make code: a clean refusal.
#![cfg(target_os = "linux")]

mod common;

use common::request;
use multiproc_kernel::math::Functions;
use multiproc_kernel::{CompileError, ElementKind, Kernel};

/// `<linux/prctl.h>`: from Linux 6.3 on.
const PR_SET_MDWE: libc::c_int = 65;
const PR_MDWE_REFUSE_EXEC_GAIN: libc::c_ulong = 1;

/// Forbids this process, from now on, to make memory executable. False where the kernel does not know that.
fn forbid() -> bool {
    // SAFETY: sets a flag of this process; nothing is pointed to.
    unsafe { libc::prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0 }
}

/// The only test of this program: the flag can't be taken back.
#[test]
fn a_system_that_forbids_code_refuses_every_function() {
    let request = request("(x) => x * 2", 1, Some(ElementKind::Float64));
    assert!(Kernel::compile(&request, &Functions::default()).is_ok());
    if !forbid() {
        println!("not tried: this Linux has no PR_SET_MDWE");
        return;
    }
    match Kernel::compile(&request, &Functions::default()) {
        Err(CompileError::Refused(issue)) => {
            let why = "this system does not let a program make code";
            assert!(issue.message.contains(why), "{}", issue.message);
        }
        other => panic!("{other:?}"),
    }
}
