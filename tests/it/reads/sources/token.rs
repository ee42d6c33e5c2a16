//! The token protocol of Sobot: one live token, renewed once, and what is said when another system takes it.

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::privacy::Privacy;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::page::{Page, PageRequest};
use ccsync::engine::port::clock::Clock as _;
use ccsync::sources::sobot::{SobotAccount, SobotConfig};

use crate::reads::sources::support::{
    Asked, ManualClock, MemoryVault, Reply, Seen, Vendor, client, instant, printed,
};

struct Bench {
    vendor: Vendor,
    vault: Arc<MemoryVault>,
    clock: Arc<ManualClock>,
    account: SobotAccount,
}

async fn bench() -> Bench {
    let vendor = Vendor::start().await;
    let clock = ManualClock::at("2026-01-02T00:00:00+08:00");
    let vault = MemoryVault::new(&clock);
    let account = account(&vendor, &vault, &clock);
    Bench { vendor, vault, clock, account }
}

fn account(vendor: &Vendor, vault: &Arc<MemoryVault>, clock: &Arc<ManualClock>) -> SobotAccount {
    let config = SobotConfig {
        source: "sobot-sh".into(),
        base_url: vendor.base.clone(),
        app_id: "app1".into(),
        app_key: "k3y-of-app1".into(),
        privacy: Privacy::default(),
    };
    SobotAccount::new(config, client(), vault.clone(), clock.clone())
}

impl Bench {
    async fn fetch(&self) -> Result<Page, Fault> {
        self.account.stream(StreamId::SOBOT_CALL_RESULT).fetch(&request()).await
    }

    /// Answers token requests with these.
    fn mint(&self, tokens: &[&str]) {
        for token in tokens {
            self.vendor.reply("get_token", minted(token));
        }
    }

    /// Accepts only the tokens named.
    fn accept(&self, tokens: &'static [&'static str]) {
        self.vendor.rule(move |seen: &Seen| {
            let good = seen.path.ends_with("call_result") && tokens.contains(&seen.header("token"));
            Some(if good { empty() } else { refused() })
        });
    }

    fn tokens_sent(&self) -> Vec<String> {
        let pages = self.vendor.seen().into_iter().filter(|seen| seen.path.ends_with("call_result"));
        pages.map(|seen| seen.header("token").to_owned()).collect()
    }
}

fn request() -> PageRequest {
    let window = TimeWindow::new(instant("2026-01-01T00:00:00+08:00"), instant("2026-01-02T00:00:00+08:00"));
    PageRequest { window, page_no: 1, page_size: 50 }
}

fn minted(token: &str) -> Reply {
    Reply::json(format!(
        r#"{{"item":{{"token":"{token}","expires_in":"86400"}},"ret_code":"000000","ret_msg":"操作成功"}}"#
    ))
}

fn empty() -> Reply {
    Reply::json(
        r#"{"items":[],"page_no":1,"page_size":50,"total_count":0,"ret_code":"000000","ret_msg":"ok"}"#,
    )
}

fn refused() -> Reply {
    Reply::json(r#"{"ret_code":"900002","ret_msg":"token已失效,请重新获取"}"#)
}

#[tokio::test]
async fn without_a_token_one_is_obtained_stored_and_used_again() {
    let bench = bench().await;
    bench.mint(&["token-1"]);
    bench.accept(&["token-1"]);
    bench.fetch().await.unwrap();
    bench.fetch().await.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 1);
    assert_eq!(bench.tokens_sent(), ["token-1", "token-1"]);
    let expires_at = bench.clock.now() + chrono::Duration::days(1);
    assert_eq!(bench.vault.token(), Some((1, "token-1".into(), expires_at)));
    assert!(!bench.vault.leased());
    let asked = &bench.vendor.seen()[0];
    assert_eq!((asked.method.as_str(), asked.parameter("appid").as_str()), ("GET", "app1"));
    assert_eq!(asked.parameter("create_time"), bench.clock.now().timestamp().to_string());
}

