-- Names of erased people, as keyed hashes only: what a shop tells of them later is not taken in (decision 0011).
create table suppression (
    hash       bytea primary key,            -- HMAC-SHA256 of kind, store and name
    kind       text not null,                -- email | phone | customer | order | cart
    since      timestamptz not null,
    erasure_id bigint
);

-- The proof of each erasure: what was found and removed, in numbers; nothing of the person.
create table erasure (
    erasure_id bigint generated always as identity primary key,
    at         timestamptz not null,
    by         text not null,                -- user:3, system
    report     jsonb not null
);

-- How many records were kept out, by day.
create table kept_out (
    day     date primary key,
    records bigint not null
);

-- Links that name a person and need no sign-in: confirming a subscription, unsubscribing. Only hashes are kept.
create table person_link (
    token_hash bytea primary key,            -- sha256 of the 128-bit token
    contact_id bigint not null,
    kind       text not null,                -- confirm | unsubscribe
    about      jsonb not null,               -- channel, purpose, wording ...
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index person_link_contact on person_link (contact_id);
create index person_link_expiry on person_link (expires_at);
