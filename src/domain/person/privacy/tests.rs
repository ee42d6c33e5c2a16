use serde_json::json;

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const NEXT: &str = "fedcba9876543210fedcba9876543210";

fn keys(text: &str) -> Option<Arc<TokenKeys>> {
    Some(Arc::new(TokenKeys::parse(text).unwrap()))
}

fn all(policy: Policy) -> Privacy {
    Privacy { phone: policy, email: policy, name: policy, keys: keys(KEY), forgotten: None }
}

fn masked(text: &str) -> String {
    all(Policy::Mask).scrub_text(text).unwrap_or_else(|| text.to_owned())
}

#[test]
fn masks_leave_what_people_recognise() {
    let mask = |kind, text| all(Policy::Mask).apply(kind, text).unwrap();
    for (sent, left) in [
        ("15711356914", "157****6914"),
        ("+86 157-1135-6914", "157****6914"),
        ("１５７１１３５６９１４", "157****6914"),
        ("0571-88888888", "057****8888"),
        ("12345", "****45"),
        ("12", "****"),
        ("", ""),
    ] {
        assert_eq!(mask(Personal::Phone, sent), left, "{sent}");
    }
    assert_eq!(mask(Personal::Email, " zhang@example.com"), "z***@example.com");
    assert_eq!(mask(Personal::Email, "z@example.com"), "***@example.com");
    assert_eq!(mask(Personal::Email, "zhang"), "z***");
    assert_eq!(mask(Personal::Name, "张小明"), "张**");
}

#[test]
fn numbers_are_found_in_every_way_people_write_them() {
    for (text, left) in [
        ("打 15711356914 或 8613900001111。", "打 157****6914 或 139****1111。"),
        ("(+86)157-1135-6914", "(157****6914"),
        ("0086 157 1135 6914", "157****6914"),
        ("tel：１５７－１１３５－６９１４", "tel：157****6914"),
        ("015711356914/157.1135.6914", "157****6914/157****6914"),
        ("座机0571-88888888转8", "座机057****8888转8"),
        ("(010) 8888 8888", "(010****8888"),
        ("400-800-8888, 400-8008-888", "400****8888, 400****-888"),
        ("+852 9123 4567", "+85****4567"),
        ("call_15711356914_1", "call_157****6914_1"),
        ("sip:15711356914@10.0.0.8", "sip:157****6914@10.0.0.8"),
    ] {
        assert_eq!(masked(text), left, "{text}");
    }
}

#[test]
fn addresses_are_found_and_their_neighbours_stay() {
    for (text, left) in [
        ("邮箱zhang.san@example.com谢谢", "邮箱z***@example.com谢谢"),
        ("<a+b@x.co.uk>, c_d@例子.中国", "<a***@x.co.uk>, c***@例子.中国"),
        ("15711356914@139.com", "1***@139.com"),
        ("张三＠example．com", "张***@example．com"),
    ] {
        assert_eq!(masked(text), left, "{text}");
    }
    let phone_only = Privacy { email: Policy::Keep, ..all(Policy::Mask) };
    assert_eq!(phone_only.scrub_text("15711356914@139.com").as_deref(), Some("157****6914@139.com"));
}

#[test]
fn ids_times_scores_and_versions_are_left_alone() {
    for text in [
        "1554971786077",
        "a15711356914b",
        "beeb8dda-87fb-4f7d-aa60-a4dee98e2e08",
        "12345678-0571-4567-8901-a4dee98e2e08",
        "id 12345678-0571-4567-8901-123456789012.",
        "2026-01-01 08:00:00",
        "2026-11-21T08:00:00+08:00",
        "138.12345678",
        "10.0.0.138:8080",
        "157113569140",
        "N00000000000",
        "12345678901234567890",
        "0123456789",
        "me@work",
        "@all",
        "x@1.2",
    ] {
        assert_eq!(all(Policy::Mask).scrub_text(text), None, "{text}");
    }
}

#[test]
fn what_was_treated_once_stays_as_it_is_under_every_policy_but_drop() {
    for policy in [Policy::Mask, Policy::Hmac] {
        let privacy = all(policy);
        for (kind, value) in
            [(Personal::Phone, "15711356914"), (Personal::Email, "zhang@x.com"), (Personal::Name, "张三")]
        {
            let once = privacy.apply(kind, value).unwrap();
            assert_ne!(once, value);
            for again in [Policy::Mask, Policy::Hmac] {
                assert_eq!(all(again).apply(kind, &once).as_deref(), Some(once.as_str()));
                assert_eq!(all(again).scrub_text(&once), None);
            }
        }
    }
}

#[test]
fn one_number_has_one_token_however_it_is_written_and_kinds_share_none() {
    let keys = keys(KEY).unwrap();
    let token = |kind, value| keys.token(kind, value);
    let mobile = token(Personal::Phone, "15711356914");
    assert!(mobile.starts_with("hmac1:") && mobile.len() == 6 + 32, "{mobile}");
    for way in
        ["+86 157-1135-6914", "008615711356914", "015711356914", "１５７１１３５６９１４", " 157 1135 6914"]
    {
        assert_eq!(token(Personal::Phone, way), mobile, "{way}");
    }
    assert_eq!(token(Personal::Phone, "+86 571 88888888"), token(Personal::Phone, "0571-88888888"));
    assert_eq!(token(Personal::Email, " Zhang@Example.com"), token(Personal::Email, "zhang@example.com"));
    assert_eq!(token(Personal::Name, "Li  Na "), token(Personal::Name, "ｌｉ na"));
    assert_ne!(token(Personal::Name, "15711356914"), mobile);
    assert_ne!(token(Personal::Phone, "+1 (571) 135-6914"), token(Personal::Phone, "15711356914"));
    assert_ne!(TokenKeys::parse(NEXT).unwrap().token(Personal::Phone, "15711356914"), mobile);
}

