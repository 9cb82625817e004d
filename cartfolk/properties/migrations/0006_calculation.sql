-- The formulas that count, as one fingerprint of the statement they become, and how far everybody is calculated anew.
create table calculation (
    single      boolean primary key default true check (single),
    revision    text,                       -- null: no formulas
    zone        text not null default 'UTC',
    built       text,                       -- the revision with which everybody was calculated
    building    text,                       -- the revision of the walk below
    after       bigint not null default 0,  -- contact up to which it came
    done        bigint not null default 0,
    total       bigint not null default 0,
    finished_at timestamptz
);
insert into calculation default values;
-- The order in which pages show groups, the catalogue's too.
create table property_group_display (
    name     text primary key,
    position integer not null
);
