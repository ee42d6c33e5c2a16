//! What exit codes mean.

use crate::report::phrase::phrases;

phrases! {
    /// 0.
    DONE = "all that was asked for was done", "要求的工作全部完成";
    /// 0.
    DONE_REMEDY = "nothing needs to be done; `ccsync status` tells whether something should be looked at all the same",
        "无需处理；是否仍有需要留意的情况，见 `ccsync status`";
    /// 1.
    FAILED = "nothing of it could be done; what was stored before is untouched", "全部失败；此前已存储的数据不受影响";
    /// 1.
    FAILED_REMEDY = "`error:` on stderr says why, `hint:` what to do; the same command may be given again at any time",
        "stderr 中的 `error:` 说明原因，`hint:` 说明处理办法；同一命令可随时再次执行";
    /// 2.
    USAGE = "the command line or the configuration is wrong; nothing was begun", "命令行或配置有误；什么都没有开始";
    /// 2.
    USAGE_REMEDY = "each mistake is named with its place; `ccsync check` looks at all of the configuration",
        "每处错误都注明了位置；`ccsync check` 会检查全部配置";
    /// 3.
    PARTIAL = "done in part: records were quarantined, a stream failed while others succeeded, or a window that is over is unverified or still due",
        "部分完成：有记录被隔离，或有数据流失败而其他数据流成功，或有已结束的窗口未经证实或仍待读取";
    /// 3.
    PARTIAL_REMEDY = "see `ccsync status` and `ccsync quarantine list`; what was committed stays, the next pass reads the rest",
        "查看 `ccsync status` 和 `ccsync quarantine list`；已提交的数据保留，其余由下一次读取补上";
    /// 4.
    DIFFERS = "`ccsync verify` found rows that differ from what the vendor says, or windows that are over and unverified",
        "`ccsync verify` 发现有行与厂商数据不一致，或有已结束的窗口未经证实";
    /// 4.
    DIFFERS_REMEDY = "each `hint:` on stderr names what mends a difference; if one comes back after that, report it as an issue of ccsync",
        "stderr 中的每条 `hint:` 说明如何消除差异；若此后差异再次出现，请作为问题报告给 ccsync";
}
