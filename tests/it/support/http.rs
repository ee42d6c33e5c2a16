//! A client of the program's own servers.

/// A client that no proxy of the environment stands before.
pub fn client() -> reqwest::Client {
    ccsync::sources::http::install_cryptography();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// One that tells what was sent, packed as it came.
pub fn raw_client() -> reqwest::Client {
    ccsync::sources::http::install_cryptography();
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}

/// What is there.
pub async fn get(url: impl reqwest::IntoUrl) -> reqwest::Result<reqwest::Response> {
    client().get(url).send().await
}
