-- The Identity Center instance from which this database was read: what another instance lacks must not be recorded as
-- removed. And of each crawl, what no crawl has read yet, and which pairs AWS lists but does not find.
create table identity_center (
    arn text primary key not null,
    recorded_at bigint not null
);
alter table crawl add column never_read text;
alter table crawl add column not_found text;
