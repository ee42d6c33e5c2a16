//! Whom TLS trusts, and why it does not trust the other side.

use std::path::Path;

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::domain::fault::{Fault, FaultKind};

/// The certificates of `http.ca_file`; none without one.
///
/// # Errors
/// `Misconfigured` where it holds none, or one that cannot be read.
pub(super) fn trusted(file: Option<&Path>) -> Result<Vec<Certificate>, Fault> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let refused = |why: String| {
        let message = format!("http.ca_file {}: {why}", file.display());
        Err(Fault::new(FaultKind::Misconfigured, message).advising())
    };
    if file.exists() && !file.is_file() {
        return refused("is no file".to_owned());
    }
    let pem = match std::fs::read(file) {
        Ok(pem) => pem,
        Err(error) => return refused(format!("cannot be read: {error}")),
    };
    let pem = pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&pem);
    let (mut trusted, mut roots) = (Vec::new(), RootCertStore::empty());
    for found in CertificateDer::pem_slice_iter(pem) {
        // The client would find out when it is made, and blame the host's certificates.
        let usable = found
            .ok()
            .and_then(|found| Certificate::from_der(&found).ok().filter(|_| roots.add(found).is_ok()));
        let Some(certificate) = usable else {
            return refused(format!("certificate {} in it cannot be read", trusted.len() + 1));
        };
        trusted.push(certificate);
    }
    match trusted.is_empty() {
        true => refused("holds no certificate in the form PEM (-----BEGIN CERTIFICATE-----)".to_owned()),
        false => Ok(trusted),
    }
}

/// What is wrong with the certificate that the other side showed, and what to do; `None` where it is something else.
pub(super) fn refused(error: &reqwest::Error) -> Option<String> {
    use rustls::CertificateError as Wrong;
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(wrong)) = error.downcast_ref::<rustls::Error>() {
            return Some(match wrong {
                Wrong::UnknownIssuer => {
                    "its certificate is signed by a CA that is not trusted; name one of your own, or of a proxy that looks \
                     into TLS, in http.ca_file"
                        .to_owned()
                }
                Wrong::Expired | Wrong::ExpiredContext { .. } => {
                    "its certificate has expired: have it renewed, and compare this host's clock".to_owned()
                }
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                    "its certificate is for another name: write the name that it is for into base_url".to_owned()
                }
                Wrong::Other(_) => format!(
                    "its certificate cannot be accepted ({wrong}); where it is its own CA, have the server show one that a CA \
                     signed, and name that CA in http.ca_file"
                ),
                _ => format!("its certificate cannot be accepted ({wrong})"),
            });
        }
        // What TLS says is wrapped in what the socket says.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map(|inner| inner as &dyn std::error::Error).or_else(|| error.source());
    }
    None
}
