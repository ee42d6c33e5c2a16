//! In which charset a body comes: what its first bytes show, else what its header declares, else UTF-8.

use encoding_rs::{BIG5, Encoding, GBK, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// Longer names of charsets are not shown.
const NAME_MAX: usize = 32;

/// Names that the WHATWG's list lacks and that programs of this part of the world use.
const ALIASES: &[(&str, &Encoding)] = &[
    ("cp936", GBK),
    ("ms936", GBK),
    ("windows-936", GBK),
    ("euc-cn", GBK),
    ("cp950", BIG5),
    ("ms950", BIG5),
    ("utf8mb4", UTF_8),
    ("utf_8", UTF_8),
];

/// What a `Content-Type` declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources) enum Declared<'a> {
    Nothing,
    Known(&'static Encoding),
    /// By a name that nobody knows, or of a charset that is not read.
    Unknown(&'a str),
}

impl<'a> Declared<'a> {
    /// `application/json; Charset="GBK"`, in any case, with any blanks.
    pub(in crate::sources) fn of(content_type: Option<&'a str>) -> Declared<'a> {
        let parameters = content_type.into_iter().flat_map(|value| value.split(';').skip(1));
        let named = parameters.filter_map(|parameter| parameter.split_once('='));
        let mut charsets = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let Some((_, name)) = charsets.next() else { return Declared::Nothing };
        let name = name.trim().trim_matches(['"', '\'']).trim();
        if name.is_empty() {
            return Declared::Nothing;
        }
        let alias =
            ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|(_, known)| *known);
        let known = alias.or_else(|| Encoding::for_label(name.as_bytes()));
        match known.filter(|known| ![REPLACEMENT, X_USER_DEFINED].contains(known)) {
            Some(known) => Declared::Known(known),
            None => Declared::Unknown(name),
        }
    }

    /// The unknown name as it may be shown.
    pub(in crate::sources) fn unknown(self) -> Option<String> {
        let Declared::Unknown(name) = self else { return None };
        let is_plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | ':' | '.');
        let shown = name.len() <= NAME_MAX && name.chars().all(is_plain);
        Some(if shown { name.to_owned() } else { "no plain name".to_owned() })
    }

    /// The charset of a body that begins with these bytes, and how many of them are a byte order mark.
    pub(in crate::sources) fn charset(self, bytes: &[u8]) -> (&'static Encoding, usize) {
        if let Some(marked) = Encoding::for_bom(bytes) {
            return marked;
        }
        // JSON begins with two characters of ASCII: a NUL beside one is half of a unit of UTF-16.
        match (bytes, self) {
            ([0, other, ..], _) if *other != 0 => (UTF_16BE, 0),
            ([other, 0, ..], _) if *other != 0 => (UTF_16LE, 0),
            (_, Declared::Known(declared)) => (declared, 0),
            (_, Declared::Nothing | Declared::Unknown(_)) => (UTF_8, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;

    fn declared(content_type: &str) -> Declared<'_> {
        Declared::of(Some(content_type))
    }

    #[test]
    fn a_charset_is_read_however_it_is_quoted_and_spelled() {
        for text in [
            "application/json;charset=GBK",
            "application/json; CharSet = \"gbk\"",
            "application/json;charset='gb2312';",
            "text/html; x=y; charset=cp936",
            "application/json;charset=Ms936",
        ] {
            assert_eq!(declared(text), Declared::Known(GBK), "{text}");
        }
        assert_eq!(declared("application/json;charset=GB18030"), Declared::Known(GB18030));
        assert_eq!(declared("application/json;charset=Big5"), Declared::Known(BIG5));
        assert_eq!(declared("application/json;charset=UTF8"), Declared::Known(UTF_8));
        for text in ["application/json", "application/json;", "application/json;charset=", "", "charset=GBK"]
        {
            assert_eq!(declared(text), Declared::Nothing, "{text}");
        }
        assert_eq!(Declared::of(None), Declared::Nothing);
    }

    #[test]
    fn an_unknown_charset_is_named_if_its_name_is_plain() {
        assert_eq!(declared("a/b;charset=klingon-8").unknown().as_deref(), Some("klingon-8"));
        assert_eq!(declared("a/b;charset=hz-gb-2312").unknown().as_deref(), Some("hz-gb-2312"));
        assert_eq!(declared("a/b;charset=13812345678 x").unknown().as_deref(), Some("no plain name"));
        assert_eq!(declared("a/b;charset=gbk").unknown(), None);
    }

    #[test]
    fn the_first_bytes_overrule_what_is_declared() {
        let gbk = Declared::Known(GBK);
        assert_eq!(gbk.charset(b"\xef\xbb\xbf{}"), (UTF_8, 3));
        assert_eq!(gbk.charset(b"\xff\xfe{\0"), (UTF_16LE, 2));
        assert_eq!(Declared::Nothing.charset(b"\xfe\xff\0{"), (UTF_16BE, 2));
        assert_eq!(Declared::Known(UTF_16LE).charset(b"\0{\0}"), (UTF_16BE, 0));
        assert_eq!(Declared::Nothing.charset(b"{\0}\0"), (UTF_16LE, 0));
        assert_eq!((gbk.charset(b"{}"), Declared::Unknown("x").charset(b"{}")), ((GBK, 0), (UTF_8, 0)));
        assert_eq!(Declared::Nothing.charset(b""), (UTF_8, 0));
    }
}
