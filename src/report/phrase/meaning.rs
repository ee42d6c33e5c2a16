//! What alerts and faults mean, for the runbook.

use crate::report::phrase::phrases;

phrases! {
    /// A remedy, and the entry of the runbook that says more.
    ADVICE = "{remedy}; see {entry}", "{remedy}；详见 {entry}";

    /// Of the alert that only Prometheus can raise.
    DOWN_TITLE = "ccsync does not answer", "ccsync 无应答";
    /// The same.
    DOWN = "no process of ccsync can be scraped: nothing is read, and nobody would tell of it", "采集不到任何 ccsync 进程：没有在读取数据，也没有谁会通知";
    /// The same.
    DOWN_REMEDY = "see that `ccsync run` runs (`systemctl status ccsync`, its log) and that `ops.listen` can be reached from Prometheus; a restart is safe at any time",
        "确认 `ccsync run` 正在运行（`systemctl status ccsync` 及其日志），并且 Prometheus 能访问 `ops.listen`；随时可以安全重启";

    /// An alert.
    ALERT_DATABASE_UNREACHABLE = "the state cannot be read from the database, so nothing is read from the vendors either; events of live feeds wait on disk",
        "无法从数据库读取状态，因此也不再读取厂商数据；实时消息暂存在磁盘上";
    /// An alert.
    ALERT_DATABASE_REFUSED = "the database answers, and lacks or has something by which rows could be lost or refused: nothing is read until it is mended",
        "数据库有应答，但缺少某些对象，或含有可能导致数据行丢失或被拒绝的对象：修复之前不读取任何数据";
    /// An alert.
    ALERT_SOURCE_REFUSED = "a source is not read: its vendor account is not the one whose rows are stored under its name, or the source was renamed, moved, retired or purged after this process had started",
        "某个来源未被读取：其厂商账号与库中该名称下数据所属的账号不符，或该来源在此进程启动之后被改名、迁移、停用或清除";
    /// An alert.
    ALERT_DISK_FILLING = "the disk under `database.data_dir` has less room than a twentieth of it (at least 1, at most 10 GiB; of a small disk a tenth)",
        "`database.data_dir` 所在磁盘的剩余空间不足二十分之一（至少 1 GiB，至多 10 GiB；小磁盘为十分之一）";
    /// An alert.
    ALERT_CLOCK_OFF = "this host's clock differs by more than a minute from the database's, or from the `Date` of the vendor's answers. Reading goes on: the present is the earlier of the database's clock and the vendor's (with an embedded database the vendor's alone), nothing is called complete after it, and what a wrong clock wrote into the ledger is read again at the next pass. A vendor whose `Date` is behind holds the present back; one whose `Date` stands still is left out of account",
        "本机时钟与数据库时钟或厂商返回的 `Date` 相差超过一分钟。读取仍继续：以数据库时钟和厂商时钟中较早者为当前时间（内置数据库只看厂商），此后的数据都不视为完整；错误时钟写入账本的内容会在下一次读取时重读。厂商的 `Date` 偏慢会使当前时间随之偏慢；停滞不动的 `Date` 不予采用";
    /// An alert.
    ALERT_STREAM_FAILING = "the stream's last attempt failed and was not made good; the fault's name stands in parentheses and has an entry below",
        "该数据流最近一次读取失败且尚未补上；括号中是故障名称，下文有对应条目";
    /// An alert.
    ALERT_TOTAL_DIFFERS = "the vendor states how many elements a window or snapshot has and sends another number, or just as many as it can list; rows may be missing, so that it is not complete, nothing of it is marked deleted, and it is read again after growing pauses",
        "厂商声明了窗口或快照的总数，实际给出的条数却不同，或恰好等于其最多能列出的条数；可能缺少数据，因此不算完整，不会标记任何删除，并以逐渐加长的间隔重读";
    /// An alert.
    ALERT_TOKEN_CONTESTED = "a fresh token was refused at once, several times: somebody else fetches tokens for the same appid, and each new one ends the one before",
        "刚取得的令牌多次立即被拒：另有系统在用同一个 appid 获取令牌，而每个新令牌都会使前一个失效";
    /// An alert.
    ALERT_DATA_STALE = "the instant up to which the stream is complete is older than `fresh_within`, or than three pauses of its schedule",
        "该数据流的完整时刻早于 `fresh_within` 的承诺，或早于其计划间隔的三倍";
    /// An alert.
    ALERT_TICKS_MISSED = "the schedule came due more than twice and no pass began: no daemon runs, or a pass takes longer than the schedule allows",
        "计划时刻已到两次以上却没有开始读取：没有守护进程在运行，或单次读取超过了计划间隔";
    /// An alert.
    ALERT_WINDOW_UNVERIFIED = "a window that ended longer ago than `settle` was read twice or more since, and no read was proven or stable: the rows move while they are read, or the vendor's total disagrees; nothing of it is called complete or final, and nothing is deleted",
        "某个窗口结束的时间已超过 `settle`，此后读取了两次以上，却没有一次已证实或稳定：读取期间数据在变动，或厂商给出的总数不符；该窗口不会被称为完整或定稿，也不会删除任何行";
    /// An alert.
    ALERT_BUDGET_EXHAUSTED = "the requests for rereads that the stream may spend in a business day are spent; new data is read as ever",
        "该数据流在一个业务日内可用的重读请求已用完；新数据照常读取";
    /// An alert.
    ALERT_QUARANTINE_GROWING = "records came that could not be read; each is kept whole and missing from its table, everything else was stored",
        "收到了无法读取的记录；每条都已完整保存但未进入数据表，其余数据均已存储";
    /// An alert.
    ALERT_WINDOW_QUARANTINED = "every record of a window or snapshot is in quarantine: the read was whole, so that it counts as complete, and none of it is in the table, which has at most what earlier reads brought",
        "某个窗口或快照的所有记录都被隔离：读取本身是完整的，因此视为完整，但数据表中没有它的任何一行";
    /// An alert.
    ALERT_ABSENCE_ALARM = "more rows are missing from the vendor's answer at once than `absence_max` allows; none was marked deleted, a person decides",
        "厂商应答中同时缺失的行多于 `absence_max` 所允许；没有任何行被标记为已删除，需要由人决定";
    /// An alert.
    ALERT_SCHEMA_DRIFT = "the vendor sent a field, a type or a value that its documents do not name, or left one out; seen first within the last week",
        "厂商发来了文档中没有的字段、类型或取值，或缺少了文档中的字段；最近一周内首次出现";
    /// An alert.
    ALERT_FEED_UNHEARD = "nothing was heard on an agent's connection for five minutes, not even a sign of life",
        "某坐席的连接已五分钟没有任何消息，连心跳也没有";
    /// An alert.
    ALERT_SPOOL_FILLING = "more than half of `spool_mib_max` waits on disk because the database does not take it",
        "由于数据库无法写入，磁盘上积压的事件已超过 `spool_mib_max` 的一半";
    /// An alert.
    ALERT_SOURCE_UNCONFIGURED = "rows of a source stand in the tables that the configuration of this process does not name; nobody may be reading it any more, and its figures stay part of every answer of schema `bi`",
        "库中有此进程配置之外的来源的数据；它可能已无人读取，而其数据仍计入 `bi` 的每个结果";

    /// [`crate::domain::fault::FaultKind::Unreachable`]
    UNREACHABLE = "no answer came: no connection, TLS failed, or silence until the time limit", "没有收到应答：无法连接、TLS 失败，或直到超时都没有回应";
    /// [`crate::domain::fault::FaultKind::VendorFailed`]
    VENDOR_FAILED = "the vendor answered that it failed itself (HTTP 5xx, or a code for it)", "厂商应答表明其自身出错（HTTP 5xx 或相应返回码）";
    /// [`crate::domain::fault::FaultKind::RateLimited`]
    RATE_LIMITED = "the vendor says that there were too many requests", "厂商表示请求过于频繁";
    /// [`crate::domain::fault::FaultKind::Malformed`]
    MALFORMED = "the answer cannot be understood: no JSON, a web page, cut short or too large", "无法理解应答：不是 JSON、是网页、被截断或过大";
    /// [`crate::domain::fault::FaultKind::TokenContested`]
    TOKEN_CONTESTED = "the token was refused, and so was one fetched afresh", "令牌被拒绝，重新获取的令牌也被拒绝";
    /// [`crate::domain::fault::FaultKind::CredentialsRefused`]
    CREDENTIALS_REFUSED = "the vendor refuses the account, its secret or the signature; the pass over the stream ends at once",
        "厂商拒绝该账号、密钥或签名；对该数据流的读取立即结束";
    /// [`crate::domain::fault::FaultKind::RequestRefused`]
    REQUEST_REFUSED = "the vendor refuses the parameters of this request", "厂商拒绝此请求的参数";
    /// [`crate::domain::fault::FaultKind::UnknownCode`]
    UNKNOWN_CODE = "the vendor answered a code that no document lists", "厂商返回了文档中没有的返回码";
    /// [`crate::domain::fault::FaultKind::RedirectRefused`]
    REDIRECT_REFUSED = "the answer pointed to another host", "应答把请求重定向到另一台主机";
    /// [`crate::domain::fault::FaultKind::WalkUnsettled`]
    WALK_UNSETTLED = "the pages of a window did not fit together in several walks", "多次翻页读取后，窗口的各页仍不能相互吻合";
    /// [`crate::domain::fault::FaultKind::WindowTooLarge`]
    WINDOW_TOO_LARGE = "a window holds more pages than `engine.pages_max`, and cannot be split", "窗口的页数超过 `engine.pages_max`，且无法再拆分";
    /// [`crate::domain::fault::FaultKind::PageTooLarge`]
    PAGE_TOO_LARGE = "one answer holds far more elements than were asked for, or more than there is memory for (`engine.rows_mib_max`)", "一次应答包含的元素远多于所请求的数量，或超出可用内存（`engine.rows_mib_max`）";
    /// [`crate::domain::fault::FaultKind::DatabaseUnreachable`]
    DATABASE_UNREACHABLE = "the database did not answer or ended the connection", "数据库没有应答或断开了连接";
    /// [`crate::domain::fault::FaultKind::DatabaseConflict`]
    DATABASE_CONFLICT = "the database asks for another try: serialization, deadlock, or a lock held too long", "数据库要求重试：串行化冲突、死锁或锁等待超时";
    /// [`crate::domain::fault::FaultKind::DatabaseRefused`]
    DATABASE_REFUSED = "the database refuses, or takes fewer rows than were sent: rights, missing or altered tables, a trigger or rule, a full disk, a newer schema",
        "数据库拒绝操作，或接收的行数少于发送的行数：权限不足、表缺失或被改动、触发器或规则、磁盘已满、架构版本更新";
    /// [`crate::domain::fault::FaultKind::SourceRefused`]
    SOURCE_REFUSED = "the vendor account of a source is not the one whose rows are stored under its name, or the source was renamed, moved, retired or purged; nothing is read, so that no row is counted twice and no two accounts are mixed",
        "来源的厂商账号与库中该名称下数据所属的账号不符，或该来源已被改名、迁移、停用或清除；为避免重复计数或混淆账号，不读取任何数据";
    /// [`crate::domain::fault::FaultKind::Misconfigured`]
    MISCONFIGURED = "a setting cannot be used as it stands; nothing was read or written", "某个配置项无法使用；没有读取或写入任何数据";
    /// [`crate::domain::fault::FaultKind::LeaseLost`]
    LEASE_LOST = "another worker took over what this one was reading; nothing was written here", "另一个工作进程接管了正在读取的内容；此处没有写入任何数据";
    /// [`crate::domain::fault::FaultKind::Outdated`]
    OUTDATED = "what was read was read under rules that changed meanwhile: a person was forgotten, or its time expired",
        "读取期间规则已改变：某人的数据被遗忘，或保留期已过";
    /// [`crate::domain::fault::FaultKind::Cancelled`]
    CANCELLED = "the process was told to stop", "进程收到停止指令";
}
