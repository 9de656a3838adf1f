//! Has the crate built again when the console was.

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
}
