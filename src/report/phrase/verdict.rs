//! Why a read is unverified, and what can be done.

use crate::domain::proof::certificate::UnverifiedReason;
use crate::report::language::Language;
use crate::report::phrase::{Phrase, phrases};

phrases! {
    /// [`UnverifiedReason::TotalDiffers`]
    TOTAL_DIFFERS = "the vendor states {total} {total?element|elements} and gives {rows}", "厂商声明 {total} 条，实际给出 {rows} 条";
    /// [`UnverifiedReason::ResultCap`]
    RESULT_CAP = "{rows} {rows?element is|elements are} as many as the vendor lists (result_cap), or the vendor refuses what lies behind; there may be more, and smaller parts cannot be asked for",
        "{rows} 条已达厂商列出的条数（result_cap），或厂商拒绝给出其后的内容；可能还有更多，且无法按更小的范围读取";
    /// [`UnverifiedReason::BoundsIgnored`], with a total.
    BOUNDS_IGNORED = "the vendor states {total} {total?element|elements} and gives {rows}; it ignores the time of day, so that smaller windows do not help",
        "厂商声明 {total} 条，实际给出 {rows} 条；厂商忽略时刻，缩小窗口无济于事";
    /// [`UnverifiedReason::OneSecond`]
    ONE_SECOND = "one second holds {total} {total?element|elements} by the vendor's count, of which it gives {rows}, and cannot be split",
        "按厂商统计，同一秒内有 {total} 条，只给出 {rows} 条，且无法再拆分";
    /// [`UnverifiedReason::RowsMoved`]
    ROWS_MOVED = "rows moved from page to page while the {rows} {rows?element was|elements were} read", "读取 {rows} 条时数据在各页之间移动";
    /// [`UnverifiedReason::Duplicates`]
    DUPLICATES = "some of the {rows} {rows?element|elements} came more than once, and no second read was equal",
        "{rows} 条中有重复，且没有第二次相同的读取";
    /// [`UnverifiedReason::ReadsDiffer`]
    READS_DIFFER = "several reads in a row did not agree, or the vendor gave an element that is on none of its pages; the last one gave {rows} {rows?element|elements}",
        "连续几次读取结果不一致，或厂商给出了不在任何一页上的数据；最后一次得到 {rows} 条";
    /// [`UnverifiedReason::NotReread`]
    NOT_REREAD = "the vendor states no total, and a second read that could confirm the {rows} {rows?element|elements} is turned off (reread_at_once)",
        "厂商没有给出总数，而可以确认这 {rows} 条的第二次读取已关闭（reread_at_once）";

    /// Of a stream that is configured so.
    TOTALS_IGNORED = "the totals that the vendor states are ignored (totals = \"ignore\"): reads are judged as if none were stated",
        "忽略厂商声明的总数（totals = \"ignore\"）：按未声明总数来判断读取结果";

    /// Remedy where the vendor contradicts itself.
    CONTRADICTS_REMEDY = "ask the vendor which number is right; where this endpoint's total is known to be wrong, set totals = \"ignore\" for the stream; nothing is marked deleted meanwhile",
        "向厂商确认哪个数字正确；若已知该接口的总数有误，为该数据流设置 totals = \"ignore\"；在此期间不会标记任何删除";
    /// Remedy at the cap.
    CAP_REMEDY = "where it is the number in result_cap: set that to what the vendor really lists at most, or to 0 where it has no such bound; where the vendor refuses what lies behind: ask it for an empty page there; nothing is marked deleted meanwhile",
        "若正好是 result_cap 的数：将其设为厂商实际最多列出的条数，若无上限则设为 0；若厂商拒绝给出其后的内容：请厂商改为返回空页；在此期间不会标记任何删除";
    /// Remedy where parts did not help.
    PARTS_REMEDY = "ask the vendor how all rows of that time can be had, and which number is right; where the number is that in result_cap: set that to what the vendor really lists at most, or to 0 where it has no such bound; where this endpoint's total is known to be wrong: set totals = \"ignore\" for the stream; nothing is marked deleted meanwhile",
        "向厂商确认如何取得该时段的全部数据，以及哪个数字正确；若正好是 result_cap 的数：将其设为厂商实际最多列出的条数，若无上限则设为 0；若已知该接口的总数有误：为该数据流设置 totals = \"ignore\"；在此期间不会标记任何删除";
    /// Remedy where the vendor moved.
    MOVING_REMEDY = "it is read again until two reads agree, and nothing is marked deleted meanwhile; where that lasts, show the vendor the pages of this window: they leave rows out, or list them twice",
        "会继续重读直到两次读取一致，在此期间不会标记任何删除；若一直如此，请向厂商反映该窗口的分页有遗漏或重复";
    /// Remedy where no second read is made.
    NOT_REREAD_REMEDY = "set reread_at_once = true for the stream, or wait for the next pass", "为该数据流设置 reread_at_once = true，或等待下一次读取";
}

impl UnverifiedReason {
    /// What was seen: the elements that came, and the vendor's total where it states one.
    pub fn sentence(self, rows: u64, total: Option<u64>, language: Language) -> String {
        let phrase = match self {
            UnverifiedReason::TotalDiffers => TOTAL_DIFFERS,
            UnverifiedReason::ResultCap => RESULT_CAP,
            UnverifiedReason::BoundsIgnored | UnverifiedReason::OneSecond if total.is_none() => RESULT_CAP,
            UnverifiedReason::OneSecond => ONE_SECOND,
            UnverifiedReason::BoundsIgnored => BOUNDS_IGNORED,
            UnverifiedReason::RowsMoved => ROWS_MOVED,
            UnverifiedReason::Duplicates => DUPLICATES,
            UnverifiedReason::ReadsDiffer => READS_DIFFER,
            UnverifiedReason::NotReread => NOT_REREAD,
        };
        let (rows, total) = (rows.to_string(), total.unwrap_or_default().to_string());
        phrase.fill(language, &[("rows", &rows), ("total", &total)])
    }

    /// What the operator can do.
    pub const fn remedy(self) -> Phrase {
        match self {
            UnverifiedReason::TotalDiffers => CONTRADICTS_REMEDY,
            UnverifiedReason::BoundsIgnored | UnverifiedReason::OneSecond => PARTS_REMEDY,
            UnverifiedReason::ResultCap => CAP_REMEDY,
            UnverifiedReason::RowsMoved | UnverifiedReason::Duplicates | UnverifiedReason::ReadsDiffer => {
                MOVING_REMEDY
            }
            UnverifiedReason::NotReread => NOT_REREAD_REMEDY,
        }
    }
}
