//! What is planted: numbers, addresses and names that occur nowhere else, each once for each field.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const DOMAIN: &str = "@hidden-mail.example";

/// Makes plants and remembers them.
#[derive(Default)]
pub struct Plants {
    pub phones: BTreeSet<String>,
    pub emails: BTreeSet<String>,
    pub names: BTreeSet<String>,
}

/// A documented field, and a value that can be read.
pub type Field = (&'static str, Value);

impl Plants {
    pub fn phone(&mut self) -> String {
        let phone = format!("1385{:07}", 1_000_003 * (self.phones.len() + 1) % 10_000_000);
        assert!(self.phones.insert(phone.clone()));
        phone
    }

    pub fn email(&mut self) -> String {
        let email = format!("plant.{}{DOMAIN}", self.emails.len() + 1);
        assert!(self.emails.insert(email.clone()));
        email
    }

    pub fn name(&mut self) -> String {
        let name = format!("隐名氏{}", self.names.len() + 1);
        assert!(self.names.insert(name.clone()));
        name
    }

    /// Those that stand in the text. They begin alike, so that one look at it does.
    pub fn found_in(&self, text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (begin, plants) in [("1385", &self.phones), ("plant.", &self.emails), ("隐名氏", &self.names)]
        {
            for (at, _) in text.match_indices(begin) {
                let rest = &text[at..];
                let digits = rest[begin.len()..].bytes().take_while(u8::is_ascii_digit).count();
                let length = begin.len() + digits + if begin == "plant." { DOMAIN.len() } else { 0 };
                // A number may be followed by the digits of another thing.
                let length = if begin == "1385" { 11 } else { length };
                found.extend(rest.get(..length).filter(|word| plants.contains(*word)).map(str::to_owned));
            }
        }
        found
    }

    /// One number as people write it, each time otherwise.
    pub fn written_phone(&mut self) -> String {
        let phone = self.phone();
        let (a, b, c) = (&phone[..3], &phone[3..7], &phone[7..]);
        match self.phones.len() % 7 {
            0 => phone,
            1 => format!("{a}-{b}-{c}"),
            2 => format!("+86 {phone}"),
            3 => format!("(+86){a} {b} {c}"),
            4 => format!("0086{phone}"),
            5 => phone.chars().map(|digit| char::from_u32(digit as u32 - 48 + 0xff10).unwrap()).collect(),
            _ => format!("86-{phone}"),
        }
    }

    /// A text with both in it.
    pub fn text(&mut self) -> String {
        format!("客户{}，邮箱{}。", self.written_phone(), self.email())
    }

    /// Objects in which each field in turn is an address, a number, the same as a JSON number, and a text;
    /// `named` fields are a name too. In the last one, fields that nobody documents hold them in every way.
    pub fn elements(
        &mut self,
        fields: &[Field],
        named: &[&str],
        fresh: impl Fn(usize, &mut Map<String, Value>),
    ) -> Vec<Value> {
        let mut elements = Vec::new();
        let mut add = |change: Vec<(String, Value)>| {
            let mut element: Map<_, _> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            fresh(elements.len(), &mut element);
            element.extend(change);
            elements.push(Value::Object(element));
        };
        for (field, _) in fields {
            let number: u64 = self.phone().parse().unwrap();
            for planted in [
                json!(self.phone()),
                json!(number),
                json!(self.email()),
                json!(self.text()),
                json!([self.text()]),
            ] {
                add(vec![((*field).to_owned(), planted)]);
            }
        }
        for field in named {
            add(vec![((*field).to_owned(), json!(self.name()))]);
            // In a record that cannot be read.
            let reject =
                vec![((*field).to_owned(), json!(self.name())), (fields[0].0.to_owned(), Value::Null)];
            add(reject);
        }
        add(self.unknown());
        elements
    }

    /// Fields that no document names.
    fn unknown(&mut self) -> Vec<(String, Value)> {
        let inner = json!({"deep": [{"remark": self.text()}], "nickname": self.name()}).to_string();
        let number: u64 = self.phone().parse().unwrap();
        let fields = [
            ("remark".to_owned(), json!(self.text())),
            ("number".to_owned(), json!(number)),
            ("float".to_owned(), json!(self.phone().parse::<f64>().unwrap())),
            (
                "nested".to_owned(),
                json!({"list": [self.text(), {"mobile": self.phone(), "mail": self.email()}]}),
            ),
            ("inner".to_owned(), json!(inner)),
            ("inner_list".to_owned(), json!(json!([inner.clone(), self.text()]).to_string())),
            ("realName".to_owned(), json!(self.name())),
            (self.phone(), json!("a number for a name")),
            (format!("by {}", self.email()), json!({self.phone(): 1})),
            ("url".to_owned(), json!(format!("https://x.example/?tel={}&to={}", self.phone(), self.email()))),
        ];
        fields.into_iter().collect()
    }
}
