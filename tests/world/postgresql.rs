//! A database that is gone under the real program: alerts come all the same, nobody acts, and when it is back all is as ever.

use botswain::sandbox::lifecycle::Deed;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::running::Running;
use crate::world::{Beginning, World};

/// The way to the server. Once it is cut, nobody gets there.
struct Way {
    server: (String, u16),
    port: u16,
    cut: CancellationToken,
}

impl Way {
    async fn to(server: &reqwest::Url) -> Self {
        let server = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(5432));
        let mut way = Self { server, port: 0, cut: CancellationToken::new() };
        way.open().await;
        way
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        self.cut = CancellationToken::new();
        let (server, cut) = (self.server.clone(), self.cut.clone());
        tokio::spawn(async move {
            while let Some(Ok((mut near, _))) = cut.run_until_cancelled(listener.accept()).await {
                let (server, cut) = (server.clone(), cut.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    // That it is cut is what it is for.
                    cut.run_until_cancelled(tokio::io::copy_bidirectional(&mut near, &mut far)).await
                });
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn p1_alerts_come_while_the_database_is_gone_and_nobody_acts_until_it_is_back() {
    let world = World::without_bot(Beginning::default()).await;
    let database = Database::create().await;
    let mut url = reqwest::Url::parse(&database.url()).unwrap();
    let mut way = Way::to(&url).await;
    url.set_port(Some(way.port)).unwrap();
    let running = Running::start(&world, &[("DATABASE_URL", url.as_str())]);
    world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
    world.alert("Never redundant").await;

    way.cut.cancel();
    world.does("billing-1", Deed::Drop);
    let direct = world.alert("At risk: Billing Bot in Production").await;
    assert!(direct.says("This may be repeated"), "{direct:?}");
    assert_eq!(world.pings().await.len(), 1, "on call is one person");
    let gone = async |world: &World| (!world.is_connected().await).then_some(());
    world.until("it leaves the gateway to whoever has the database", gone).await;
    world.does("billing-2", Deed::Drop);
    let outage = world.alert("Outage: Billing Bot in Production").await;
    assert!(outage.says("This may be repeated"), "{outage:?}");

    way.open().await;
    assert_eq!(running.ends().await, Some(6), "it cannot know who else had the database meanwhile");
    let left = world.alerts().await;
    assert_eq!(left.iter().filter(|message| message.says("Botswain ended before")).count(), 2, "{left:#?}");
    let again = Running::start(&world, &[("DATABASE_URL", url.as_str())]);
    world
        .until("the card", async |world: &World| {
            let alerts = world.alerts().await;
            alerts.into_iter().find(|card| card.says("Outage: Billing Bot") && card.says("[Start billing-1"))
        })
        .await;
    again.is_told_to_end();
    assert_eq!(again.ends().await, Some(0));
    world.finish().await;
}
