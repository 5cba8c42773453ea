//! V8's own functions, `v8::base::ieee754::*`: Node's executable exports them. They know no isolate, so any thread may call them.

use super::Function;

/// Candidates for a function, the likeliest first.
pub fn find(name: &str) -> Vec<Function> {
    let two = matches!(name, "atan2" | "pow");
    let mut symbols = vec![mangled("", name, two)];
    if name == "pow" {
        symbols.push(mangled("legacy", name, two));
    }
    symbols
        .into_iter()
        .filter_map(|symbol| lookup(&symbol))
        .map(|address| {
            // SAFETY: the mangled name says what the function takes; all of them return a double, as V8's source has it.
            unsafe {
                if two {
                    Function::Two(std::mem::transmute::<
                        usize,
                        unsafe extern "C" fn(f64, f64) -> f64,
                    >(address))
                } else {
                    Function::One(
                        std::mem::transmute::<usize, unsafe extern "C" fn(f64) -> f64>(address),
                    )
                }
            }
        })
        .collect()
}

#[cfg(not(windows))]
fn mangled(inner: &str, name: &str, two: bool) -> String {
    let part = |name: &str| {
        if name.is_empty() {
            String::new()
        } else {
            format!("{}{name}", name.len())
        }
    };
    format!(
        "_ZN2v84base7ieee754{}{}E{}",
        part(inner),
        part(name),
        if two { "dd" } else { "d" }
    )
}

#[cfg(windows)]
fn mangled(inner: &str, name: &str, two: bool) -> String {
    let inner = if inner.is_empty() {
        String::new()
    } else {
        format!("{inner}@")
    };
    format!(
        "?{name}@{inner}ieee754@base@v8@@YAN{}@Z",
        if two { "NN" } else { "N" }
    )
}

#[cfg(unix)]
fn lookup(symbol: &str) -> Option<usize> {
    let symbol = std::ffi::CString::new(symbol).ok()?;
    // SAFETY: a C string; RTLD_DEFAULT looks through what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, symbol.as_ptr()) } as usize;
    (address != 0).then_some(address)
}

#[cfg(windows)]
fn lookup(symbol: &str) -> Option<usize> {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleW(name: *const u16) -> isize;
        fn GetProcAddress(module: isize, name: *const std::ffi::c_char) -> usize;
    }
    let symbol = std::ffi::CString::new(symbol).ok()?;
    // SAFETY: the executable's own module, and a C string.
    let address = unsafe { GetProcAddress(GetModuleHandleW(std::ptr::null()), symbol.as_ptr()) };
    (address != 0).then_some(address)
}

#[cfg(test)]
mod test {
    #[test]
    #[cfg(not(windows))]
    fn names_are_mangled_as_the_compiler_does() {
        assert_eq!(
            super::mangled("", "sin", false),
            "_ZN2v84base7ieee7543sinEd"
        );
        assert_eq!(
            super::mangled("legacy", "pow", true),
            "_ZN2v84base7ieee7546legacy3powEdd"
        );
        assert!(super::find("sin").is_empty(), "this is not Node");
    }
}