#[test]
fn a_lifted_token_is_the_one_that_a_new_reading_gives() {
    let (old, new) = (keys(KEY).unwrap(), keys(&format!("{KEY}\n\n{NEXT}\n")).unwrap());
    let (stored, read) =
        (old.token(Personal::Phone, "15711356914"), new.token(Personal::Phone, "15711356914"));
    assert!(read.starts_with("hmac2:"), "{read}");
    assert_eq!(new.lift_text(&stored).as_deref(), Some(read.as_str()));
    let text = |token: &str| format!(r#"{{"a": "{token} x {token}", "hmac1:": "hmac1:zz"}}"#);
    assert_eq!(new.lift_text(&text(&stored)), Some(text(&read)));
    assert_eq!(new.lift_text(&text(&read)), None, "twice is once");
    assert_eq!(old.lift_text(&text(&stored)), None);
    assert_eq!(old.lift_text(&text(&read)), None, "an old file lowers nothing");
    assert_eq!(old.marks()[..], new.marks()[..1]);
}

#[test]
fn a_file_of_keys_says_what_is_wrong_with_it_and_no_key() {
    let refused = |text: &str| TokenKeys::parse(text).unwrap_err();
    assert_eq!(refused("\n"), "holds no key");
    assert!(refused(&format!("{KEY}\nshort-one")).starts_with("line 2: a key of 9 bytes is too short: 32"));
    assert_eq!(refused(&format!("{KEY}\n{KEY}")), "line 2: this key is there twice");
    assert!(!format!("{:?}", TokenKeys::parse(KEY).unwrap()).contains("0123"));
}

#[test]
fn fields_are_treated_by_their_names_and_texts_by_what_they_hold() {
    let mut json = json!({
        "note": "打 15711356914", "n": 15711356914_u64, "ms": "1554971786077", "score": 132.5, "f": 15711356914.0, "big": 1e20,
        "deep": [{"tel": "8000123", "Agent-Name": "张三", "E_mail": "li@x.com"}],
        "nickname": ["李四", 5], "inner": r#"{"name":"王五","at":1554971786077}"#, "password": "x",
        "by": {"15711356914": 1, "+8615711356914": 2}, "empty": {"phone": "", "name": null},
    });
    all(Policy::Mask).scrub(&mut json);
    assert_eq!(
        json,
        json!({
            "note": "打 157****6914", "n": "157****6914", "ms": "1554971786077", "score": 132.5, "f": "157****6914", "big": 1e20,
            "deep": [{"tel": "****23", "Agent-Name": "张**", "E_mail": "l***@x.com"}],
            "nickname": ["李**", "5**"], "inner": r#"{"at":1554971786077,"name":"王**"}"#,
            "by": {"157****6914": 2, "157****6914 (2)": 1}, "empty": {"phone": "", "name": null},
        })
    );
    let mut dropped =
        json!({"phone": 15711356914_u64, "t": "15711356914", "a": "x 15711356914 y", "name": "张"});
    all(Policy::Drop).scrub(&mut dropped);
    assert_eq!(dropped, json!({"phone": null, "t": null, "a": "x  y", "name": null}));
    let mut kept = json!({
        "phone": "15711356914", "name": "张三", "b": "z@x.com", "passwd": "x", "access_token": "x", "refreshToken": 1, "app_secret": "x",
        "userPassword": "x", "API-Key": "x", "Authorization": "x", "cookie": {"a": "x"}, "pwd": "x",
    });
    Privacy::KEEP.scrub(&mut kept);
    assert_eq!(
        kept,
        json!({"phone": "15711356914", "name": "张三", "b": "z@x.com"}),
        "credentials never stay"
    );
}

#[test]
fn what_is_no_json_ends_where_a_personal_field_begins() {
    let text = r#"{"a": "15711356914", "nickname": "张三"#;
    assert_eq!(all(Policy::Mask).scrub_broken(text), r#"{"a": "157****6914", "…"#);
    assert_eq!(Privacy::default().scrub_broken(text), r#"{"a": "157****6914", "nickname": "张三"#);
    assert_eq!(Privacy::KEEP.scrub_broken(r#"{"password": "x"#), r#"{"…"#);
}

#[test]
fn keys_that_are_personal_stay_apart_as_tokens_and_without_a_key_are_none() {
    let one = all(Policy::Mask).key("15711356914".into()).unwrap();
    let other = all(Policy::Drop).key("15711116914".into()).unwrap();
    assert!(one.starts_with("hmac1:") && other.starts_with("hmac1:") && one != other);
    let keyless = Privacy { keys: None, ..all(Policy::Mask) };
    assert_eq!(keyless.key("a@x.com".into()), Err(Personal::Email));
    assert_eq!(keyless.key("8000".into()), Ok("8000".into()));
    assert_eq!(all(Policy::Mask).key("157****6914".into()), Err(Personal::Phone), "two may have been masked");
    assert_eq!(keyless.key("0571-88888888".into()), Ok("0571-88888888".into()), "an id with parts");
    assert_eq!(Privacy::KEEP.key("15711356914".into()), Ok("15711356914".into()));
}

#[test]
fn only_the_named_custom_fields_stay() {
    let fields = || serde_json::from_str(r#"{"年龄": "39", "地址": "x"}"#).unwrap();
    let named = CustomFieldPolicy::Only(["年龄".to_owned()].into());
    assert_eq!(named.apply(fields()).map(|kept| kept.len()), Some(1));
    assert_eq!(CustomFieldPolicy::Keep.apply(fields()).map(|kept| kept.len()), Some(2));
    assert_eq!(CustomFieldPolicy::Drop.apply(fields()), None);
}
