-- Departures that say where a value could not be kept as it was sent.

alter table sync.contract_drift drop constraint contract_drift_kind_check;
alter table sync.contract_drift add constraint contract_drift_kind_check
    check (kind in ('new_field', 'changed_type', 'unknown_code', 'missing_field', 'replaced_text', 'repeated_field',
        'kept_as_text', 'unknown_charset', 'too_many'));

comment on column sync.contract_drift.kind is 'new_field (in no document), changed_type (of a type that no reading of the documents knows), unknown_code (a value that the documented list lacks), missing_field (a whole read lacks a field that is normally there), replaced_text (a text holds bytes that its charset lacks, half of a surrogate pair or NUL; each became U+FFFD), repeated_field (an object names a field twice; the last value counts), kept_as_text (a number or a nesting that jsonb cannot hold), unknown_charset (an answer declares a charset that is not known; it was read as UTF-8) or too_many (there are more departures than are recorded).';
comment on column sync.contract_drift.observed is 'The JSON type (changed_type), the code (unknown_code) or the charset (unknown_charset) that came; else empty.';
