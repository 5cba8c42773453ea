fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Unloading the addon with the last worker thread while a core thread runs is a crash.
        println!("cargo:rustc-link-arg=-Wl,-z,nodelete");
    }
}
