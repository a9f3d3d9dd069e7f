//! Behind a proxy: what goes through it, and what does not, with a real one (RFC 9110, 9.3.6) in front of Discord's name.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use botswain::sandbox::{Options, Sandbox};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::tls::Front;
use super::witness::Witness;
use super::{botswain, ended, with_settings_of};

/// A proxy that leads every connection to one place, whatever it asks for, and writes down what that was.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(place: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&proxy.asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(tunnel(client, place, Arc::clone(&asked)));
            }
        });
        proxy
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn tunnel(mut client: TcpStream, place: SocketAddr, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    asked.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
    let mut server = TcpStream::connect(place).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    // Either side may hang up; the other then does.
    copy_bidirectional(&mut client, &mut server).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_discord_go_by_the_proxy_and_the_gateway_and_the_service_do_not() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let behind = sandbox.discord.as_ref().unwrap().address.to_string();
    let front = Front::before(&behind).await;
    let proxy = Proxy::to(front.address).await;
    let trusted = folder.path().join("roots.pem");
    std::fs::write(&trusted, &front.certificate).unwrap();
    let through = |mode: &str| {
        let mut command = botswain(folder.path(), &[mode]);
        with_settings_of(&sandbox, &mut command);
        // Discord itself is meant, as it would be in a company's network; nothing but this proxy leads to it.
        command.env_remove("DISCORD_API_URL").env("SSL_CERT_FILE", &trusted);
        // The service and the gateway of this test are spoken to in plain HTTP, so that would lead them there, too.
        for variable in ["HTTPS_PROXY", "HTTP_PROXY"] {
            command.env(variable, format!("http://{}", proxy.address));
        }
        command
    };

    let mut check = through("check");
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut check)).await.unwrap();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("takes the token") && said.contains("its gateway answers"), "{said}");
    let asked = proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|line| line.starts_with("CONNECT discord.com:443 ")), "{asked:?}");

    // Who stands in for Discord's gateway here is not Discord, so that nothing is dialled; its address came by the proxy.
    let mut run = through("run");
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut run)).await.unwrap();
    assert!(code == 7 && said.contains(&format!("ws://{behind}/gateway")), "{code}: {said}");
    assert!(proxy.asked().len() > asked.len() && proxy.asked().iter().all(|line| line.contains("discord.com:443")));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there_is_named_as_what_is_in_the_way() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let mut check = botswain(folder.path(), &["check"]);
    with_settings_of(&sandbox, &mut check);
    check.env_remove("DISCORD_API_URL").env("HTTPS_PROXY", "http://127.0.0.1:9");
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut check)).await.unwrap();
    assert!(code == 9 && said.contains("HTTPS_PROXY"), "{code}: {said}");
    sandbox.stop().await;
}
