-- With which definitions everybody is computed, or marked to be.
create table computation (
    single      boolean primary key default true check (single),
    fingerprint text,                       -- of the statement that computes (recompute.py); null: not known
    total       bigint not null default 0,  -- contacts there were when it changed last
    marked_at   timestamptz
);
insert into computation default values;
