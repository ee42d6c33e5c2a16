//! `sync.vendor_fact`: what accounts were found to do where documents leave it open.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::domain::fault::Fault;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

fn fact(row: &PgRow) -> Result<Option<VendorFact>, sqlx::Error> {
    let question = Question::from_name(row.try_get("question")?);
    let (Ok(stream), Some(question)) = (row.try_get::<&str, _>("stream")?.parse(), question) else {
        return Ok(None);
    };
    Ok(Some(VendorFact {
        stream: StreamKey { source: row.try_get("source")?, stream },
        question,
        answer: row.try_get("answer")?,
        evidence: row.try_get("evidence")?,
        found_at: row.try_get("found_at")?,
    }))
}

impl PgStore {
    /// All that was found.
    ///
    /// # Errors
    /// Database faults.
    pub async fn vendor_facts(&self) -> Result<Vec<VendorFact>, Fault> {
        let read = async || -> StoreResult<Vec<VendorFact>> {
            let rows = sqlx::query("select * from sync.vendor_fact order by source, stream, question")
                .fetch_all(&self.pool)
                .await?;
            Ok(rows.iter().filter_map(|row| fact(row).transpose()).collect::<Result<_, _>>()?)
        };
        answered("reading what was found of the vendors", read()).await
    }

    /// Keeps answers. One that was not decided this time leaves an earlier answer as it is.
    ///
    /// # Errors
    /// Database faults.
    pub async fn keep_vendor_facts(&self, facts: &[VendorFact]) -> Result<(), Fault> {
        let mut columns: [Vec<Option<&str>>; 5] = Default::default();
        for fact in facts {
            let stream = fact.stream.stream.as_str();
            let values = [
                Some(fact.stream.source.as_str()),
                Some(stream),
                Some(fact.question.as_str()),
                fact.answer.as_deref(),
                Some(fact.evidence.as_str()),
            ];
            for (column, value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
        let found_at: Vec<_> = facts.iter().map(|fact| fact.found_at).collect();
        let [sources, streams, questions, answers, evidence] = columns;
        let kept = sqlx::query(
            r#"
            insert into sync.vendor_fact as t (source, stream, question, answer, evidence, found_at)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
            on conflict (source, stream, question) do update
            set answer = excluded.answer, evidence = excluded.evidence, found_at = excluded.found_at
            where excluded.answer is not null or t.answer is null
            "#,
        )
        .bind(sources)
        .bind(streams)
        .bind(questions)
        .bind(answers)
        .bind(evidence)
        .bind(found_at)
        .execute(&self.pool);
        answered("keeping what was found of the vendors", kept).await.map(drop)
    }
}
