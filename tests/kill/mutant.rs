//! A copy of the product with one mechanism taken out of its source, built beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The product as it is built.
const PRODUCT: &str = env!("CARGO_BIN_EXE_botswain");

/// What is taken out: text that stands in the source exactly once, and what stands there instead.
pub struct Mutant {
    pub name: &'static str,
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

/// One copy is built at a time: they are built in one folder.
static BUILDING: Mutex<()> = Mutex::new(());

/// The built copy.
pub struct Built {
    pub path: PathBuf,
    _folder: TempDir,
}

impl Mutant {
    /// Builds the program.
    pub fn build(&self) -> Built {
        let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.copied();
        let built = cargo(&folder).args(["--no-run", "--test", "nothing"]).status().unwrap();
        assert!(built.success(), "the copy without the {} does not build", self.name);
        let path = folder.path().join("botswain");
        std::fs::copy(target().join("debug/botswain"), &path).unwrap();
        Built { path, _folder: folder }
    }

    /// Builds these tests against it, and runs the one of this name with these settings. What they said, if they failed.
    pub fn test(&self, tests: &str, name: &str, settings: &[(&str, String)]) -> Option<String> {
        let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.copied();
        for part in [tests, "kill", "description"] {
            let part = format!("tests/{part}");
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(&part), &folder.path().join(&part));
        }
        let built = cargo(&folder).args(["--no-run", "--test", tests]).status().unwrap();
        assert!(built.success(), "the copy without the {} does not build", self.name);
        let settings = settings.iter().map(|(name, value)| (name, value));
        let ran = cargo(&folder).args(["--test", tests, "--", "--exact", name]).envs(settings).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        (!ran.status.success()).then_some(said)
    }

    /// The source without the mechanism.
    fn copied(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["src", "Cargo.toml", "Cargo.lock"] {
            copy(&home.join(part), &folder.path().join(part));
        }
        self.take_out(&folder.path().join(self.file));
        // Whatever is declared must be there; none of it is built but one empty test, for whose sake the program is built
        // with the same features of its dependencies as here.
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        std::fs::write(folder.path().join("tests/nothing.rs"), "//! Nothing.\n").unwrap();
        std::fs::create_dir(folder.path().join("benches")).unwrap();
        let manifest = std::fs::read_to_string(home.join("Cargo.toml")).unwrap();
        for name in manifest.split("[[bench]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            std::fs::write(folder.path().join(format!("benches/{name}.rs")), "fn main() {}\n").unwrap();
        }
        folder
    }

    fn take_out(&self, file: &Path) {
        let source = std::fs::read_to_string(file).unwrap();
        assert_eq!(source.matches(self.from).count(), 1, "{}: the {} is not where it was", self.file, self.name);
        std::fs::write(file, source.replace(self.from, self.to)).unwrap();
    }
}

/// `cargo test` in a copy.
fn cargo(folder: &TempDir) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--offline", "--quiet"]).current_dir(folder.path());
    cargo.env("CARGO_TARGET_DIR", target());
    cargo
}

/// Where copies are built: what is built already is linked there, not built again.
fn target() -> PathBuf {
    let own = Path::new(PRODUCT).parent().unwrap();
    let target = own.parent().unwrap().join("mutants");
    if !target.join("debug").exists() {
        std::fs::create_dir_all(&target).unwrap();
        for part in [".fingerprint", "build", "deps"] {
            link(&own.join(part), &target.join("debug").join(part));
        }
    }
    target
}

fn copy(from: &Path, to: &Path) {
    each_file(from, to, &|from, to| std::fs::copy(from, to).map(|_| ()));
}

fn link(from: &Path, to: &Path) {
    each_file(from, to, &|from, to| std::fs::hard_link(from, to));
}

fn each_file(from: &Path, to: &Path, put: &impl Fn(&Path, &Path) -> std::io::Result<()>) {
    if !from.is_dir() {
        // What another build writes just now may be gone again.
        put(from, to).unwrap_or_else(|error| assert!(!from.exists(), "{}: {error}", from.display()));
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        each_file(&from.join(&name), &to.join(&name), put);
    }
}
