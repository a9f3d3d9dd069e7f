//! A simulated fleet on a real port, a store on a file, and a monitor that is ticked with the time as an argument.

use std::sync::Arc;
use std::time::Duration;

use botswain::discord_api::DiscordApi;
use botswain::domain::action::Verb;
use botswain::domain::authority::{Grants, Member};
use botswain::domain::ids::ChannelId;
use botswain::domain::incident::{Facts, Failover, Incident, Subject};
use botswain::domain::notice::Notice;
use botswain::domain::policy::Picture;
use botswain::incidents::{self, Incidents};
use botswain::lifecycle::contract::Connector;
use botswain::lifecycle::{LifecycleClient, Pushes, Settings};
use botswain::monitor::{Bells, Monitor, Ticked, Watch};
use botswain::operations::{Answer, Asker, Operations, Rules, Runner, Said, Settled, Stepped, Wake};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use botswain::store::outbox::{Held, Sending};
use jiff::Timestamp;
use tokio::sync::watch;

const BEGAN: i64 = 1_800_000_000;

/// What is seen is said at once and not again, each bot by itself, and what ended is over.
pub(crate) const AT_ONCE: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "0s"),
    ("STORM_BOTS", "0"),
    ("REMIND_AFTER", "0s"),
];
/// The same, and what still stands is said again: by the minute.
pub(crate) const SAID_AGAIN: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "0s"),
    ("STORM_BOTS", "0"),
    ("REMIND_AFTER", "10m"),
    ("ESCALATE_AFTER", "25m"),
    ("ESCALATION_ROLE_IDS", "77"),
    ("TIMEZONE", "Europe/Berlin"),
];

/// The same, and many bots at once are a storm.
pub(crate) const IN_STORMS: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "0s"),
    ("STORM_BOTS", "5"),
    ("REMIND_AFTER", "10m"),
];
/// The same, and what comes back is the same incident.
pub(crate) const COMES_BACK: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "1h"),
    ("STORM_BOTS", "0"),
    ("REMIND_AFTER", "10m"),
];

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    settings: &'static [(&'static str, &'static str)],
    pub(crate) store: Store,
    pub(crate) monitor: Monitor,
    pub(crate) picture: watch::Receiver<Arc<Picture>>,
    pub(crate) pushes: Arc<Pushes>,
    operations: Operations,
    pub(crate) incidents: Incidents,
    runner: Runner,
    pub(crate) second: i64,
}

