//! What a comparison of catalogues finds.

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Rows may be lost or refused, or a statement of ours fails.
    Fails,
    /// It works, and somebody should look at it.
    Warns,
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The object is ours: `ccsync migrate --repair` runs these statements.
    Repair {
        /// In their order.
        statements: Vec<String>,
        /// What the operator runs first where the rows that are stored forbid the repair.
        if_refused: Option<String>,
    },
    /// The object is somebody else's: the operator runs this statement, or leaves it.
    Sql(String),
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The object's qualified name, with its kind.
    pub object: String,
    /// What is wrong with it.
    pub problem: String,
    /// What mends it.
    pub remedy: Remedy,
    /// The table whose values were lost with it, so that a vendor has to be read again.
    pub lost: Option<String>,
}

impl Finding {
    pub(super) fn ours(
        severity: Severity,
        object: impl Into<String>,
        problem: impl Into<String>,
        statements: Vec<String>,
    ) -> Finding {
        Finding {
            severity,
            object: object.into(),
            problem: problem.into(),
            remedy: Remedy::Repair { statements, if_refused: None },
            lost: None,
        }
    }

    pub(super) fn foreign(
        severity: Severity,
        object: impl Into<String>,
        problem: impl Into<String>,
        sql: impl Into<String>,
    ) -> Finding {
        let (object, problem, remedy) = (object.into(), problem.into(), Remedy::Sql(sql.into()));
        Finding { severity, object, problem, remedy, lost: None }
    }

    pub(super) fn or_if_refused(mut self, sql: impl Into<String>) -> Finding {
        if let Remedy::Repair { if_refused, .. } = &mut self.remedy {
            *if_refused = Some(sql.into());
        }
        self
    }

    pub(super) fn losing(mut self, table: &str) -> Finding {
        self.lost = Some(table.to_owned());
        self
    }

    /// Object and problem as one sentence.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.object, self.problem)
    }

    /// What the operator does, as a command or a statement that works as printed.
    pub fn advice(&self) -> String {
        match (&self.remedy, self.severity) {
            (Remedy::Repair { .. }, _) => "run `ccsync migrate --repair`".to_owned(),
            (Remedy::Sql(sql), Severity::Fails) => format!("run `{sql}` in the database"),
            (Remedy::Sql(sql), Severity::Warns) => format!("leave it, or run `{sql}` in the database"),
        }
    }
}
