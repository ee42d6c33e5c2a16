//! Whether the function of a trigger may drop rows of the table that it stands on.

use crate::domain::catalogue::Trigger;

impl Trigger {
    /// A trigger that fires before a row is written drops it by returning null, and keeps the old one by returning
    /// that. A function that only ever returns the new row does neither; of a language that is not read here, nothing
    /// is known.
    pub(super) fn may_drop_rows(&self) -> bool {
        self.before_row && (self.language != "plpgsql" || !returns_new_only(&self.source))
    }

    /// Whenever it fires: its function deletes, and names `table` (without its schema) or builds its statements from
    /// text. A function that deletes from tables of its own is let be.
    pub(super) fn may_delete_rows(&self, table: &str) -> bool {
        let source = self.source.to_lowercase();
        let words = || source.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let has = |wanted: &str| words().any(|word| word == wanted);
        (has("delete") || has("truncate")) && (has(table) || has("execute"))
    }
}

fn returns_new_only(source: &str) -> bool {
    let text = code(source).to_lowercase().replace(';', " ; ");
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ';');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut returned = words.windows(3).filter(|words| words[0] == "return").peekable();
    returned.peek().is_some() && returned.all(|words| words[1..] == ["new", ";"])
}

/// The source without comments and literals.
fn code(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = ["--", "/*", "'"].iter().filter_map(|mark| rest.find(mark)).min() {
        kept.push_str(&rest[..at]);
        kept.push(' ');
        let (skip, end) = match &rest[at..] {
            tail if tail.starts_with("--") => (2, "\n"),
            tail if tail.starts_with("/*") => (2, "*/"),
            _ => (1, "'"),
        };
        let tail = &rest[at + skip..];
        rest = tail.find(end).map_or("", |over| &tail[over + end.len()..]);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drops(source: &str) -> bool {
        let trigger = |source: &str| Trigger {
            name: "t".into(),
            before_row: true,
            language: "plpgsql".into(),
            source: source.into(),
        };
        trigger(source).may_drop_rows()
    }

    #[test]
    fn a_function_that_deletes_from_its_own_table_may_delete_rows() {
        let deletes = |source: &str| {
            let trigger = Trigger {
                name: "t".into(),
                before_row: false,
                language: "plpgsql".into(),
                source: source.into(),
            };
            trigger.may_delete_rows("call_result")
        };
        assert!(deletes("begin delete from sobot.call_result where total_score < 0; return null; end"));
        assert!(deletes("begin execute 'DELETE from ' || tg_table_name; return null; end"));
        assert!(deletes("begin truncate call_result; return null; end"));
        assert!(!deletes(
            "begin delete from public.audit where at < now() - interval '1 day'; return null; end"
        ));
        assert!(!deletes("begin insert into public.audit select deleted_at from new_rows; return null; end"));
    }

    #[test]
    fn a_function_that_only_returns_the_new_row_drops_none() {
        assert!(!drops("begin insert into log values (new.id); return new; end"));
        assert!(!drops("begin -- return null;\n if x then RETURN NEW; end if; return new ; end"));
        assert!(!drops("begin raise notice 'return null;'; return new; end"));
    }

    #[test]
    fn a_function_that_returns_anything_else_may_drop_rows() {
        assert!(drops("begin return null; end"));
        assert!(drops("begin if random() < 0.5 then return null; end if; return new; end"));
        assert!(drops("begin return old; end"));
        assert!(drops("begin return coalesce(new, old); end"));
        assert!(drops("begin return newest; end"));
        assert!(drops("begin raise exception 'no'; end"));
    }
}
