//! Chromium with the page open, beside a sandbox and a bot of its own, driven over WebDriver as a person would use it.
use crate::bot;
use crate::witness::{Witness, judge::judge};
use botswain::sandbox::{Options, Sandbox};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long the slowest thing may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The driver, and the browser that it started; both end with it, whatever became of the test.
struct Driver {
    process: Child,
    port: u16,
    session: Option<String>,
}

impl Driver {
    /// It draws a port, and ends at once if somebody else has that, which many tests side by side do: then it draws again.
    fn start() -> Self {
        (0..10).find_map(|_| Self::try_to_start()).expect("chromedriver says its port")
    }

    fn try_to_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: install chromium and chromium-driver");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let Some(port) = port else {
            process.wait().ok();
            return None;
        };
        // It must be able to write on.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, port, session: None })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver ends its browser when the session is deleted, not when it is killed.
        if let (Some(session), Ok(mut stream)) = (&self.session, TcpStream::connect(("127.0.0.1", self.port))) {
            let request = format!(
                "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                self.port
            );
            stream.set_read_timeout(Some(Duration::from_secs(5))).ok();
            if stream.write_all(request.as_bytes()).is_ok() {
                stream.read_to_end(&mut Vec::new()).ok();
            }
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The page in a browser, and what serves it.
pub(crate) struct Page {
    pub(crate) browser: Client,
    driver: Driver,
    address: String,
    served: Served,
    _profile: TempDir,
}

enum Served {
    /// A sandbox of our own, and a bot of a few answers before it.
    Here { sandbox: Box<Sandbox>, bot: Option<bot::Running>, _witness: Witness },
    /// The program, as somebody runs it.
    Program(Program),
}

impl Page {
    /// Opened as this person, in a window of the usual width, with the bot connected and its commands registered.
    pub(crate) async fn open(person: &str) -> Self {
        let sandbox = Box::new(Sandbox::start(Options::default()).await.unwrap());
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        let bot = Some(bot::start(&sandbox).await);
        Self::show(person, sandbox.page().unwrap(), Served::Here { sandbox, bot, _witness }).await
    }

    /// The demo, as `cargo run -- demo` starts it, opened as this person.
    pub(crate) async fn demo(person: &str) -> Self {
        let program = tokio::task::spawn_blocking(Program::demo).await.unwrap();
        Self::show(person, program.address.clone(), Served::Program(program)).await
    }

    async fn show(person: &str, address: String, served: Served) -> Self {
        let (browser, driver, profile) = browser().await;
        browser.goto(&format!("{address}?as={person}")).await.unwrap();
        let page = Self { browser, driver, address, served, _profile: profile };
        page.until("//nav//button[@aria-current='page']").await;
        page
    }

    /// The bot goes away.
    pub(crate) async fn stop_bot(&mut self) {
        if let Served::Here { bot, .. } = &mut self.served {
            bot.take().unwrap().stop().await;
        }
    }

    /// And comes back.
    pub(crate) async fn start_bot(&mut self) {
        if let Served::Here { bot, sandbox, .. } = &mut self.served {
            *bot = Some(bot::start(sandbox).await);
        }
    }

    /// The program ends.
    pub(crate) async fn stop_program(&mut self) {
        if let Served::Program(program) = &mut self.served {
            program.end();
        }
    }

    /// And is started again, at the same address.
    pub(crate) async fn start_program_again(&mut self) {
        let listen = self.address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let program = tokio::task::spawn_blocking(move || Program::demo_at(&listen)).await.unwrap();
        self.served = Served::Program(program);
    }

    /// Waits until something like this is there.
    pub(crate) async fn until(&self, xpath: &str) -> Element {
        let found = self.browser.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("never there: {xpath} ({error})\n{}", self.text().await),
        }
    }

    /// Everything that can be read.
    pub(crate) async fn text(&self) -> String {
        self.css("body").await.text().await.unwrap()
    }

    pub(crate) async fn css(&self, selector: &str) -> Element {
        self.browser.find(Locator::Css(selector)).await.unwrap()
    }

    pub(crate) async fn count(&self, xpath: &str) -> usize {
        self.browser.find_all(Locator::XPath(xpath)).await.unwrap().len()
    }

    /// The id of what has the focus, in one go: the page draws itself anew meanwhile.
    pub(crate) async fn focused(&self) -> String {
        let id = self.browser.execute("return document.activeElement.id", Vec::new()).await.unwrap();
        id.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks it, looking for it again when the message that holds it was drawn anew in between.
    pub(crate) async fn click(&self, xpath: &str) {
        for _ in 0..20 {
            match self.until(xpath).await.click().await {
                Ok(()) => return,
                Err(error) if error.is_stale_element_reference() => {}
                Err(error) => panic!("cannot be clicked: {xpath} ({error})"),
            }
        }
        panic!("never stands still: {xpath}");
    }

    /// Types into the command line.
    pub(crate) async fn type_in(&self, text: &str) {
        self.css("#command-line").await.send_keys(text).await.unwrap();
    }

    pub(crate) async fn enter(&self) {
        self.press(Key::Enter).await;
    }

    /// A key, pressed on the keyboard: it goes to whatever has the focus.
    pub(crate) async fn press(&self, key: Key) {
        self.keys(&[char::from(key)]).await;
    }

    /// Keys that are held together, the last one pressed.
    pub(crate) async fn keys(&self, keys: &[char]) {
        let down = keys.iter().map(|&value| KeyAction::Down { value });
        let up = keys.iter().rev().map(|&value| KeyAction::Up { value });
        let pressed = down.chain(up).fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        self.browser.perform_actions(pressed).await.unwrap();
    }

    pub(crate) async fn typed(&self) -> String {
        self.css("#command-line").await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Types this into the form that opened, and sends it.
    pub(crate) async fn fills_in(&self, text: &str) {
        let input = self.until("//dialog[@open]//input[@id='modal-text']").await;
        input.send_keys(text).await.unwrap();
        self.enter().await;
        self.until("//dialog[@id='modal'][not(@open)]").await;
    }

    /// Becomes somebody else with the switch at the top.
    pub(crate) async fn become_person(&self, name: &str) {
        self.click(&format!("//fieldset[@id='persona']//label[input[@id='persona-{name}']]")).await;
        self.until(&format!("//input[@id='persona-{name}' and @checked]")).await;
    }

    /// Another of the page's own addresses, from the same server.
    pub(crate) async fn go(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.address)).await.unwrap();
    }

    /// As it looks in a window of this size, to somebody who asked their system for this theme.
    pub(crate) async fn look(&self, width: u32, height: u32, theme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// As somebody sees it who asked their system for less motion.
    pub(crate) async fn less_motion(&self) {
        let features = json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let session = self.driver.session.as_deref().unwrap();
        let address = format!("http://127.0.0.1:{}/session/{session}/goog/cdp/execute", self.driver.port);
        let body = json!({"cmd": command, "params": parameters});
        let response = reqwest::Client::new().post(address).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{command}: {}", response.text().await.unwrap());
    }

    /// Asks the control interface, as the page does.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let address = format!("{}control{path}", self.address);
        let response = reqwest::Client::new().post(address).json(body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    /// Reads from the control interface.
    pub(crate) async fn see(&self, path: &str) -> Value {
        reqwest::get(format!("{}control{path}", self.address)).await.unwrap().json().await.unwrap()
    }

    /// Fails if the browser had anything to complain of: an exception, a forbidden request, a missing file.
    pub(crate) async fn close(self) {
        let session = self.driver.session.as_deref().unwrap();
        let address = format!("http://127.0.0.1:{}/session/{session}/se/log", self.driver.port);
        let response = reqwest::Client::new().post(address).json(&json!({"type": "browser"})).send().await.unwrap();
        let log: Value = response.json().await.unwrap();
        let severe: Vec<&Value> =
            log["value"].as_array().unwrap().iter().filter(|line| line["level"] == "SEVERE").collect();
        assert!(severe.is_empty(), "the browser complains: {severe:#?}");
        match self.served {
            Served::Here { sandbox, .. } => sandbox.stop().await,
            Served::Program(_) => {
                let requests = reqwest::get(format!("{}control/discord/requests", self.address)).await.unwrap();
                judge(&requests.json::<Vec<Value>>().await.unwrap(), &[]);
            }
        }
    }
}

/// `botswain demo`, until it is dropped.
struct Program {
    process: Child,
    address: String,
}

impl Program {
    fn demo() -> Self {
        Self::demo_at("127.0.0.1:0")
    }

    fn demo_at(listen: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_botswain"))
            .args(["demo", "--listen", listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned))
            .expect("the demo says where its page is");
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    /// As Ctrl-C ends it, so that it takes its folder with it.
    fn end(&mut self) {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        Command::new("kill").arg(self.process.id().to_string()).status().ok();
        self.process.wait().ok();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

async fn browser() -> (Client, Driver, TempDir) {
    let mut driver = tokio::task::spawn_blocking(Driver::start).await.unwrap();
    let profile = tempfile::tempdir().unwrap();
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--window-size=1400,900".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    let Value::Object(capabilities) = capabilities else { unreachable!() };
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{}", driver.port))
        .await
        .expect("a browser session");
    driver.session = client.session_id().await.unwrap();
    (client, driver, profile)
}
