-- :name mark_dirty
-- Contacts whose derived rows must be made again.
insert into contact_dirty (contact_id, lane)
select contact_id, %(lane)s::smallint from unnest(%(contacts)s::bigint[]) as k (contact_id)

-- :name mark_everybody
-- Every contact's derived rows must be made again: this version of Cartfolk makes them otherwise, or somebody asks.
insert into contact_dirty (contact_id, lane) select contact_id, %(lane)s::smallint from contact order by contact_id

-- :name take_dirty
-- Takes the oldest entries of a lane out of the queue; those another worker is taking are left to it.
delete from contact_dirty
where seq in (select seq from contact_dirty where lane = %(lane)s order by seq limit %(limit)s
              for update skip locked)
returning contact_id

-- :name leave_queue
-- Contacts that are gone. Entries that a worker has taken are left to it: it waits for these contacts, and then finds
-- nobody.
delete from contact_dirty
where seq in (select seq from contact_dirty where contact_id = any(%(contacts)s) for update skip locked)

-- :name due
-- Contacts for whom the clock alone changes something by now, longest due first. The contact is held, as by everybody
-- who writes for it: whoever has it is refreshing it anyway.
select c.contact_id from contact_due d join contact c on c.contact_id = d.contact_id
where d.due_at <= %(at)s order by d.due_at limit %(limit)s for no key update of c skip locked

-- :name set_due
-- When the clock will next change something: the earliest of the contact's carts and what the caller names.
insert into contact_due as d (contact_id, due_at)
select k.contact_id, least(k.due_at, c.due_at)
from unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) as k (contact_id, due_at)
left join (select contact_id, min(due_at) as due_at from cart
           where contact_id = any(%(contacts)s) and due_at is not null group by contact_id) c
       on c.contact_id = k.contact_id
where coalesce(k.due_at, c.due_at) is not null
order by k.contact_id
on conflict (contact_id) do update set due_at = excluded.due_at where d.due_at <> excluded.due_at

-- :name clear_due
-- Contacts the clock no longer changes.
delete from contact_due d
using unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) as k (contact_id, due_at)
where d.contact_id = k.contact_id and k.due_at is null
  and not exists (select from cart c where c.contact_id = k.contact_id and c.due_at is not null)

-- :name hold_refresh
-- One refresh of a contact at a time: the second waits, then sees what the first derived.
select contact_id from contact where contact_id = any(%(contacts)s) order by contact_id for no key update
