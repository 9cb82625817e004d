-- The versions of an order besides the one that stands in orders: what its status was, and when the shop said so.
-- All versions seen are these and that one, whatever order they came in.
create table order_event (
    contact_id  bigint not null,
    order_id    bigint not null,
    at          timestamptz not null,   -- the version: the shop's updated_at
    status      text not null,
    status_raw  text not null,
    primary key (contact_id, order_id, at, status_raw)
);
