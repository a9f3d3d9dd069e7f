//! How the program is linked.
//!
//! Most of what stands in memory when nothing happens is the program itself, and of that two megabytes are the list of
//! addresses that are put right when it is loaded. Packed, the list is a few kilobytes. The C library of the machine must know
//! the packed form (glibc 2.36 does), so it is asked; where it cannot be, all stays as it is.

use std::env;
use std::process::Command;

/// The first glibc that can load packed relocations (<https://sourceware.org/glibc/wiki/Release/2.36>).
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let setting = |name: &str| env::var(name).unwrap_or_default();
    let is_for_this_machine = setting("HOST") == setting("TARGET") && setting("CARGO_CFG_TARGET_ENV") == "gnu";
    if is_for_this_machine && glibc().is_some_and(|version| version >= PACKED_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc, from `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
