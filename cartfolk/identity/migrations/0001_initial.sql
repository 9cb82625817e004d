-- A person. Everything about them lives in tables that begin with contact_id.
create sequence contact_id_seq;
create table contact (
    contact_id bigint primary key,
    first_seen timestamptz not null default now(),  -- when Cartfolk learned of the person
    moved_at   timestamptz                          -- last time a merge or transfer moved rows from or to it
);

-- identity (kind, value) -> contact. The only uniqueness across contacts besides reference.
create table identity (
    kind       text not null,        -- email | phone
    value      text not null,        -- normalised
    contact_id bigint not null,
    original   text not null,        -- as the shop wrote it
    strength   smallint not null,    -- 0 seen on a guest, 1 seen on an account's order or cart, 2 the account's own
    version    timestamptz not null, -- source time of the strongest claim
    store_id   bigint not null,      -- where that claim came from
    account    text not null default '',  -- the claiming account there; breaks ties between equal claims
    primary key (kind, value)
);
create index identity_contact on identity (contact_id);

-- reference (store, kind, external id) -> contact, and our own number for the object.
create table reference (
    store_id    bigint not null,
    kind        text not null,       -- customer | order | cart
    external_id text not null,
    contact_id  bigint not null,
    object_id   bigint not null,     -- orders.order_id, cart.cart_id; for a customer 0
    version     timestamptz not null,   -- source time of the claim that placed it here
    told_at     timestamptz not null,   -- breaks ties between equal versions: when that claim was told
    guest       text,                   -- the e-mail that claim named its person by; null = an account or a phone
    primary key (store_id, kind, external_id)
);
-- What a merge or an e-mail that changes hands takes along.
create index reference_contact on reference (contact_id);
create sequence object_id_seq;

-- The shop accounts of a contact: reference's customers seen from the contact's side.
create table account (
    contact_id  bigint not null,
    store_id    bigint not null,
    external_id text not null,
    primary key (contact_id, store_id, external_id)
);

create table contact_merge (
    merge_id   bigint generated always as identity primary key,
    kept_id    bigint not null,
    gone_id    bigint not null,
    merged_at  timestamptz not null,
    reason     text not null,        -- why, in words a person reads
    merged_by  text not null,        -- sync | user name
    evidence   jsonb not null default '{}'
);
create index contact_merge_gone on contact_merge (gone_id);
