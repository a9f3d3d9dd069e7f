//! Other people's clients: unmodified serenity and discord.js, and discord.py with its two address overrides, each against
//! `botswain sandbox` as a process, through one and the same scenario.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

#[path = "../description/judge.rs"]
mod judge;
mod process;
mod scenario;
mod serenity_bot;
mod tls;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use process::{Process, Sandbox};

/// A path below the project's root.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where `tests/clients/install` puts a library.
fn installed(library: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(library);
    assert!(home.exists(), "run tests/clients/install {library} first");
    home
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unmodified_serenity_passes_the_scenario() {
    let sandbox = Sandbox::start();
    let bot = serenity_bot::start(&sandbox).await;
    scenario::passes(&sandbox).await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs discord.js: tests/clients/install discord_js"]
async fn an_unmodified_discord_js_passes_the_scenario() {
    let sandbox = Sandbox::start();
    // Read from its input, the program finds the library in the folder that it runs in.
    let mut node = Command::new("node");
    node.arg("--input-type=module").current_dir(installed("discord_js"));
    node.stdin(File::open(here("tests/clients/discord_js/bot.mjs")).unwrap());
    let _bot = Process::start(node.envs(&sandbox.settings));
    scenario::passes(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs discord.py: tests/clients/install discord_py"]
async fn discord_py_with_its_two_address_overrides_passes_the_scenario() {
    let sandbox = Sandbox::start();
    let mut python = Command::new(installed("discord_py").join("bin/python"));
    python.arg(here("tests/clients/discord_py/bot.py")).stdin(Stdio::null());
    let _bot = Process::start(python.envs(&sandbox.settings));
    scenario::passes(&sandbox).await;
}

#[test]
fn the_readme_shows_what_the_programs_do() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let programs = [("js", "discord_js/bot.mjs"), ("python", "discord_py/bot.py"), ("rust", "../stand_in/bot.rs")];
    for (language, program) in programs {
        let program = fs::read_to_string(here("tests/clients").join(program)).unwrap();
        let of_it = |line: &str| program.contains(line);
        let fence = format!("```{language}\n");
        let mut blocks = readme.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
        let block = blocks.find(|block| block.lines().next().is_some_and(of_it));
        let lines = block.unwrap_or_else(|| panic!("the README shows nothing of it in {language}")).lines();
        for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
            assert!(of_it(line), "{language}: {line} is not what the program does");
        }
    }
}
