//! Which kind of personal data a field holds, by its name: of columns, of fields without one, and of what lies
//! in quarantine.

use super::Personal;

/// Longer names are none of those below.
const NAME_BYTES_MAX: usize = 24;

/// The kind that a field by this name holds. Capitals, `_`, `-` and blanks say nothing.
pub(super) fn kind_of(name: &str) -> Option<Personal> {
    let mut folded = [0_u8; NAME_BYTES_MAX];
    let mut length = 0;
    for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
        *folded.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    match std::str::from_utf8(&folded[..length]).ok()? {
        "phone" | "mobile" | "telephone" | "tel" | "phonenumber" | "phoneno" | "mobilephone" | "mobileno"
        | "mobilenumber" | "cellphone" | "agentphone" | "agentmobile" | "customerphone" | "callerid"
        | "callednumber" | "callernumber" | "手机" | "手机号" | "手机号码" | "电话" | "电话号码"
        | "联系电话" => Some(Personal::Phone),
        "email" | "mail" | "emailaddress" | "agentemail" | "customeremail" | "邮箱" | "电子邮箱" => {
            Some(Personal::Email)
        }
        "name" | "agentname" | "nickname" | "agentnickname" | "nick" | "username" | "realname"
        | "fullname" | "firstname" | "lastname" | "infoname" | "customername" | "contactname"
        | "membername" | "staffname" | "姓名" | "客户姓名" | "昵称" | "联系人" => {
            Some(Personal::Name)
        }
        _ => None,
    }
}
