//! Whether the process that serves its health on this machine lives: for a container, which has nothing else to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why it is not known to live.
#[derive(Debug, thiserror::Error)]
pub enum Unwell {
    /// Nobody answers, or not in time.
    #[error("nobody answers at {0}")]
    Silent(SocketAddr),
    /// The answer is another one.
    #[error("{0} answers with {1}, and so is none of Botswain's")]
    Other(SocketAddr, u16),
}

/// Asks the process that listens at `listen` whether it lives.
///
/// # Errors
/// If it does not say so.
pub async fn lives(listen: SocketAddr) -> Result<(), Unwell> {
    let at = reachable(listen);
    let client = crate::outgoing::client().no_proxy().timeout(PATIENCE).build().map_err(|_| Unwell::Silent(at))?;
    let answer = client.get(format!("http://{at}/healthz")).send().await.map_err(|_| Unwell::Silent(at))?;
    if answer.status().is_success() { Ok(()) } else { Err(Unwell::Other(at, answer.status().as_u16())) }
}

/// Who listens everywhere is reached on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
