//! The real program as a process of its own, beside a sandbox and on a database that a test has in its hands.

use std::process::{Child, Command, Stdio};

use crate::world::{AT_ONCE, World, within};

/// The program. It is ended with the test.
pub struct Running(pub Child);

impl Running {
    pub fn start(world: &World, more: &[(&str, &str)]) -> Self {
        let settings = world.sandbox.settings();
        let settings = settings.lines().filter_map(|line| line.split_once('='));
        // Whoever writes beyond a limit of the system is killed, unless it does not mind.
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" run", env!("CARGO_BIN_EXE_botswain")])
            .env_clear()
            .envs(settings)
            .envs(AT_ONCE)
            .env("POLL_INTERVAL", "1s")
            .envs(more.iter().copied())
            .current_dir(std::env::temp_dir())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Asks it to end.
    pub fn is_told_to_end(&self) {
        ran(Command::new("kill").arg(self.0.id().to_string()));
    }

    /// Waits for its end: the exit code.
    pub async fn ends(mut self) -> Option<i32> {
        let ended = tokio::task::spawn_blocking(move || self.0.wait().unwrap());
        within("its end", ended).await.unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs a command that must succeed.
pub fn ran(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
