-- :name known
-- What was worked out, and when.
select property, numbers, moments, contacts, computed_at from segment_cut order by property

-- :name keep
insert into segment_cut as c (property, numbers, moments, contacts, computed_at)
values (%(property)s, %(numbers)s, %(moments)s, %(contacts)s, %(at)s)
on conflict (property) do update set numbers = excluded.numbers, moments = excluded.moments,
    contacts = excluded.contacts, computed_at = excluded.computed_at

-- :name asking
-- Active segments with their definitions.
select segment_id, definition from segment where kind = 'active' and deleted_at is null order by segment_id

-- :name again
-- These segments are built again: what they ask is as it was, what it means has moved.
update segment set version = version + 1, state = 'waiting', done = 0, expected = null, cancelled = false, error = ''
where segment_id = any(%(segments)s) and kind = 'active' and deleted_at is null
