//! What all our HTTP clients have in common.

use std::sync::OnceLock;

use native_tls::TlsConnector;
use reqwest::ClientBuilder;
use reqwest::redirect::Policy;

/// A client that follows no redirect and tells nobody where it comes from.
///
/// The certificates that this machine trusts are read and kept once for all clients: they are close to a megabyte.
pub fn client() -> ClientBuilder {
    static TRUSTED: OnceLock<TlsConnector> = OnceLock::new();
    let builder = reqwest::Client::builder().redirect(Policy::none()).referer(false);
    let trusted = match TRUSTED.get() {
        Some(trusted) => Some(trusted),
        // If it cannot be set up, the client cannot either, and says why when it is built.
        None => TlsConnector::new().ok().map(|made| TRUSTED.get_or_init(|| made)),
    };
    match trusted {
        Some(trusted) => builder.tls_backend_preconfigured(trusted.clone()),
        None => builder,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tls_library_is_the_one_that_the_http_library_knows() {
        assert!(super::client().build().is_ok());
    }
}