#[tokio::test]
async fn two_fetches_at_once_renew_once() {
    let bench = bench().await;
    bench.vendor.reply("get_token", minted("token-1").after(Duration::from_millis(50)));
    bench.accept(&["token-1"]);
    let chats = bench.account.stream(StreamId::SOBOT_CHAT_RESULT);
    bench.vendor.reply("chat_result", Reply::json(r#"{"ret_code":"000000","ret_msg":"ok"}"#));
    let request = request();
    let (calls, chats) = tokio::join!(bench.fetch(), chats.fetch(&request));
    calls.unwrap();
    chats.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 1);
}

#[tokio::test]
async fn two_fetches_whose_token_is_refused_at_once_renew_once() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.vendor.reply("get_token", minted("new").after(Duration::from_millis(50)));
    bench.accept(&["new"]);
    let (one, two) = tokio::join!(bench.fetch(), bench.fetch());
    one.unwrap();
    two.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 1);
    assert_eq!(bench.vault.token().unwrap().0, 2);
}

#[tokio::test]
async fn a_token_refused_once_is_renewed_once_and_the_page_asked_for_again() {
    for refusal in [
        refused(),
        Reply::json(r#"{"ret_code":"900001","ret_msg":"token为空"}"#),
        Reply::status(401, ""),
        Reply::status(401, "<html>Unauthorized</html>"),
        Reply::status(401, r#"{"ret_code":"900002"}"#),
        Reply::json(r#"{"ret_code":900002}"#),
    ] {
        let bench = bench().await;
        bench.vault.put("old");
        bench.mint(&["new"]);
        bench.vendor.reply("call_result", refusal);
        bench.accept(&["new"]);
        bench.fetch().await.unwrap();
        assert_eq!(bench.vendor.count("get_token"), 1);
        assert_eq!(bench.tokens_sent(), ["old", "new"]);
    }
}

#[tokio::test]
async fn a_token_that_another_worker_renewed_meanwhile_is_used_without_renewing() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.accept(&["new"]);
    // The refusal takes a while, in which another worker stores its token.
    bench.vendor.reply("call_result", refused().after(Duration::from_millis(80)));
    let (page, ()) = tokio::join!(bench.fetch(), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.vault.put("new");
    });
    page.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 0);
    assert_eq!(bench.tokens_sent(), ["old", "new"]);
    assert_eq!(bench.vault.asked(Asked::Begin), 0);
}

#[tokio::test]
async fn a_token_stored_between_the_look_and_the_lease_is_used_and_the_lease_given_back() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.vault.put_at_next_begin("new");
    bench.accept(&["new"]);
    bench.fetch().await.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 0);
    assert_eq!((bench.vault.asked(Asked::Abandon), bench.vault.leased()), (1, false));
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_twice_means_that_another_system_uses_the_appid() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.mint(&["new"]);
    bench.accept(&[]);
    let before = bench.clock.now();
    let fault = bench.fetch().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TokenContested);
    assert_eq!(fault.code.as_deref(), Some("900002"));
    assert!(fault.message.contains("app1") && fault.message.contains("another system"), "{fault}");
    assert!(fault.message.contains("sobot-sh/sobot.call_result"), "{fault}");
    assert_eq!(bench.vendor.count("get_token"), 1);
    assert_eq!(bench.tokens_sent(), ["old", "new", "new"]);
    assert_eq!(bench.clock.now() - before, chrono::Duration::seconds(1));
    for secret in ["old", "k3y-of-app1"] {
        assert!(!printed(&fault).contains(secret), "{}", printed(&fault));
    }
}

#[tokio::test]
async fn a_token_obtained_for_lack_of_one_and_refused_is_not_renewed_a_second_time() {
    let bench = bench().await;
    bench.mint(&["new", "never"]);
    bench.accept(&["never"]);
    let fault = bench.fetch().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TokenContested);
    assert_eq!(bench.vendor.count("get_token"), 1);
    assert_eq!(bench.tokens_sent(), ["new", "new"]);
}

