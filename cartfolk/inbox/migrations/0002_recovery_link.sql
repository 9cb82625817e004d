-- Links that bring a shopper back to a cart. Who reads this table can open none of them: only hashes are kept.
-- A small local table like the inbox; its rows name a cart, never a person.
create table recovery_link (
    token_hash bytea primary key,            -- sha256 of the 128-bit token
    store_id   bigint not null,
    cart_token text not null,                -- the cart's name in the shop
    created_at timestamptz not null,
    expires_at timestamptz not null,
    opened_at  timestamptz,                  -- first time a person opened it
    opened     integer not null default 0    -- how many minutes had an opening
);
create index recovery_link_cart on recovery_link (store_id, cart_token);
create index recovery_link_expiry on recovery_link (expires_at);
