-- A subscription is an order that the shop repeats: its terms make it one (docs/decisions/0024). It never counts; the
-- orders it leads to do, and say which one they come from.
alter table orders add column subscription jsonb, add column renewal_of text;
