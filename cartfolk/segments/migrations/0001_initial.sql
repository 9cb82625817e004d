-- Saved questions about contacts. Small; a reference table in a distributed database.
create table segment (
    segment_id  integer generated always as identity primary key,
    name        text not null,
    kind        text not null check (kind in ('active', 'static')),
    definition  jsonb,                       -- of an active one: {"version": 1, "root": ...}; a static one may keep
                                             -- the definition it was made from
    version     integer not null default 1,  -- counts the changes of the definition
    built       integer not null default 0,  -- the version whose members are complete; less than version: catching up
    state       text not null default 'waiting' check (state in ('waiting', 'building', 'ready', 'failed')),
    done        bigint not null default 0,   -- of the build that runs: contacts looked at
    expected    bigint,                      -- and how many there are to look at
    cancelled   boolean not null default false,
    error       text not null default '',
    built_at    timestamptz,
    size        bigint not null default 0,   -- with the deltas not yet folded in: how many members
    created_at  timestamptz not null,
    created_by  text not null default '',
    changed_at  timestamptz not null,
    changed_by  text not null default '',
    deleted_at  timestamptz                  -- can be restored for 90 days
);
create unique index segment_name on segment (lower(name)) where deleted_at is null;

-- Which segments a contact is a member of, in ascending order.
create table contact_segment (
    contact_id bigint primary key,
    segments   int[] not null
);
create index contact_segment_members on contact_segment using gin (segments);

-- Joins and leaves, append only.
create table segment_log (
    contact_id bigint not null,
    log_id     bigint generated always as identity,
    segment_id integer not null,
    at         timestamptz not null,
    joined     boolean not null,
    reason     text not null,                -- sync import clock definition user ...: what made it so
    historic   boolean not null,             -- by history import or a new definition: triggers nothing
    primary key (contact_id, log_id)
);
create index segment_log_segment on segment_log (segment_id, log_id desc);

-- How many joined less how many left, a line a statement: workers never wait for each other over a counter.
create table segment_delta (
    delta_id   bigint generated always as identity primary key,
    segment_id integer not null,
    delta      integer not null
);

-- The size at the end of each day with a change, UTC.
create table segment_size (
    segment_id integer not null,
    day        date not null,
    size       bigint not null,
    primary key (segment_id, day)
);

-- When the clock alone can change a membership of the contact.
create table segment_due (
    contact_id bigint primary key,
    due_at     timestamptz not null
);
create index segment_due_at on segment_due (due_at);
