//! Has the crate built again when the console was, where that is embedded. Debug builds read it from disk.

fn main() {
    let profile = std::env::var("PROFILE").unwrap_or_default();
    println!("cargo::rerun-if-changed={}", if profile == "debug" { "build.rs" } else { "../web/dist" });
}
