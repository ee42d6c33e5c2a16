//! What can go wrong on the wire, seen through a 7moor source: it needs no token.

use std::time::Duration;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::privacy::Privacy;
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::page::{Page, PageRequest};
use ccsync::sources::http::HttpConfig;
use ccsync::sources::moor::{MoorAccount, MoorConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::reads::sources::support::{ManualClock, Reply, Vendor, client_with, moor_limits, printed};
use crate::support::port::free_address;

const SIG: &str = "88996D9907E0EE52C5DAF8EFFCC31CFC";

async fn ask(base: Url, config: HttpConfig) -> Result<Page, Fault> {
    let account = MoorConfig {
        source: "moor-1".into(),
        base_url: base,
        account_id: "N00000000556".into(),
        api_secret: "secret".into(),
        privacy: Privacy::default(),
    };
    let clock = ManualClock::at("2016-10-13T11:36:12+08:00");
    let source =
        MoorAccount::new(account, client_with(config), moor_limits(std::sync::Arc::default()), clock)
            .stream(StreamId::MOOR_QUEUE);
    let outcome = source.fetch(&PageRequest { window: None, page_no: 1, page_size: 100 }).await;
    if let Err(fault) = &outcome {
        assert!(!printed(fault).contains(SIG), "{}", printed(fault));
        assert!(
            fault.message.starts_with("moor-1/moor.queue: POST /v20210827/webChat/queueQueue/"),
            "{fault}"
        );
    }
    outcome
}

/// A server that answers every connection with these bytes, and then hangs up or keeps silent.
async fn raw(answer: &'static [u8], silent: bool) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
            let _ = socket.flush().await;
            if silent {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    });
    base
}

fn quick() -> HttpConfig {
    HttpConfig { read_timeout: Duration::from_millis(100), ..HttpConfig::default() }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let address = free_address();
    let base = Url::parse(&format!("http://{address}")).unwrap();
    let fault = ask(base, HttpConfig::default()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    let told = format!("no answer from {address}, no connection");
    assert!(fault.message.contains(&told) && fault.chain().contains("refused"), "{}", fault.chain());
}

#[tokio::test]
async fn silence_before_and_within_an_answer_is_unreachable() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"success\":"] {
        let fault = ask(raw(answer, true).await, quick()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable);
        assert!(fault.message.contains("out of time"), "{fault}");
    }
}

#[tokio::test]
async fn the_whole_request_has_a_limit_too() {
    let vendor = Vendor::start().await;
    vendor.reply("queueQueue", Reply::json("{}").after(Duration::from_secs(5)));
    let config = HttpConfig { total_timeout: Duration::from_millis(100), ..HttpConfig::default() };
    let fault = ask(vendor.base.clone(), config).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn an_answer_cut_short_is_unreachable_and_never_half_a_page() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"success\":true,\"count\":0,\"list\":[]}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n25\r\n{\"success\":true,\"count\":0,\"list\":[]}\r\n",
    ] {
        let fault = ask(raw(answer, false).await, HttpConfig::default()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(fault.message.contains("connection lost"), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_not_cut() {
    let vendor = Vendor::start().await;
    let body = format!(r#"{{"success":true,"count":0,"list":[],"x":"{}"}}"#, "x".repeat(1000));
    vendor.reply("queueQueue", Reply::json(body.clone()));
    vendor.reply("queueQueue", Reply::json(body.clone()));
    let config = |bytes| HttpConfig { body_bytes_max: bytes, ..HttpConfig::default() };
    let fault = ask(vendor.base.clone(), config(body.len() - 1)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains("larger than"), "{fault}");
    ask(vendor.base.clone(), config(body.len())).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_refused_and_only_its_host_named() {
    for (location, host) in [
        (
            "https://login.example.com:8443/sso?sig=88996D9907E0EE52C5DAF8EFFCC31CFC&x=y",
            "login.example.com:8443",
        ),
        ("/elsewhere?sig=88996D9907E0EE52C5DAF8EFFCC31CFC", "127.0.0.1"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let vendor = Vendor::start().await;
            vendor.reply("queueQueue", Reply::status(status, "").header("location", location));
            let fault = ask(vendor.base.clone(), HttpConfig::default()).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::RedirectRefused);
            assert!(fault.message.contains(host) && !fault.message.contains('?'), "{fault}");
            assert_eq!(vendor.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_base_address_with_a_path_of_its_own_keeps_it() {
    let vendor = Vendor::start().await;
    vendor.reply("queueQueue", Reply::json(r#"{"success":true,"count":0,"data":[]}"#));
    ask(vendor.base.join("gate/").unwrap(), HttpConfig::default()).await.unwrap();
    assert_eq!(vendor.seen()[0].path, "/gate/v20210827/webChat/queueQueue/N00000000556");
}

/// `{"success":true,"count":0,"list":[],"x":"xxx…"}` with 1000 x, 1043 bytes unpacked.
const PACKED: [u8; 70] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 46, 77, 78, 78, 45, 46, 86, 178, 42, 41, 42, 77, 213, 81,
    74, 206, 47, 205, 43, 81, 178, 50, 208, 81, 202, 201, 44, 6, 50, 162, 99, 117, 148, 42, 148, 172, 148,
    42, 70, 193, 40, 24, 5, 195, 30, 40, 213, 2, 0, 46, 170, 173, 37, 19, 4, 0, 0,
];

#[tokio::test]
async fn a_packed_answer_is_unpacked_and_measured_by_what_it_unpacks_to() {
    let vendor = Vendor::start().await;
    let reply = Reply { body: PACKED.to_vec(), ..Reply::json("") }.header("content-encoding", "gzip");
    let config = |bytes| HttpConfig { body_bytes_max: bytes, ..HttpConfig::default() };
    vendor.reply("queueQueue", reply.clone());
    ask(vendor.base.clone(), config(2000)).await.unwrap();
    let accepted = vendor.seen()[0].header("accept-encoding").to_owned();
    assert_eq!(accepted, "gzip");
    vendor.reply("queueQueue", reply.clone());
    let fault = ask(vendor.base.clone(), config(200)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    vendor.reply("queueQueue", Reply { body: PACKED[..40].to_vec(), ..reply });
    let fault = ask(vendor.base.clone(), config(2000)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
}
