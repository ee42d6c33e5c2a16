//! Alerts: what they are called and what can be done.

use crate::domain::phrase::phrases;

phrases! {
    /// Title.
    DATABASE_UNREACHABLE = "the database does not answer", "数据库无应答";
    /// Title.
    DISK_FILLING = "the disk is almost full", "磁盘空间即将用尽";
    /// Title.
    CLOCK_OFF = "this host's clock differs from the vendor's", "本机时钟与厂商不一致";
    /// Title.
    STREAM_FAILING = "a stream fails", "数据流读取失败";
    /// Title.
    TOKEN_CONTESTED = "another system renews the account's token", "另一个系统在刷新该账号的令牌";
    /// Title.
    DATA_STALE = "data is older than promised", "数据滞后超出承诺";
    /// Title.
    TICKS_MISSED = "scheduled passes did not begin", "计划任务未按时开始";
    /// Title.
    BUDGET_EXHAUSTED = "today's requests for reading again are used up", "今日重读请求额度已用完";
    /// Title.
    QUARANTINE_GROWING = "records were set aside", "有记录被隔离";
    /// Title.
    ABSENCE_ALARM = "rows vanished in masses", "数据行大量消失";
    /// Title.
    CONTRACT_DRIFT = "the vendor departs from its documents", "厂商数据与其文档不符";
    /// Title.
    FEED_UNHEARD = "an agent's feed is not heard", "收不到坐席的实时消息";
    /// Title.
    SPOOL_FILLING = "events wait on disk for the database", "事件积压在磁盘上等待写入数据库";

    /// Cure.
    DATABASE_UNREACHABLE_CURE = "check that PostgreSQL runs and that database.url is right; reading goes on by itself when it answers",
        "检查 PostgreSQL 是否在运行、database.url 是否正确；数据库恢复后会自动继续读取";
    /// Cure.
    DISK_FILLING_CURE = "make room on the disk; nothing is lost, commits go on when there is room",
        "清理磁盘空间；数据不会丢失，有空间后会自动继续提交";
    /// Cure.
    CLOCK_OFF_CURE = "set this host's clock (NTP); 7moor refuses requests whose time is off by more than some minutes",
        "校准本机时钟（NTP）；时间相差数分钟以上时 7moor 会拒绝请求";
    /// Cure.
    STREAM_FAILING_CURE = "see the failure in `ccsync status`; it names what to do",
        "查看 `ccsync status` 中的失败信息，其中写明了处理办法";
    /// Cure.
    DATA_STALE_CURE = "look whether the stream fails or is behind in `ccsync status`, and what it reads next in `ccsync plan`",
        "用 `ccsync status` 查看该数据流是否失败或滞后，用 `ccsync plan` 查看接下来读取什么";
    /// Cure.
    TICKS_MISSED_CURE = "see that `ccsync run` runs, and whether a pass takes longer than the schedule allows",
        "确认 `ccsync run` 正在运行，并检查单次读取是否超过了计划间隔";
    /// Cure.
    BUDGET_EXHAUSTED_CURE = "raise reread_requests_per_day of the stream, or accept that late changes come later",
        "调高该数据流的 reread_requests_per_day，或接受迟到的变更稍后才到";
    /// Cure.
    QUARANTINE_GROWING_CURE = "see `ccsync quarantine list`; after an update of ccsync `ccsync quarantine retry`, or drop what is of no use",
        "查看 `ccsync quarantine list`；升级 ccsync 后运行 `ccsync quarantine retry`，或丢弃无用的记录";
    /// Cure.
    ABSENCE_ALARM_CURE = "ask the vendor whether the rows are gone; if so `ccsync absence accept`, else wait until they are back",
        "向厂商确认这些行是否确已删除；若是，运行 `ccsync absence accept`，否则等待其恢复";
    /// Cure.
    CONTRACT_DRIFT_CURE = "see `ccsync contract`; nothing is lost, but somebody should decide what it means",
        "查看 `ccsync contract`；数据不会丢失，但需要有人判断其含义";
    /// Cure.
    FEED_UNHEARD_CURE = "check the agent's token and the network to the call system; what was not heard is kept as a gap",
        "检查该坐席的令牌以及到呼叫系统的网络；未收到的时段记为缺口";
    /// Cure.
    SPOOL_FILLING_CURE = "bring the database back before spool_mib_max is reached; what has no room is lost and recorded as a gap",
        "在达到 spool_mib_max 之前恢复数据库；放不下的事件会丢失并记为缺口";
}
