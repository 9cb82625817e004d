-- A subscription is an order that the shop repeats: its terms make it one (docs/decisions/0024). It never counts; the
-- orders it leads to do, and say which one they come from.
alter table orders add column subscription jsonb, add column renewal_of text;
-- Every contact is asked for one and few have any: the question must not read all their orders.
create index orders_subscription on orders (contact_id) where subscription is not null;
