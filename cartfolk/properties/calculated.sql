-- Properties calculated by a formula (calculated.py).

-- :name zone
-- The account's time zone: the first store's.
select timezone from stores_store order by id limit 1

-- :name state
select revision, zone, built, building, after, done, total, finished_at from calculation

-- :name alter
select from calculation for update

-- :name revise
-- From its commit on, whoever computes a contact uses these formulas. With none there is nothing left to build.
update calculation set revision = %(revision)s, zone = %(zone)s,
    built = case when %(revision)s::text is null then null else built end

-- :name outdated
-- Everybody has to be calculated anew with the same formulas.
update calculation set built = null, building = null

-- :name sample
-- What a formula gives for one contact, with the inputs as they are stored.
select __VALUE__
from (
    select __INPUTS__
    from (select %(contact)s::bigint as contact_id) asked
    left join contact_property p on p.contact_id = asked.contact_id
    left join contact_custom c on c.contact_id = asked.contact_id
) stored

-- :name calculate
-- The formulas of the touched contacts, a level of those that need no others after the other, and what differs from
-- what is stored: the values and one line of history. calculated.py puts the account's columns in.
with level_0 as materialized (
    select contact.contact_id __INPUTS__
    from unnest(%(contacts)s::bigint[]) as asked (contact_id)
    cross join lateral (select contact_id from contact where contact.contact_id = asked.contact_id offset 0) contact
    left join lateral (select * from contact_property p where p.contact_id = asked.contact_id offset 0) p on true
    left join lateral (select * from contact_custom c where c.contact_id = asked.contact_id offset 0) c on true
),
__LEVELS__
changed as materialized (
    select * from (select v.*, __CHANGES__ as changes from __LAST__ v) v where changes <> ''
),
written as (
    insert into contact_custom (contact_id, __COLUMNS__) select contact_id, __VALUES__ from changed
    on conflict (contact_id) do update set __SET__
),
noted as (
    insert into property_history (contact_id, at, source, by, changes)
    select contact_id, %(at)s, 'calculated', %(by)s, ('{' || changes || '}')::jsonb from changed
),
touched as (
    update contact_property p set computed_at = %(at)s
    from changed where p.contact_id = changed.contact_id and p.computed_at < %(at)s
)
select contact_id from changed

-- :name due_at_midnight
-- The clock changes something about these contacts when the account's next day begins, unless it does before.
insert into contact_due (contact_id, due_at)
select contact_id, ((%(at)s::timestamptz at time zone %(zone)s)::date + 1)::timestamp at time zone %(zone)s
from contact where contact_id = any(%(contacts)s) order by contact_id
on conflict (contact_id) do update set due_at = excluded.due_at where contact_due.due_at > excluded.due_at

-- :name alone
-- One process at a time walks through everybody; held by the session.
select pg_try_advisory_lock(4027, 6)

-- :name release
select pg_advisory_unlock(4027, 6)

-- :name begin
-- A new walk, or the one that a killed worker left.
update calculation set
    after = case when building = revision then after else 0 end,
    done = case when building = revision then done else 0 end,
    total = (select count(*) from contact), building = revision, finished_at = null
where revision is not null and built is distinct from revision
returning revision

-- :name next
select contact_id from contact where contact_id > %(after)s order by contact_id limit %(limit)s

-- :name passed
update calculation set after = %(after)s, done = done + %(count)s
where building = %(revision)s and revision = %(revision)s

-- :name finish
update calculation set built = revision, building = null, after = 0, done = total, finished_at = %(at)s
where building = %(revision)s and revision = %(revision)s