#[tokio::test]
async fn the_third_try_takes_what_another_worker_stored_in_between() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.mint(&["new"]);
    bench.accept(&["newer"]);
    bench.vendor.reply("call_result", refused());
    bench.vendor.reply("call_result", refused().after(Duration::from_millis(80)));
    let (page, ()) = tokio::join!(bench.fetch(), async {
        while bench.tokens_sent().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bench.vault.put("newer");
    });
    page.unwrap();
    assert_eq!(bench.tokens_sent(), ["old", "new", "newer"]);
    assert_eq!(bench.vendor.count("get_token"), 1);
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_it_is_used() {
    let bench = bench().await;
    bench.vault.put("old");
    bench.mint(&["new"]);
    bench.accept(&["old", "new"]);
    bench.clock.advance(chrono::Duration::hours(24) - chrono::Duration::seconds(601));
    bench.fetch().await.unwrap();
    bench.clock.advance(chrono::Duration::seconds(1));
    bench.fetch().await.unwrap();
    assert_eq!(bench.tokens_sent(), ["old", "new"]);
}

#[tokio::test]
async fn a_worker_waits_while_another_renews_but_not_for_ever() {
    let bench = bench().await;
    bench.vault.hold_lease();
    let before = bench.clock.now();
    let fault = bench.fetch().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains("another worker has been renewing"), "{fault}");
    let waited = (bench.clock.now() - before).num_seconds();
    assert!((30..=35).contains(&waited), "{waited} s");
    assert_eq!(bench.vendor.seen().len(), 0);
}

#[tokio::test]
async fn a_waiting_worker_takes_the_token_that_appears() {
    let bench = bench().await;
    bench.vault.hold_lease();
    bench.vault.put_at_next_begin("theirs");
    bench.accept(&["theirs"]);
    bench.fetch().await.unwrap();
    assert_eq!(bench.vendor.count("get_token"), 0);
}

#[tokio::test]
async fn a_wrong_app_key_is_asked_about_exactly_once_and_the_lease_is_given_back() {
    let bench = bench().await;
    let body = r#"{"ret_code":"900003","ret_msg":"signature错误 k3y-of-app1 15711356914"}"#;
    bench.vendor.reply("get_token", Reply::json(body));
    bench.accept(&[]);
    let fault = bench.fetch().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::CredentialsRefused);
    assert_eq!(fault.code.as_deref(), Some("900003"));
    assert!(
        fault.message.contains("GET /api/get_token") && fault.message.contains("signature错误"),
        "{fault}"
    );
    let printed = printed(&fault);
    let sign = bench.vendor.seen()[0].parameter("sign");
    for secret in ["k3y-of-app1", "15711356914", sign.as_str()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert_eq!(bench.vendor.seen().len(), 1);
    assert_eq!((bench.vault.asked(Asked::Abandon), bench.vault.leased()), (1, false));
}

