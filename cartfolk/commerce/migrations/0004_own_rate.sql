-- Exchange rates an owner entered for orders whose shop tells none. Which one serves an order is decided by the day
-- it was placed; it is written into orders.rate, where rate_version stays null: a rate the shop told has a version.
create table own_rate (
    store_id      bigint not null,
    currency      text not null,           -- of the orders
    home_currency text not null,           -- of the store when it was entered: it serves only while that stays
    valid_from    timestamptz not null,    -- the first moment it serves; 1900 = always
    rate          numeric not null check (rate > 0),  -- home currency for one unit of currency
    primary key (store_id, currency, home_currency, valid_from)
);

-- Stores whose orders have to be compared with their rates again.
create table own_rate_waiting (
    store_id bigint primary key,
    since    timestamptz not null
);
