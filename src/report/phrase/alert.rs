//! Alerts: what they are called and what can be done.

use crate::report::phrase::phrases;

phrases! {
    /// Title.
    DATABASE_UNREACHABLE = "the database does not answer", "数据库无应答";
    /// Title.
    DATABASE_REFUSED = "the database may lose or refuse rows", "数据库可能丢失或拒绝数据行";
    /// Title.
    SOURCE_REFUSED = "a source is not read", "某个来源未被读取";
    /// Title.
    DISK_FILLING = "the disk is almost full", "磁盘空间即将用尽";
    /// Title.
    CLOCK_OFF = "this host's clock differs from the vendor's or the database's", "本机时钟与厂商或数据库不一致";
    /// Title.
    STREAM_FAILING = "a stream fails", "数据流读取失败";
    /// Title.
    TOTAL_DIFFERS = "the vendor's total, or the most that it lists, contradicts what it sends", "厂商声明的总数或其列出上限与实际给出的数据不符";
    /// Title.
    TOKEN_CONTESTED = "another system renews the account's token", "另一个系统在刷新该账号的令牌";
    /// Title.
    DATA_STALE = "data is older than promised", "数据滞后超出承诺";
    /// Title.
    TICKS_MISSED = "scheduled passes did not begin", "计划任务未按时开始";
    /// Title.
    WINDOW_UNVERIFIED = "closed windows stay unverified", "已结束的窗口一直未能验证";
    /// Title.
    BUDGET_EXHAUSTED = "today's requests for reading again are used up", "今日重读请求额度已用完";
    /// Title.
    QUARANTINE_GROWING = "records were quarantined", "有记录被隔离";
    /// Title.
    WINDOW_QUARANTINED = "all records of a window are quarantined", "某个窗口的所有记录都被隔离";
    /// Title.
    ABSENCE_ALARM = "rows vanished in masses", "数据行大量消失";
    /// Title.
    SCHEMA_DRIFT = "the vendor departs from its documents", "厂商数据与其文档不符";
    /// Title.
    FEED_UNHEARD = "an agent's feed is not heard", "收不到坐席的实时消息";
    /// Title.
    SPOOL_FILLING = "events wait on disk for the database", "事件积压在磁盘上等待写入数据库";
    /// Title.
    SOURCE_UNCONFIGURED = "rows of a source that is not configured", "库中有未配置来源的数据";

    /// Remedy.
    DATABASE_UNREACHABLE_REMEDY = "check that PostgreSQL runs and that database.url is right; reading goes on by itself when it answers",
        "检查 PostgreSQL 是否在运行、database.url 是否正确；数据库恢复后会自动继续读取";
    /// Cure, where the name has got another meaning while the process runs.
    SOURCE_CHANGED_REMEDY = "start ccsync again with the configuration of now; `ccsync check` says beforehand whether it fits what is stored",
        "用当前配置重新启动 ccsync；可先用 `ccsync check` 确认配置与库中数据相符";
    /// Remedy.
    DISK_FILLING_REMEDY = "make room on the disk; nothing is lost, commits go on when there is room",
        "清理磁盘空间；数据不会丢失，有空间后会自动继续提交";
    /// Remedy.
    CLOCK_OFF_REMEDY = "compare `date -u` on this host and `select clock_timestamp()` in the database with a clock you trust, and set the wrong one (NTP, `timedatectl set-ntp true`); where both are right, the vendor's `Date` header is wrong: tell the vendor",
        "把本机的 `date -u` 和数据库的 `select clock_timestamp()` 与可信时钟比较，校准不准的一方（NTP，`timedatectl set-ntp true`）；两者都准时，是厂商的 `Date` 响应头有误，请告知厂商";
    /// Remedy.
    STREAM_FAILING_REMEDY = "see the failure in `ccsync status`; it names what to do",
        "查看 `ccsync status` 中的失败信息，其中写明了处理办法";
    /// Remedy.
    DATA_STALE_REMEDY = "look whether the stream fails or is behind in `ccsync status`, and what it reads next in `ccsync plan`",
        "用 `ccsync status` 查看该数据流是否失败或滞后，用 `ccsync plan` 查看接下来读取什么";
    /// Remedy.
    TICKS_MISSED_REMEDY = "see that `ccsync run` runs, and whether a pass takes longer than the schedule allows",
        "确认 `ccsync run` 正在运行，并检查单次读取是否超过了计划间隔";
    /// Remedy.
    WINDOW_UNVERIFIED_REMEDY = "see the window's reads on its page, or those of one of its rows with `ccsync explain KEY`; it is read again by itself, and complete_to stands still at its start until a read is proven or stable",
        "在该窗口的页面上查看它的各次读取，或用 `ccsync explain KEY` 查看其中某一行的各次读取；它会自动重读，在某次读取已证实或稳定之前，完整时刻停在它的起点";
    /// Remedy.
    BUDGET_EXHAUSTED_REMEDY = "raise reread_requests_per_day of the stream, or accept that late changes come later",
        "调高该数据流的 reread_requests_per_day，或接受迟到的变更稍后才到";
    /// Remedy.
    QUARANTINE_GROWING_REMEDY = "see `ccsync quarantine list`; after an update of ccsync `ccsync quarantine retry --all`; what is of no use: `ccsync quarantine drop ID --reason TEXT`",
        "查看 `ccsync quarantine list`；升级 ccsync 后运行 `ccsync quarantine retry --all`；无用的记录可用 `ccsync quarantine drop ID --reason TEXT` 丢弃";
    /// Remedy.
    WINDOW_QUARANTINED_REMEDY = "see the reasons in `ccsync quarantine list`; where the vendor sends a wrong charset or format, tell the vendor: the next read resolves what comes readable; after an update of ccsync `ccsync quarantine retry --all`",
        "在 `ccsync quarantine list` 中查看原因；若厂商发送的字符集或格式有误，请告知厂商：恢复可读后，下一次读取会自动解决；升级 ccsync 后运行 `ccsync quarantine retry --all`";
    /// Remedy.
    ABSENCE_ALARM_REMEDY = "ask the vendor whether the rows are gone; if so `ccsync absence accept ID` for each that `ccsync absence list` shows, else wait until they are back",
        "向厂商确认这些行是否确已删除；若是，对 `ccsync absence list` 列出的每一项运行 `ccsync absence accept ID`，否则等待其恢复";
    /// Remedy.
    SCHEMA_DRIFT_REMEDY = "see `ccsync drift`; nothing is lost, but somebody should decide what it means",
        "查看 `ccsync drift`；数据不会丢失，但需要有人判断其含义";
    /// Remedy.
    FEED_UNHEARD_REMEDY = "check the agent's token and the network to the call system; what was not heard is kept as a gap",
        "检查该坐席的令牌以及到呼叫系统的网络；未收到的时段记为缺口";
    /// Remedy.
    SPOOL_FILLING_REMEDY = "bring the database back before spool_mib_max is reached; what has no room is lost and recorded as a gap",
        "在达到 spool_mib_max 之前恢复数据库；放不下的事件会丢失并记为缺口";
    /// Remedy.
    SOURCE_UNCONFIGURED_REMEDY = "configure it again, or take its rows out of schema bi with `ccsync source retire NAME --yes`; where another ccsync with a configuration of its own reads it, nothing needs to be done",
        "重新配置该来源，或用 `ccsync source retire 名称 --yes` 将其数据移出 bi；若由另一套配置的 ccsync 读取，则无需处理";

    /// Seen.
    DATABASE_AWAY = "the database cannot be read: {said}", "无法读取数据库：{said}";
    /// Seen.
    DISK_ROOM = "{free} MiB of {size} MiB are free on the disk of {directory}",
        "{directory} 所在磁盘共 {size} MiB，仅剩 {free} MiB";
    /// Seen.
    CLOCK_AHEAD = "this host's clock is at least {span} ahead of that of {source}", "本机时钟比 {source} 至少快 {span}";
    /// Seen.
    CLOCK_BEHIND = "this host's clock is at least {span} behind that of {source}", "本机时钟比 {source} 至少慢 {span}";
    /// Whose clock.
    THE_DATABASE = "the database", "数据库";
    /// Seen.
    VENDOR_BEHIND = "the `Date` of {source}'s answers is at least {span} behind this host and the database: nothing later is called complete",
        "{source} 返回的 `Date` 比本机和数据库至少慢 {span}：此后的数据都不视为完整";
    /// Seen.
    VENDOR_AHEAD = "the `Date` of {source}'s answers is at least {span} ahead of this host and the database, whose time counts",
        "{source} 返回的 `Date` 比本机和数据库至少快 {span}；以本机和数据库的时间为准";
    /// Seen.
    CLOCK_STANDS_STILL = "the `Date` of {source}'s answers stands still and is left out of account",
        "{source} 返回的 `Date` 停滞不动，已不再采用";
    /// Seen.
    SPOOLED = "{bytes} MiB of events wait on disk for the database; there is room for {bytes_max} MiB",
        "磁盘上有 {bytes} MiB 事件等待写入数据库；最多可存放 {bytes_max} MiB";
    /// Seen, of a snapshot.
    FAILED = "failed {times}, last {last} ago ({kind}): {said}", "已失败 {times}，最近一次在 {last}前（{kind}）：{said}";
    /// Seen, of a window.
    FAILED_SCOPE = "failed {times} in window {scope}, last {last} ago ({kind}): {said}",
        "窗口 {scope} 已失败 {times}，最近一次在 {last}前（{kind}）：{said}";
    /// Seen, of several windows.
    FAILED_SCOPES = "failed {times} in {n} windows, the last {scope} {last} ago ({kind}): {said}",
        "{n} 个窗口共失败 {times}，最近一次是 {last}前的 {scope}（{kind}）：{said}";
    /// Seen, of one window or a snapshot.
    CONTRADICTED = "{scope}: {sentence}; last read {last} ago", "{scope}：{sentence}；最近一次读取在 {last}前";
    /// Seen, of several.
    CONTRADICTED_SCOPES = "{n} windows, the oldest {scope}: {sentence}; last read {last} ago",
        "共 {n} 个窗口，最早的是 {scope}：{sentence}；最近一次读取在 {last}前";
    /// Seen.
    COMPLETE_TO = "complete up to {age} ago, promised is {promised}", "数据完整至 {age}前，承诺为 {promised}以内";
    /// Seen.
    NOTHING_COMPLETE = "nothing is complete yet; data is wanted from {age} ago on, promised is {promised}",
        "尚无任何数据完整；需要从 {age}前起的数据，承诺为 {promised}以内";
    /// Seen.
    NEVER_BEGAN = "{n} {n?tick|ticks} passed and no run began; no run ever began", "已错过 {n} 次计划时刻，没有任何运行开始；此前也从未运行过";
    /// Seen.
    NOT_BEGUN = "{n} {n?tick|ticks} passed and no run began; the last run began {last} ago",
        "已错过 {n} 次计划时刻，没有任何运行开始；上次运行始于 {last}前";
    /// Seen.
    UNSETTLED = "{n} closed {n?window is|windows are} unverified after two reads or more, the first from {from}",
        "{n} 个已结束的窗口读取两次以上仍未验证，最早的始于 {from}";
    /// Seen.
    SPENT = "{spent} of today's {limit} {limit?request|requests} for rereads {limit?is|are} spent", "今日 {limit} 次重读请求已用 {spent} 次";
    /// Seen.
    ASIDE = "records quarantined and not yet dealt with: {n}", "被隔离且尚未处理的记录：{n} 条";
    /// Seen.
    ASIDE_LATELY = "records quarantined and not yet dealt with: {n}; {lately} of them came within a day, the first {age} ago",
        "被隔离且尚未处理的记录：{n} 条；其中 {lately} 条是一天之内新增，最早一条在 {age}前";
    /// Seen.
    QUARANTINED_WHOLE = "the last read of {n} {n?window or snapshot|windows} brought only quarantined records, {records} in all; the table has what earlier reads brought, if anything; the first is {scope}",
        "{n} 个窗口或快照的最近一次读取只得到被隔离的记录，共 {records} 条；数据表中至多有更早读取的内容；最早的是 {scope}";
    /// Seen.
    ABSENT_IN_MASSES = "alarms over rows that vanished in masses: {n}; none of them is marked deleted",
        "数据行大量消失的警报：{n} 个；这些行都没有标记为已删除";
    /// Seen.
    DEPARTED = "departures from the vendor's documents in 7 days: {n}, last: {last}", "7 天内与厂商文档不符之处：{n} 个，最近一个：{last}";
    /// One source. `{source}`: its name, `{span}`: how long ago.
    UNCONFIGURED = "{source} is not configured here; its rows stand in schema bi as of its last pass {span} ago", "{source} 未在此配置；其数据仍在 bi 中，停留在 {span}前的最后一次读取";
    /// Of an agent.
    UNHEARD_FOR = "for {span}", "已 {span}";
    /// Of an agent.
    NEVER_HEARD = "never yet", "从未收到";
    /// Seen.
    UNHEARD = "not heard are {n} of {all} {all?agent|agents}: {agents}", "{all} 个坐席中有 {n} 个收不到消息：{agents}";
    /// Seen.
    UNHEARD_AND_OTHERS = "not heard are {n} of {all} {all?agent|agents}: {agents}, and others", "{all} 个坐席中有 {n} 个收不到消息：{agents} 等";
}
