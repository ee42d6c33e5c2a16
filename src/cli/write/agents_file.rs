//! Agents' accounts as CSV, one line an account.

use crate::cli::write::cell::cell;
use crate::cli::write::sheet::{self, Row};
use ccsync::domain::vendor::agent::{AccountKey, AgentAccount, LinkOrder};

const COLUMNS: [&str; 10] =
    ["person_id", "vendor", "source", "account_id", "name", "email", "rule", "state", "reason", "candidates"];
/// Those without which a line says nothing.
const NEEDED: [&str; 4] = ["person_id", "vendor", "source", "account_id"];

/// The accounts as a file that [`read`] reads. All but the keys and the rule is there for people alone.
pub(in crate::cli) fn write(accounts: &[AgentAccount]) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for account in accounts {
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        let cells = [
            &account.person_id,
            &account.vendor,
            &account.source,
            &account.account_id,
            &shown(&account.name),
            &shown(&account.email),
            &shown(&account.rule),
            &account.state,
            &shown(&account.reason),
            &account.candidates.join(" "),
        ];
        out.write_record(cells.map(|text| cell(text).into_owned()))?;
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file.
///
/// # Errors
/// Every mistake in it, each with its line.
pub(in crate::cli) fn read(text: &str) -> Result<Vec<LinkOrder>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut orders = Vec::new();
    for row in sheet::read(text, &COLUMNS, &NEEDED)? {
        let read = row.and_then(|row| order(&row).map_err(|why| format!("line {}: {why}", row.line)));
        match read {
            Ok(order) => orders.push(order),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(orders) } else { Err(mistakes) }
}

fn order(row: &Row) -> Result<LinkOrder, String> {
    let field = |name: &str| row.field(name).unwrap_or_default();
    let account = AccountKey::new(field("vendor"), field("source"), field("account_id"))?;
    let person = match field("person_id") {
        "" => None,
        person => Some(person.parse().map_err(|why| format!("person_id {why}"))?),
    };
    Ok(LinkOrder { line: row.line, account, person, is_pinned: field("rule") == "overruled" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let account = AgentAccount {
            person_id: "sobot/s/a,1".to_owned(),
            vendor: "moor".to_owned(),
            source: "m".to_owned(),
            account_id: "8001".to_owned(),
            name: Some("张\"三\"\n, O’Neil".to_owned()),
            email: None,
            rule: Some("overruled".to_owned()),
            state: "matched".to_owned(),
            reason: None,
            candidates: vec!["sobot/s/a".to_owned(), "sobot/s/b".to_owned()],
        };
        let [order] = read(&write(std::slice::from_ref(&account)).unwrap()).unwrap().try_into().unwrap();
        assert_eq!(order.account, account.key());
        assert_eq!(order.person.unwrap().to_string(), account.person_id);
        assert!(order.is_pinned);
    }

    #[test]
    fn lines_need_four_columns_and_an_empty_person_is_the_rules() {
        let read = read("\u{feff}vendor,source,account_id,person_id\nmoor, m ,8001,\n").unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].line, &read[0].person, read[0].is_pinned), (2, &None, false));
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let columns = read("vendor,sauce,person_id,vendor\n").unwrap_err().join("\n");
        for part in [
            "unknown column \"sauce\"",
            "source is missing",
            "account_id is missing",
            "vendor is there twice",
        ] {
            assert!(columns.contains(part), "{part} in\n{columns}");
        }
        let text = "person_id,vendor,source,account_id\n\
                    sobot/s,moor,m,1\nsobot/s/a,avaya,m,1\nsobot/s/a,moor,m,\nsobot/s/a,moor,m\nsobot/s/a,moor,m,2\n";
        let lines = read(text).unwrap_err();
        assert_eq!(lines.len(), 4, "{lines:?}");
        for (line, mistake) in (2..).zip(&lines) {
            assert!(mistake.starts_with(&format!("line {line}: ")), "{mistake}");
        }
    }
}
