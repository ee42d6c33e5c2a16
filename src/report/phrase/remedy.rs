//! What the operator can do: after a fault, and about a departure from a vendor's documents.

use crate::report::phrase::phrases;

phrases! {
    /// [`crate::domain::fault::FaultKind::Unreachable`]
    UNREACHABLE = "check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers",
        "检查 base_url、DNS、防火墙以及本机与厂商之间的代理；数据不会丢失，厂商恢复应答后会自动继续";
    /// [`crate::domain::fault::FaultKind::VendorFailed`]
    VENDOR_FAILED = "the vendor's own failure; it is tried again by itself, call the vendor if it lasts",
        "厂商自身故障；程序会自动重试，若持续不恢复请联系厂商";
    /// [`crate::domain::fault::FaultKind::RateLimited`]
    RATE_LIMITED = "lower requests_per_minute of the stream, or find out who else uses the account",
        "调低该数据流的 requests_per_minute，或查明还有谁在使用此账号";
    /// [`crate::domain::fault::FaultKind::Malformed`]
    MALFORMED = "check that base_url is the API's address and that no proxy or login page answers in its place",
        "确认 base_url 是接口地址，并且没有代理或登录页面代为应答";
    /// [`crate::domain::fault::FaultKind::TokenContested`]
    TOKEN_CONTESTED = "another system uses the same appid and renews its token; let both share one token, or ask Sobot for an appid of your own for ccsync",
        "另一个系统正在使用同一个 appid 并不断刷新令牌；请让双方共用一个令牌，或向智齿为 ccsync 申请单独的 appid";
    /// [`crate::domain::fault::FaultKind::CredentialsRefused`]
    CREDENTIALS_REFUSED = "check account and secret of the source (and this host's clock) with `ccsync check`",
        "用 `ccsync check` 检查该数据源的账号和密钥（以及本机时钟）";
    /// [`crate::domain::fault::FaultKind::RequestRefused`]
    REQUEST_REFUSED = "the vendor does not accept what was asked; check start, window and page_size of the stream",
        "厂商不接受请求参数；检查该数据流的 start、window 和 page_size";
    /// [`crate::domain::fault::FaultKind::UnknownCode`]
    UNKNOWN_CODE = "no document lists this code; ask the vendor what it means, and report it as an issue of ccsync",
        "文档中没有这个返回码；请向厂商询问其含义，并作为问题报告给 ccsync";
    /// [`crate::domain::fault::FaultKind::RedirectRefused`]
    REDIRECT_REFUSED = "set base_url to the address that the vendor gave you; credentials never follow a redirect",
        "把 base_url 设为厂商提供的地址；凭据绝不会跟随重定向发送";
    /// [`crate::domain::fault::FaultKind::WalkUnsettled`]
    WALK_UNSETTLED = "the vendor's pages did not fit together, read after read: its data changes while it is read, or it does not page as documented; it is read again by itself; a larger page_size of the stream helps where data changes, one below 500 where pages do not fit though nothing does",
        "厂商的各页多次无法拼合：读取期间数据在变化，或分页与文档不符；会自动重读；若数据在变化，可加大该数据流的 page_size；若数据未变化，可设为 500 以下";
    /// [`crate::domain::fault::FaultKind::WindowTooLarge`]
    WINDOW_TOO_LARGE = "raise engine.pages_max, or page_size of the stream",
        "调高 engine.pages_max，或该数据流的 page_size";
    /// [`crate::domain::fault::FaultKind::PageTooLarge`]
    PAGE_TOO_LARGE = "nothing of the answer is stored; where the vendor ignores page_size, tell it; where rows are that large, lower page_size of the stream or raise engine.rows_mib_max",
        "该应答没有任何内容入库；若厂商不理会 page_size，请联系厂商；若数据行确实很大，请调低该数据流的 page_size 或调高 engine.rows_mib_max";
    /// [`crate::domain::fault::FaultKind::DatabaseUnreachable`]
    DATABASE_UNREACHABLE = "check that PostgreSQL runs and that database.url is right; what vendors can be asked for again is not lost",
        "检查 PostgreSQL 是否在运行、database.url 是否正确；可以向厂商重新读取的数据不会丢失";
    /// [`crate::domain::fault::FaultKind::DatabaseConflict`]
    DATABASE_CONFLICT = "it is tried again by itself; look for long transactions in pg_stat_activity if it lasts",
        "程序会自动重试；若持续出现，请在 pg_stat_activity 中查找长事务";
    /// [`crate::domain::fault::FaultKind::DatabaseRefused`]
    DATABASE_REFUSED = "run `ccsync check`: it names missing rights, tables, columns, views and keys, what may drop rows, and what mends each",
        "运行 `ccsync check`：它会列出缺失的权限、表、列、视图和键，可能丢弃数据行的对象，以及各自的修复方法";
    /// [`crate::domain::fault::FaultKind::SourceRefused`]
    SOURCE_REFUSED = "run the command that the message names, or correct the source's table in the configuration; `ccsync source list` shows what is stored",
        "执行错误信息中给出的命令，或更正配置中该来源的配置；`ccsync source list` 列出库中已有的来源";
    /// [`crate::domain::fault::FaultKind::Misconfigured`]
    MISCONFIGURED = "correct the setting that the message names; `ccsync config` shows which settings are in force, `ccsync check` tries them",
        "更正错误信息中给出的配置项；`ccsync config` 显示当前生效的配置，`ccsync check` 会逐项检查";
    /// [`crate::domain::fault::FaultKind::LeaseLost`]
    LEASE_LOST = "another worker took this window over; nothing needs to be done",
        "另一个工作进程已接管此窗口；无需处理";
    /// [`crate::domain::fault::FaultKind::Outdated`]
    OUTDATED = "it is read again by itself; if it lasts, see that all workers on this database have one configuration",
        "程序会自动重新读取；若持续出现，请确认使用同一数据库的所有工作进程配置一致";
    /// [`crate::domain::fault::FaultKind::Cancelled`]
    CANCELLED = "start ccsync again; it goes on where it stopped",
        "重新启动 ccsync；它会从停止处继续";

    /// [`crate::domain::vendor::drift::DriftKind::NewField`]
    NEW_FIELD = "a field of a record is kept in `extra` of its row, unless it is named like a secret; ask for a column if it is wanted",
        "记录中的该字段保存在其行的 `extra` 中（名称像密钥的除外）；如有需要可申请增加一列";
    /// [`crate::domain::vendor::drift::DriftKind::ChangedType`]
    CHANGED_TYPE = "values that cannot be read are in `ccsync quarantine list`; update ccsync, then `ccsync quarantine retry --all`",
        "无法读取的值见 `ccsync quarantine list`；请升级 ccsync，然后运行 `ccsync quarantine retry --all`";
    /// [`crate::domain::vendor::drift::DriftKind::UnknownCode`]
    UNKNOWN_VALUE = "the value is stored as it came, or its record is quarantined where its column cannot hold it; look whether reports that know the documented values only still tell the truth",
        "该值已按原样保存，若其列无法容纳则该记录已被隔离；请检查只识别文档所列取值的报表是否仍然准确";
    /// [`crate::domain::vendor::drift::DriftKind::MissingField`]
    MISSING_FIELD = "its column is null in the rows of that read; ask the vendor whether the field is gone or renamed",
        "此次读取的各行中该列为空；请向厂商询问该字段是已取消还是改名";
    /// [`crate::domain::vendor::drift::DriftKind::ReplacedText`]
    REPLACED_TEXT = "ask the vendor which charset it sends and declares; records whose key is affected are in `ccsync quarantine list`",
        "请向厂商询问其发送并声明的字符集；主键受影响的记录见 `ccsync quarantine list`";
    /// [`crate::domain::vendor::drift::DriftKind::RepeatedField`]
    REPEATED_FIELD = "ask the vendor which value is meant; records whose key stands twice are in `ccsync quarantine list`",
        "请向厂商询问以哪个值为准；主键出现两次的记录见 `ccsync quarantine list`";
    /// [`crate::domain::vendor::drift::DriftKind::KeptAsText`]
    KEPT_AS_TEXT = "nothing is lost: every digit is in `extra`, as a text",
        "数据不会丢失：全部内容以文本形式保存在 `extra` 中";
    /// [`crate::domain::vendor::drift::DriftKind::UnknownCharset`]
    UNKNOWN_CHARSET = "ask the vendor which charset it sends; bytes that are no UTF-8 are told as replaced text",
        "请向厂商询问其发送的字符集；非 UTF-8 的字节会另行提示为已替换的文本";
    /// [`crate::domain::vendor::drift::DriftKind::TooMany`]
    TOO_MANY = "ask the vendor what changed; further departures are not listed",
        "请向厂商询问发生了什么变化；更多偏差不再逐一列出";
}
