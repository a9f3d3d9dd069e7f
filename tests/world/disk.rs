//! A full disk under the real program: alerts come all the same, nothing is done, and when there is room again all is as ever.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use botswain::sandbox::lifecycle::Deed;
use botswain::store::Store;
use tempfile::TempDir;

use crate::running::{Running, ran};
use crate::world::{Beginning, World};

/// Where the database stands, and what can be done to it.
trait Disk {
    fn folder(&self) -> &Path;
    fn fill_up(&self, process: &Child);
    fn make_room(&self, process: &Child);
}

/// A file system of a few megabytes, filled to the last byte.
struct Small(TempDir);

impl Small {
    fn mounted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        ran(Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "none"]).arg(folder.path()));
        Self(folder)
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }
}

impl Disk for Small {
    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn fill_up(&self, _: &Child) {
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut file).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self, _: &Child) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // A second panic would hide what the test says.
        Command::new("umount").arg("--lazy").arg(self.0.path()).status().ok();
    }
}

/// A limit that the system sets to the files of one process: beyond it, writing fails.
struct Limited(TempDir);

impl Disk for Limited {
    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn fill_up(&self, process: &Child) {
        limit(process, "1:unlimited");
    }

    fn make_room(&self, process: &Child) {
        limit(process, "unlimited:unlimited");
    }
}

fn database(disk: &impl Disk) -> String {
    format!("sqlite:{}", disk.folder().join("botswain.sqlite3").display())
}

fn limit(process: &Child, size: &str) {
    ran(Command::new("prlimit").arg("--pid").arg(process.id().to_string()).arg(format!("--fsize={size}")));
}

async fn alerts_come_though_nothing_can_be_written(disk: impl Disk) {
    let world = World::without_bot(Beginning::default()).await;
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let database = database(&disk);
    let running = Running::start(&world, &[("DATABASE_URL", &database), ("HTTP_LISTEN", &http)]);
    world.until("the bot serves its commands", async |world: &World| world.is_served().await.then_some(())).await;
    world.alert("Never redundant").await;
    let ready = async || reqwest::get(format!("http://{http}/readyz")).await.unwrap().text().await.unwrap();
    assert!(ready().await.contains(r#""store_writable":true"#));

    disk.fill_up(&running.0);
    world.does("billing-1", Deed::Drop);
    let direct = world.alert("At risk: Billing Bot in Production").await;
    assert!(direct.says("This may be repeated"), "{direct:?}");
    assert_eq!(world.pings().await.len(), 1, "on call is one person");
    assert!(ready().await.contains(r#""store_writable":false"#));
    let refused = world.olga().runs("/bots stop env:production bot:Returns Bot connector:returns-1").await.message();
    assert!(refused.says("Nothing was changed"), "{refused:?}");
    assert!(world.fleet().actions().is_empty(), "what cannot be written down is not done");
    world.does("billing-2", Deed::Drop);
    world.alert("Outage: Billing Bot in Production").await;
    assert_eq!(world.pings().await.len(), 2);

    disk.make_room(&running.0);
    world.alert("It is remembered now").await;
    world.does("billing-1", Deed::Recover);
    world.does("billing-2", Deed::Recover);
    let card = world.alert("Resolved: Billing Bot in Production").await;
    assert!(!card.says("may be repeated"), "{card:?}");
    let said = world.alerts().await;
    assert_eq!(said.iter().filter(|message| message.says("It is remembered now")).count(), 2, "{said:#?}");
    assert_eq!(said.iter().filter(|message| message.says("Resolved: Billing Bot")).count(), 1, "p2: {said:#?}");
    assert_eq!(world.pings().await.len(), 2, "nobody is pinged twice for one thing");
    assert!(ready().await.contains(r#""store_writable":true"#));

    running.is_told_to_end();
    assert_eq!(running.ends().await, Some(0));
    let store = Store::open(&database.into()).await.unwrap();
    let open = store.open_incidents().await.unwrap();
    assert_eq!(open.len(), 1, "what was written is really there: {open:#?}");
    assert!(store.check_writable().await.is_ok());
    store.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_alerts_come_though_nothing_more_can_be_written() {
    alerts_come_though_nothing_can_be_written(Limited(tempfile::tempdir().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn p1_alerts_come_though_the_disk_is_full_as_root() {
    alerts_come_though_nothing_can_be_written(Small::mounted()).await;
}
