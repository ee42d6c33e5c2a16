//! A vendor whose certificate is signed by an authority of the operator's own.

use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::process::{Setup, recent_world};

/// Made for these tests: an authority, whose key is gone, and a server `localhost`.
fn certificates() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls"))
}

/// TLS before a server that speaks plainly; where it listens.
async fn tls_before(server: String) -> String {
    ccsync::sources::http::install_cryptography();
    let chain = vec![CertificateDer::from_pem_file(certificates().join("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificates().join("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    format!("https://localhost:{port}")
}

#[tokio::test]
async fn a_certificate_of_ones_own_authority_is_told_with_the_setting_and_trusted_by_it() {
    let setup = Setup::new(recent_world(), "").await;
    let plain = setup.simulator.base_url().strip_prefix("http://").unwrap().to_owned();
    let vendor = tls_before(plain).await;
    let setup = setup
        .with("CCSYNC__SOURCES__SOBOT__BASE_URL", &vendor)
        .with("CCSYNC__SOURCES__MOOR__BASE_URL", &vendor)
        .with("CCSYNC__ENGINE__RETRIES", "1");
    let refused = setup.run(&["sync", "moor.queue"]).await.expect(1);
    assert!(
        refused.stderr.contains("signed by a CA that is not trusted")
            && refused.stderr.contains("http.ca_file"),
        "{}",
        refused.stderr
    );
    let authority = certificates().join("ca.pem");
    let setup = setup.with("CCSYNC__HTTP__CA_FILE", authority.to_str().unwrap());
    setup.run(&["sync"]).await.expect(0);
    let one = std::fs::read_to_string(&authority).unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let marked = setup.workspace.write("marked.pem", &format!("\u{feff}{one}"));
    let setup = setup.with("CCSYNC__HTTP__CA_FILE", marked.to_str().unwrap());
    setup.run(&["sync"]).await.expect(0);
    let empty = setup.workspace.write("empty.pem", "no certificate");
    let mixed = setup.workspace.write("mixed.pem", &format!("{one}{broken}"));
    let mut setup = setup;
    for (file, told) in [
        (empty.to_str().unwrap(), "holds no certificate in the form PEM"),
        (mixed.to_str().unwrap(), "certificate 2 in it cannot be read"),
        ("/dev/zero", "is no file"),
        ("/nowhere/ca.pem", "cannot be read: No such file"),
    ] {
        setup = setup.with("CCSYNC__HTTP__CA_FILE", file);
        let refused = setup.run(&["sync"]).await.expect(2);
        assert!(
            refused.stderr.contains("http.ca_file") && refused.stderr.contains(told),
            "{}",
            refused.stderr
        );
    }
}
