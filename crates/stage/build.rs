//! Makes the shim (`src/shim/shim.c`) a part of this crate: services of users need no compiler. The grammars need one here anyway.

#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and runs the compiler")]

use std::env::var_os;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=src/shim/shim.c");
    let out = PathBuf::from(var_os("OUT_DIR").ok_or("no folder to write to")?).join("shim.so");
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if !linux {
        // Elsewhere addresses are rewritten in settings, and clients are told of a proxy.
        std::fs::write(&out, [])?;
        return Ok(());
    }
    let compiler = cc::Build::new().pic(true).opt_level(2).cargo_metadata(false).get_compiler();
    let done = compiler.to_command().args(["-shared", "-o"]).arg(&out).arg("src/shim/shim.c").arg("-ldl").status()?;
    if done.success() { Ok(()) } else { Err(format!("the shim does not compile: {done}").into()) }
}
