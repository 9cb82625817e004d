-- How many days raw material and logs are kept, where people chose other than the default.
create table retention (
    name text primary key,
    days integer not null check (days between 1 and 36500)
);

-- What shops pass on from their customers: to be told what is held (access), to be erased (erase).
create table privacy_request (
    request_id   bigint generated always as identity primary key,
    store_id     bigint not null,
    kind         text not null check (kind in ('access', 'erase')),
    customer_ids text[] not null,
    at           timestamptz not null,
    done_at      timestamptz,
    outcome      text not null default ''
);
create unique index privacy_request_open on privacy_request (store_id, kind, customer_ids) where done_at is null;
