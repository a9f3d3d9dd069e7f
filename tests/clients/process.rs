//! The sandbox and the bots as processes, which end with the test.
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that is told to end when the test is over, whatever happens. What it has against something goes to the test's
/// own output.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).spawn().unwrap_or_else(|why| panic!("{command:?}: {why}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // In an orderly way, so that it leaves nothing behind.
        let told = Command::new("kill").arg(self.0.id().to_string()).status();
        if !told.is_ok_and(|told| told.success()) {
            self.0.kill().ok();
        }
        self.0.wait().ok();
    }
}

/// `botswain sandbox`, with the Discord stand-in alone.
pub(crate) struct Sandbox {
    /// What it printed.
    pub(crate) settings: HashMap<String, String>,
    _process: Process,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_botswain"));
        command.args(["sandbox", "--discord", "127.0.0.1:0"]).env_clear();
        let mut process = Process::start(&mut command);
        let mut settings = HashMap::new();
        for line in BufReader::new(process.0.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            settings.extend(line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
            if settings.contains_key("ALERT_ROLE_IDS") {
                return Self { settings, _process: process };
            }
        }
        panic!("the sandbox ended: {settings:?}");
    }

    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).unwrap_or_else(|| panic!("{name} was not printed"))
    }

    /// Where it listens, without the scheme.
    pub(crate) fn address(&self) -> &str {
        self.setting("DISCORD_API_URL").trim_start_matches("http://")
    }
}
