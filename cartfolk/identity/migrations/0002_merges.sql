-- A merge can be taken back; the record of it stays.
alter table contact_merge add column undone_at timestamptz, add column undone_by text not null default '';
create index contact_merge_kept on contact_merge (kept_id);

-- The rows of both contacts before a merge, one line a table: what an undo puts back (docs/decisions/0010).
create table merge_snapshot (
    contact_id bigint not null,
    merge_id   bigint not null,
    table_name text not null,
    rows       jsonb not null,                -- list of rows, each {column: its text or null}
    made       jsonb not null default '[]',   -- of the kept contact: [key, row or null] that the merge itself wrote
    primary key (contact_id, merge_id, table_name)
);
create index merge_snapshot_merge on merge_snapshot (merge_id);

-- Two people, a person said: never suggested again, never merged by a rule. A row in each direction.
create table contact_apart (
    contact_id bigint not null,
    other_id   bigint not null,
    at         timestamptz not null,
    by         text not null,
    reason     text not null,                 -- dismissed | unmerged
    primary key (contact_id, other_id)
);

-- Pairs that may be one person, the smaller number first.
create table duplicate (
    contact_id bigint not null,
    other_id   bigint not null check (other_id > contact_id),
    score      smallint not null,             -- 0 to 100
    reasons    text[] not null,               -- phone, name_address ...: cartfolk/duplicates.py
    found_at   timestamptz not null,
    primary key (contact_id, other_id)
);
create index duplicate_other on duplicate (other_id);
create index duplicate_score on duplicate (score desc, contact_id, other_id);

-- What a contact is compared by, one hash a reason it might be another's.
create table duplicate_key (
    contact_id bigint not null,
    kind       smallint not null,
    key        bigint not null,
    primary key (contact_id, kind, key)
);
create index duplicate_key_key on duplicate_key (key, kind);

-- Values computed until then have been compared.
create table duplicate_search (
    only_one boolean primary key default true check (only_one),
    until    timestamptz not null
);
