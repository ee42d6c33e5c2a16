//! Faults by a few words, for a line that has no room for what they mean.

use crate::report::phrase::phrases;

phrases! {
    /// [`crate::domain::fault::FaultKind::Unreachable`]
    UNREACHABLE = "the vendor does not answer", "厂商无应答";
    /// [`crate::domain::fault::FaultKind::VendorFailed`]
    VENDOR_FAILED = "the vendor fails", "厂商自身故障";
    /// [`crate::domain::fault::FaultKind::RateLimited`]
    RATE_LIMITED = "too many requests", "请求过于频繁";
    /// [`crate::domain::fault::FaultKind::Malformed`]
    MALFORMED = "answers cannot be read", "应答无法解析";
    /// [`crate::domain::fault::FaultKind::TokenContested`]
    TOKEN_CONTESTED = "another system renews the token", "另一个系统在刷新令牌";
    /// [`crate::domain::fault::FaultKind::CredentialsRefused`]
    CREDENTIALS_REFUSED = "credentials refused", "凭证被拒绝";
    /// [`crate::domain::fault::FaultKind::RequestRefused`]
    REQUEST_REFUSED = "requests refused", "请求被拒绝";
    /// [`crate::domain::fault::FaultKind::UnknownCode`]
    UNKNOWN_CODE = "a code that no document lists", "文档未列出的返回码";
    /// [`crate::domain::fault::FaultKind::RedirectRefused`]
    REDIRECT_REFUSED = "redirected elsewhere", "被重定向到别处";
    /// [`crate::domain::fault::FaultKind::WalkUnsettled`]
    WALK_UNSETTLED = "pages change while they are read", "读取期间分页不断变化";
    /// [`crate::domain::fault::FaultKind::WindowTooLarge`]
    WINDOW_TOO_LARGE = "a window is too large", "窗口过大";
    /// [`crate::domain::fault::FaultKind::PageTooLarge`]
    PAGE_TOO_LARGE = "answers are too large", "应答过大";
    /// [`crate::domain::fault::FaultKind::DatabaseUnreachable`]
    DATABASE_UNREACHABLE = "the database does not answer", "数据库无应答";
    /// [`crate::domain::fault::FaultKind::DatabaseConflict`]
    DATABASE_CONFLICT = "conflicts in the database", "数据库冲突";
    /// [`crate::domain::fault::FaultKind::DatabaseRefused`]
    DATABASE_REFUSED = "the database refuses", "数据库拒绝";
    /// [`crate::domain::fault::FaultKind::SourceRefused`]
    SOURCE_REFUSED = "the account does not fit its name", "账号与来源名称不符";
    /// [`crate::domain::fault::FaultKind::Misconfigured`]
    MISCONFIGURED = "configuration", "配置有误";
    /// [`crate::domain::fault::FaultKind::LeaseLost`]
    LEASE_LOST = "another process took over", "已被另一进程接管";
    /// [`crate::domain::fault::FaultKind::Outdated`]
    OUTDATED = "overtaken by a newer read", "已有更新的读取";
    /// [`crate::domain::fault::FaultKind::Cancelled`]
    CANCELLED = "stopped", "已停止";
}
