//! Under keyed tokens, and under a key or policy that comes later.

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const NEXT: &str = "fedcba9876543210fedcba9876543210";

fn keyed(keys: &str) -> Vec<(&'static str, String)> {
    let mut variables: Vec<_> = QUICK.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.push(("CCSYNC__PRIVACY__PHONE", "hmac".to_owned()));
    variables.push(("CCSYNC__PRIVACY__HMAC_KEY", keys.to_owned()));
    variables
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_number_known_by_its_token_stays_forgotten_under_a_new_key_and_a_new_policy() {
    let variables = keyed(KEY);
    let (world, _) = planted(&borrowed(&variables)).await;
    let token = "select extra->>'tel' from sobot.call_result where extra ? 'tel' limit 1";
    let token: String = value(&world.test, token).await;
    assert!(token.starts_with("hmac1:"), "{token}");
    forget(&world, &ErasureSubject::Phone(NUMBER.into())).await;
    assert_eq!(rows_with(&world, &[&token]).await, Vec::<String>::new());
    let stop = CancellationToken::new();
    let planted = "select count(*) from sobot.call_result where extra ? 'tel'";
    let named = "select count(*) from sobot.call_result where extra->>'tel' is not null
        or extra->>'packed' like '%hmac%' or agent_name like '%hmac%' or agent_name like '%*%'";
    for variables in [keyed(KEY), keyed(&format!("{KEY}\n{NEXT}")), Vec::new()] {
        let mut variables = borrowed(&variables);
        if variables.is_empty() {
            variables = QUICK.to_vec();
        }
        let app = world.another_app(&variables).await;
        app.sync(&[], &stop).await.unwrap();
        assert!(value::<i64>(&world.test, planted).await > 0);
        assert_eq!(value::<i64>(&world.test, named).await, 0);
    }
}
