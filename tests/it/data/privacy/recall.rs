//! How much is found of what people write, and that nothing is found where there is nothing.

use ccsync::domain::person::privacy::{Policy, Privacy};
use ccsync_simulator::SimulatorConfig;
use serde_json::Value;

use crate::support::harness::{simulator, world};

fn masking() -> Privacy {
    Privacy { phone: Policy::Mask, email: Policy::Mask, name: Policy::Keep, keys: None, forgotten: None }
}

/// Ways of writing 13812345678 and other numbers, and addresses, in the middle of texts.
const WRITTEN: &[&str] = &[
    "13812345678",
    "电话13812345678，请回",
    "138 1234 5678",
    "138-1234-5678",
    "138.1234.5678",
    "138 12345678",
    "138-12345678",
    "1381234 5678",
    "138–1234–5678",
    "１３８１２３４５６７８",
    "１３８－１２３４－５６７８",
    "+8613812345678",
    "+86 13812345678",
    "+86-138-1234-5678",
    "+86 (138) 1234 5678",
    "(+86)13812345678",
    "（＋86）13812345678",
    "8613812345678",
    "86 13812345678",
    "008613812345678",
    "0086-13812345678",
    "013812345678",
    "13812345678/13900001111",
    "13812345678,13900001111",
    "tel:13812345678;ext=1",
    "Tel: 138-1234-5678 (office)",
    "<13812345678>",
    "phone=13812345678&x=1",
    "user_13812345678_x",
    "sip:13812345678@10.0.0.8",
    "0571-88888888",
    "0571-8888888",
    "(0571)88888888",
    "010 8888 8888",
    "021-88888888-801",
    "400-800-1234",
    "400 8001234",
    "800-820-8820",
    "+852 9123 4567",
    "+1 (415) 555-2671",
    "+442071838750",
    "zhang.san@example.com",
    "Zhang San <zhang.san@example.com>",
    "邮箱：zhang.san@example.com。",
    "邮箱zhang_san-1@mail.example.com.cn谢谢",
    "a+b@x.co",
    "ZHANG@EXAMPLE.COM",
    "zhang＠example.com",
    "张三@例子.中国",
    "mailto:z@x.com?subject=1",
    "12345@qq.com",
];

/// What people write and this does not find; the documentation says so.
const MISSED: &[&str] = &[
    "一三八一二三四五六七八",
    "138a1234b5678",
    "tel13812345678",
    "zhang at example dot com",
    "zhang@localhost",
    "zhang%40example.com",
    "057188888888",
    "4008001234",
    "1 3 8 1 2 3 4 5 6 7 8",
];

#[test]
fn numbers_and_addresses_are_found_in_the_ways_that_people_write_them() {
    let privacy = masking();
    let missed: Vec<_> = WRITTEN.iter().filter(|text| !privacy.forbids(text)).collect();
    assert!(missed.is_empty(), "{} of {} missed: {missed:?}", missed.len(), WRITTEN.len());
    let found: Vec<_> = MISSED.iter().filter(|text| privacy.forbids(text)).collect();
    assert!(found.is_empty(), "better than documented: {found:?}");
}

/// Every value with the name of its field, those that are personal left out.
fn values<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| values(name, value, found)),
        Value::Array(items) => items.iter().for_each(|item| values(name, item, found)),
        _ if matches!(name, "phone" | "agent_email" | "telephone") => {}
        Value::String(text) => found.push((name, text.clone())),
        Value::Number(number) => found.push((name, number.to_string())),
        _ => {}
    }
}

#[tokio::test]
async fn no_id_time_or_score_of_the_vendors_is_taken_for_a_number() {
    let simulator = simulator(SimulatorConfig { calls: 12_000, chats: 12_000, ..world() }).await;
    let truth = simulator.truth();
    let lists = [&truth.calls, &truth.chats, &truth.groups, &truth.claims];
    let mut all = Vec::new();
    lists.iter().flat_map(|list| list.iter()).for_each(|row| values("", row, &mut all));
    assert!(200_000 < all.len(), "{}", all.len());
    let privacy = masking();
    let wrong: Vec<_> = all.iter().filter(|(_, text)| privacy.forbids(text)).collect();
    assert!(wrong.is_empty(), "{} of {}: {:?}", wrong.len(), all.len(), &wrong[..wrong.len().min(5)]);
}
