//! TLS in front of the sandbox under Discord's own name. serenity sends to `https://discord.com` as long as its rate limiter
//! is on, so that whoever wants to see the two work together has to be found there.
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::Listener;
use native_tls::{Identity, TlsAcceptor};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_native_tls::TlsStream;

/// It ends with the test.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    /// Who vouches for it: itself.
    pub(crate) certificate: Vec<u8>,
    server: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    /// Answers as `discord.com` what is answered at `behind`.
    pub(crate) async fn before(behind: &str) -> Self {
        let (certificate, key) = certificate("discord.com");
        let identity = Identity::from_pkcs8(&certificate, &key).unwrap();
        let tls = TlsAcceptor::new(identity).unwrap().into();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let router = Router::new().fallback(pass_on).with_state((reqwest::Client::new(), behind.to_owned()));
        let server = tokio::spawn(async move { axum::serve(Behind { tcp, tls }, router).await.unwrap() });
        Self { address, certificate, server }
    }
}

/// The same request, under the sandbox's own name: it refuses every other.
async fn pass_on(State((http, behind)): State<(reqwest::Client, String)>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.headers.remove("host");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let url = format!("http://{behind}{}", parts.uri);
    let answer = http.request(parts.method, url).headers(parts.headers).body(body).send().await.unwrap();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}

struct Behind {
    tcp: TcpListener,
    tls: tokio_native_tls::TlsAcceptor,
}

impl Listener for Behind {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            // Who does not trust the certificate goes away again.
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A certificate for a day, and its key, both as PEM.
fn certificate(name: &str) -> (Vec<u8>, Vec<u8>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let names = SubjectAlternativeName::new().dns(name).build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build().to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap())
}
