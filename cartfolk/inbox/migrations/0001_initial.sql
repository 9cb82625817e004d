-- Raw material as received, kept compressed and replayable. A local queue, never distributed.
create table delivery (
    delivery_id bigint generated always as identity primary key,
    store_id    bigint not null,
    lane        smallint not null,           -- 0 live (webhook, ingest, tracker), 1 bulk (backfill, poll, reconcile)
    kind        text not null,               -- webhook | ingest | page | poll | fetched | track
    stream      text not null,               -- orders, customers ... ; for a webhook its topic's stream
    received_at timestamptz not null,
    headers     jsonb not null default '{}', -- of a webhook; never credentials
    body        bytea not null,              -- zlib
    dedupe      text,                        -- sha256(topic + raw body), or the sender's own id
    hint        jsonb,                       -- verified webhook: {"ids": [...], "deleted": bool}
    run_id      bigint,
    state       text not null default 'new', -- new | handled
    attempts    smallint not null default 0,
    not_before  timestamptz,                 -- a retry waits until then
    handled_at  timestamptz,
    error       text
);
create index delivery_new on delivery (lane, delivery_id) where state = 'new';
create unique index delivery_dedupe on delivery (store_id, dedupe) where dedupe is not null;

-- Records that could not be read or applied: visible, retryable, never lost.
create table quarantine (
    quarantine_id bigint generated always as identity primary key,
    store_id    bigint not null,
    stream      text not null,
    kind        text not null,
    external_id text,
    field       text not null,
    reason      text not null,
    raw         text not null,
    delivery_id bigint,
    run_id      bigint,
    created_at  timestamptz not null,
    resolved_at timestamptz,                 -- applied by a later retry, or superseded by a good version
    attempts    integer not null default 1
);
create unique index quarantine_open on quarantine (store_id, stream, kind, coalesce(external_id, md5(raw))) where resolved_at is null;

-- One backfill, poll or reconcile of a store.
create table run (
    run_id      bigint generated always as identity primary key,
    store_id    bigint not null,
    kind        text not null,               -- backfill | poll | reconcile
    state       text not null,               -- running | paused | cancelled | done | failed
    high_water  timestamptz not null,        -- everything up to here is this run's business
    started_at  timestamptz not null,
    finished_at timestamptz,
    heartbeat_at timestamptz,
    seconds     double precision not null default 0,  -- spent running, pauses left out
    error       text
);
create unique index run_one_at_a_time on run (store_id) where state in ('running', 'paused') and kind = 'backfill';

-- A stream of a run: expected and fetched rows.
create table run_stream (
    run_id   bigint not null,
    stream   text not null,
    position smallint not null,
    expected bigint,                         -- null = the platform cannot say
    fetched  bigint not null default 0,
    applied  bigint not null default 0,
    primary key (run_id, stream)
);

-- The checkpoint of each window of a run, written in the transaction that stores its page.
create table run_window (
    run_id  bigint not null,
    stream  text not null,
    key     text not null,
    start   text,
    "end"   text,
    cursor  text,
    pages   integer not null default 0,
    done    boolean not null default false,
    primary key (run_id, stream, key)
);

-- Where the poll of a stream goes on.
create table stream_cursor (
    store_id bigint not null,
    stream   text not null,
    cursor   text,
    since    timestamptz not null,
    polled_at timestamptz,
    primary key (store_id, stream)
);
