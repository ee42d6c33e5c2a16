-- "Contract" named three things. A departure of what a vendor sends from its documents is a drift from the vendor's schema.

alter table sync.contract_drift rename to schema_drift;
alter table sync.schema_drift rename constraint contract_drift_pkey to schema_drift_pkey;
alter table sync.schema_drift rename constraint contract_drift_check to schema_drift_check;
alter table sync.schema_drift rename constraint contract_drift_kind_check to schema_drift_kind_check;

update sync.alert set kind = 'schema_drift' where kind = 'contract_drift';
update sync.notice set kind = 'schema_drift' where kind = 'contract_drift';
