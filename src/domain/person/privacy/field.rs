//! Which kind of personal data a field holds, by its name: of columns, of fields without one, and of what lies
//! in quarantine.

use super::Personal;
use crate::domain::row::text::FieldName;

/// The kind that a field by this name holds.
pub(super) fn kind_of(name: &str) -> Option<Personal> {
    match FieldName::of(name)?.as_str() {
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
