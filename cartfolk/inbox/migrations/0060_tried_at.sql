-- When a quarantined record was last read in vain: what waits is forgotten that long after. What waits already gets its
-- time from now on.
alter table quarantine add column tried_at timestamptz not null default now();

-- Messages of a stranger, by age: few, in a table that is large.
create index delivery_held on delivery (received_at) where state = 'held';