#[tokio::test]
async fn a_token_request_that_fails_gives_the_lease_back_and_says_so() {
    for (reply, kind) in [
        (
            Reply::json(r#"{"ret_code":"900004","ret_msg":"没有找到公司的api配置信息!"}"#),
            FaultKind::CredentialsRefused,
        ),
        (Reply::json(r#"{"ret_code":"900002"}"#), FaultKind::CredentialsRefused),
        (Reply::json(r#"{"ret_code":"999999"}"#), FaultKind::VendorFailed),
        (Reply::status(401, ""), FaultKind::CredentialsRefused),
        (Reply::status(502, "<html>Bad Gateway</html>"), FaultKind::VendorFailed),
        (Reply::json(r#"{"ret_code":"000000"}"#), FaultKind::Malformed),
        (Reply::json(r#"{"ret_code":"000000","item":{"token":" "}}"#), FaultKind::Malformed),
        (Reply::json(r#"{"ret_code":"000000","item":[]}"#), FaultKind::Malformed),
    ] {
        let bench = bench().await;
        bench.vendor.reply("get_token", reply.clone());
        let fault = bench.fetch().await.unwrap_err();
        assert_eq!(fault.kind, kind, "{reply:?}: {fault}");
        assert_eq!((bench.vault.asked(Asked::Abandon), bench.vault.leased()), (1, false));
        assert_eq!(bench.vendor.count("call_result"), 0);
    }
}

#[tokio::test]
async fn the_life_of_a_token_is_read_from_text_or_number_under_either_name() {
    for (item, seconds) in [
        (r#"{"token":"t","expires_in":"7200"}"#, 7200),
        (r#"{"token":"t","expires_in":7200}"#, 7200),
        (r#"{"token":"t","expire_in":"7200"}"#, 7200),
        (r#"{"token":"t"}"#, 86_400),
        (r#"{"token":"t","expires_in":"soon"}"#, 86_400),
        (r#"{"token":"t","expires_in":0}"#, 86_400),
        (r#"{"token":"t","expires_in":1e25}"#, 86_400),
        (r#"{"token":"t","expires_in":999999999999}"#, 366 * 86_400),
    ] {
        let bench = bench().await;
        bench.vendor.reply("get_token", Reply::json(format!(r#"{{"item":{item},"ret_code":"000000"}}"#)));
        bench.accept(&["t"]);
        bench.fetch().await.unwrap();
        let (_, _, expires_at) = bench.vault.token().unwrap();
        assert_eq!(expires_at - bench.clock.now(), chrono::Duration::seconds(seconds), "{item}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_not_stored_and_one_that_was_is_replaced() {
    for odd in ["a\\nb", "a\\u0000b", "a b", "令牌", "a\\u007f"] {
        let bench = bench().await;
        bench.mint(&[odd, "new"]);
        bench.accept(&["new"]);
        let fault = bench.fetch().await.unwrap_err();
        assert!(fault.message.contains("the token holds characters that no header can carry"), "{fault}");
        assert!(bench.vault.token().is_none(), "{odd}");
        bench.fetch().await.unwrap();
        assert_eq!(bench.vendor.count("get_token"), 2);
    }
    let bench = bench().await;
    bench.vault.put("of an\nearlier version");
    bench.mint(&["new"]);
    bench.accept(&["new"]);
    bench.fetch().await.unwrap();
    assert_eq!(bench.tokens_sent(), ["new"]);
}

#[tokio::test]
async fn a_lease_lost_while_renewing_is_no_loss_where_somebody_else_renewed() {
    let bench = bench().await;
    bench.vault.lose_finish();
    bench.mint(&["ours"]);
    bench.accept(&["theirs"]);
    let fault = bench.fetch().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");

    bench.vendor.reply("get_token", minted("ours").after(Duration::from_millis(80)));
    let vault = MemoryVault::new(&bench.clock);
    vault.lose_finish();
    let account = account(&bench.vendor, &vault, &bench.clock);
    let source = account.stream(StreamId::SOBOT_CALL_RESULT);
    let request = request();
    let (page, ()) = tokio::join!(source.fetch(&request), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        vault.put("theirs");
    });
    page.unwrap();
}

#[tokio::test]
async fn debug_of_an_account_shows_no_key_and_budgets_are_named_after_the_account() {
    let bench = bench().await;
    assert!(!format!("{:?}", bench.account).contains("k3y"), "{:?}", bench.account);
    let host = format!("127.0.0.1:{}", bench.vendor.base.port().unwrap());
    assert_eq!(
        bench.account.budget_name(StreamId::SOBOT_CALL_RESULT),
        format!("sobot:app1@{host}/call_result")
    );
    assert_eq!(
        bench.account.budget_name(StreamId::SOBOT_CHAT_RESULT),
        format!("sobot:app1@{host}/chat_result")
    );
}