/// Billing with two connectors, Orders with three, FAQ with one, all healthy, all in Production.
pub(crate) fn harbour() -> Vec<Connector> {
    let of = |names: &[&str], bot: &str| -> Vec<Connector> {
        names.iter().map(|name| healthy(name, bot, "Production")).collect()
    };
    let mut all = of(&["billing-1", "billing-2"], "Billing Bot");
    all.extend(of(&["orders-1", "orders-2", "orders-3"], "Orders Bot"));
    all.extend(of(&["faq-1"], "FAQ Bot"));
    all
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::with(harbour()).await
    }

    pub(crate) async fn with(fleet: Vec<Connector>) -> Self {
        Self::judged_by(fleet, AT_ONCE).await
    }

    /// A world with settings of its own.
    pub(crate) async fn judged_by(fleet: Vec<Connector>, settings: &'static [(&'static str, &'static str)]) -> Self {
        let mut options = Options { discord: None, ..Options::default() };
        options.fleet.mode = Mode::Explicit;
        options.fleet.start_ms = Some(BEGAN * 1000);
        options.fleet.fleet = FleetSeed::Connectors(fleet);
        let sandbox = Sandbox::start(options).await.unwrap();
        let mut world = Self::on(sandbox, settings, 0).await;
        world.tick().await;
        world
    }

    async fn on(sandbox: Sandbox, more: &'static [(&'static str, &'static str)], second: i64) -> Self {
        let mut settings = vec![("DISCORD_TOKEN", "t"), ("DISCORD_GUILD_ID", "1"), ("DISCORD_ALERT_CHANNEL_ID", "900")];
        settings.extend(more);
        let config = sandbox.config(&settings).unwrap();
        let store = Store::open(&config.database_url).await.unwrap();
        let service = Settings::new(config.lifecycle.url.clone(), config.lifecycle.token.clone());
        let service =
            Settings { retries: 0, total_timeout: Duration::from_secs(5), breaker_threshold: u32::MAX, ..service };
        let lifecycle = LifecycleClient::new(service).unwrap();
        let policy = config.policy.clone();
        let watch = Watch { policy: policy.clone(), poll_interval: Duration::from_secs(30) };
        let bells = Bells::default();
        let pushes = Arc::clone(&bells.pushes);
        let (monitor, picture) = Monitor::new(store.clone(), lifecycle.clone(), watch, bells);
        let seed = Seed::default();
        let mut authority = config.authority.clone();
        authority.everywhere = Grants::to(&[seed.operators.id.to_string().parse().unwrap()]);
        let rules = incidents::Rules { authority: authority.clone(), policy: policy.clone() };
        let incidents = Incidents::new(store.clone(), picture.clone(), rules, Wake::default());
        let rules = Rules { authority, policy, confirmation_ttl: Duration::from_secs(120) };
        let operations = Operations::new(store.clone(), lifecycle, picture.clone(), rules, Wake::default());
        let discord = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
        let runner = Runner::new(&operations, discord, config.discord.guild);
        Self { sandbox, settings: more, store, monitor, picture, pushes, operations, incidents, runner, second }
    }

    /// The process is gone, and another one opens what it left.
    pub(crate) async fn restarted(self) -> Self {
        let Self { sandbox, settings, store, second, monitor, operations, incidents, runner, .. } = self;
        store.close().await;
        // The lock on the database ends with its last handle.
        drop((store, monitor, operations, incidents, runner));
        Self::on(sandbox, settings, second).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(BEGAN + self.second).unwrap()
    }

    pub(crate) fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    pub(crate) fn does(&self, connector: &str, deed: Deed) {
        self.fleet().do_to(connector, deed).unwrap();
    }

    pub(crate) async fn tick(&mut self) -> Ticked {
        self.monitor.tick(self.now()).await.unwrap()
    }

    /// Time passes, here and there, and the fleet is read again.
    pub(crate) async fn later(&mut self, seconds: i64) -> Ticked {
        self.second += seconds;
        self.fleet().step(seconds * 1000);
        self.tick().await
    }

    /// Olga asks for it, confirms it, and it is carried out until nothing is left to do.
    pub(crate) async fn olga(&mut self, verb: Verb, connector: &str, to: Option<&str>) {
        self.olga_begins(verb, connector, to).await;
        for _ in 0..400 {
            if self.store.open_operations().await.unwrap().is_empty() {
                return;
            }
            self.second += 1;
            self.fleet().step(1000);
            self.carry_on().await;
        }
        panic!("it does not end");
    }

    pub(crate) async fn carry_on(&self) {
        while self.runner.step(self.now()).await.unwrap() == Stepped::Worked {}
    }

    pub(crate) async fn olga_begins(&mut self, verb: Verb, connector: &str, to: Option<&str>) {
        let asker = self.asker();
        let said = Said { connector: Some(connector.to_owned()), to: to.map(str::to_owned), ..Said::default() };
        let Answer::Confirm(request) = self.operations.ask(&asker, verb, said, self.now()).await.unwrap() else {
            panic!("everything was said");
        };
        let name = &request.plan.as_ref().unwrap().bot.name;
        match self.operations.confirm_typed(&asker, &request.id, name, self.now()).await.unwrap() {
            Settled::Begun(_) => {}
            other => panic!("{other:?}"),
        }
        self.carry_on().await;
    }

    /// Olga, in the team's channel, with an interaction of her own.
    pub(crate) fn asker(&self) -> Asker {
        let seed = Seed::default();
        let member = Member {
            id: seed.olga.id.to_string().parse().unwrap(),
            name: "Olga".to_owned(),
            roles: vec![seed.operators.id.to_string().parse().unwrap()],
            manages_guild: Some(false),
        };
        Asker { member, channel: ChannelId(5), interaction: rand::random() }
    }

    /// The incidents that are open.
    pub(crate) async fn open_incidents(&self) -> Vec<Incident> {
        self.store.open_incidents().await.unwrap().into_iter().map(|kept| kept.incident).collect()
    }

    /// The open incident of a bot in Production.
    pub(crate) async fn incident(&self, of: &str) -> Option<Incident> {
        self.open_incidents().await.into_iter().find(|incident| match &incident.subject {
            Subject::Failover { bot, environment } => bot.name == of && environment.as_str() == "production",
            _ => false,
        })
    }

    pub(crate) async fn failover(&self, of: &str) -> Failover {
        match self.incident(of).await.map(|incident| incident.facts) {
            Some(Facts::Failover(facts)) => facts,
            other => panic!("no incident of {of}: {other:?}"),
        }
    }

    /// The incident about all that never was redundant, and about being blind.
    pub(crate) async fn other(&self, subject: &str) -> Option<Incident> {
        self.open_incidents().await.into_iter().find(|incident| incident.subject.name() == subject)
    }

    /// What is new to be said, apart from operations: `card`, `card!` (with a ping) or `worse`, with the subject's name.
    pub(crate) async fn said(&self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(row) = self.store.claim_message(Duration::from_secs(60), self.now()).await.unwrap() {
            let sent = Sending::Sent { message: botswain::domain::ids::MessageId(1), digest: "" };
            assert_eq!(self.store.settle_message(&row, sent, self.now()).await.unwrap(), Held::Yes);
            let name = |incident: &Incident| incident.subject.name();
            match row.notice {
                Notice::Card { incident, ping } if row.message.is_none() && ping => {
                    said.push(format!("card! {}", name(&incident)));
                }
                Notice::Card { incident, .. } if row.message.is_none() => {
                    said.push(format!("card {}", name(&incident)))
                }
                Notice::Card { incident, .. } => said.push(format!("edit {}", name(&incident))),
                Notice::Worse { incident } => said.push(format!("worse! {}", name(&incident))),
                Notice::Back { incident } => said.push(format!("back! {}", name(&incident))),
                Notice::Again { incident, due, .. } => said.push(format!("{}! {}", due.word(), name(&incident))),
                Notice::Mute { mute } => said.push(format!("mute {}", mute.scope.name())),
                Notice::Summary { mute, summary } if summary.ping => {
                    said.push(format!("summary! {}", mute.scope.name()))
                }
                Notice::Summary { mute, .. } => said.push(format!("summary {}", mute.scope.name())),
                Notice::Operation { .. }
                | Notice::Records { .. }
                | Notice::Board { .. }
                | Notice::Trouble { .. }
                | Notice::Unseen { .. }
                | Notice::Freeze { .. }
                | Notice::Approval { .. }
                | Notice::Glass { .. }
                | Notice::Setup { .. }
                | Notice::Drill { .. } => {}
            }
        }
        said.sort();
        said
    }

    /// Takes away what was said so far.
    pub(crate) async fn hush(&self) {
        self.said().await;
    }
}

pub(crate) const BILLING: &str = "failover:production:bot-billing";
pub(crate) const ORDERS: &str = "failover:production:bot-orders";
pub(crate) const FAQ: &str = "failover:production:bot-faq";
pub(crate) const SINGLES: &str = "never-redundant:production";
