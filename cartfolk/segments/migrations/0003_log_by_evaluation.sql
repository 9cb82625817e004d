-- What a contact joined and left at once is one row: a row a membership took two thirds of the time of an evaluation.
alter table segment_log rename to segment_log_by_membership;
alter table segment_log_by_membership rename constraint segment_log_pkey to segment_log_by_membership_pkey;

create table segment_log (
    contact_id bigint not null,
    log_id     bigint generated always as identity,
    at         timestamptz not null,
    reason     text not null,                -- sync import clock definition user ...: what made it so
    historic   boolean not null,             -- by history import or a new definition: triggers nothing
    joined     int[] not null default '{}',
    parted     int[] not null default '{}',
    primary key (contact_id, log_id)
);

insert into segment_log (contact_id, at, reason, historic, joined, parted)
select contact_id, at, reason, historic,
    coalesce(array_agg(segment_id order by segment_id) filter (where joined), '{}'),
    coalesce(array_agg(segment_id order by segment_id) filter (where not joined), '{}')
from segment_log_by_membership group by contact_id, at, reason, historic order by min(log_id);

drop table segment_log_by_membership;

-- The last moves of a segment: among the last of all, or where they are few and old, by its number.
create index segment_log_latest on segment_log (log_id);
create index segment_log_segments on segment_log using gin (joined, parted);
