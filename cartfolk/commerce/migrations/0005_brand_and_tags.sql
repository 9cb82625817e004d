-- Who made a product, and what the shop calls it besides its categories.
alter table product add column brand text, add column tags text[] not null default '{}';
