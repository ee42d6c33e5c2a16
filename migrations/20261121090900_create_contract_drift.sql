-- How what a vendor sends departs from its documents, each departure once.

create table sync.contract_drift (
    source text not null,
    stream text not null,
    kind text not null
        check (kind in ('new_field', 'changed_type', 'unknown_code', 'missing_field', 'too_many')),
    field text not null,
    observed text not null,
    expected text not null,
    example text not null,
    first_seen_at timestamptz not null,
    first_run_id bigint not null,
    window_start timestamptz,
    window_end timestamptz,
    primary key (source, stream, kind, field, observed),
    check ((window_start is null) = (window_end is null))
);
comment on table sync.contract_drift is 'Departures of what a vendor sends from what its documents say, each recorded in the run that saw it first and never written again. No values, only their shapes.';
comment on column sync.contract_drift.source is 'The operator''s name for the vendor account.';
comment on column sync.contract_drift.stream is 'Name of the stream.';
comment on column sync.contract_drift.kind is 'new_field (in no document), changed_type (of a type that no reading of the documents knows), unknown_code (a value that the documented list lacks), missing_field (a whole read lacks a field that is normally there) or too_many (there are more departures than are recorded).';
comment on column sync.contract_drift.field is 'The field and the way to it, for example assignMembers[].priority. Digits that could be somebody''s number are shown as #.';
comment on column sync.contract_drift.observed is 'The JSON type (changed_type) or the code (unknown_code) that came; else empty.';
comment on column sync.contract_drift.expected is 'What the documents say.';
comment on column sync.contract_drift.example is 'The shape of the first value that came, for example text of 11 digits.';
comment on column sync.contract_drift.first_seen_at is 'When the read that showed it first was committed.';
comment on column sync.contract_drift.first_run_id is 'The run that showed it first.';
comment on column sync.contract_drift.window_start is 'First instant of the window that showed it first; null for snapshots.';
comment on column sync.contract_drift.window_end is 'First instant after that window; null for snapshots.';
