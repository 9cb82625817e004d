-- :name add
insert into segment (name, kind, definition, state, built, created_at, created_by, changed_at, changed_by)
values (%(name)s, %(kind)s, %(definition)s, %(state)s, %(built)s, %(at)s, %(by)s, %(at)s, %(by)s)
returning segment_id

-- :name all
-- Every segment with its size as of now.
select s.segment_id, s.name, s.kind, s.definition, s.version, s.built, s.state, s.done, s.expected, s.error, s.built_at,
    s.size + coalesce((select sum(delta) from segment_delta d where d.segment_id = s.segment_id), 0) as size,
    s.created_at, s.created_by, s.changed_at, s.changed_by, s.deleted_at
from segment s
where case when %(deleted)s then s.deleted_at > %(since)s else s.deleted_at is null end
  and (%(segment)s::int is null or s.segment_id = %(segment)s)
order by lower(s.name), s.segment_id

-- :name rename
update segment set name = %(name)s, changed_at = %(at)s, changed_by = %(by)s
where segment_id = %(segment)s and deleted_at is null

-- :name lock
-- Two who save the same segment come one after the other.
select from segment where segment_id = %(segment)s for update

-- :name redefine
-- A new definition waits for its build; contacts touched from now on follow it already.
update segment set definition = %(definition)s, version = version + 1, state = 'waiting', done = 0, expected = null,
    cancelled = false, error = '', changed_at = %(at)s, changed_by = %(by)s
where segment_id = %(segment)s and kind = 'active' and deleted_at is null

-- :name delete
update segment set deleted_at = %(at)s, version = version + 1, changed_at = %(at)s, changed_by = %(by)s
where segment_id = %(segment)s and deleted_at is null

-- :name restore
-- An active one is built anew: much may have happened since.
update segment set deleted_at = null, version = version + 1, changed_at = %(at)s, changed_by = %(by)s,
    state = case when kind = 'active' then 'waiting' else 'ready' end, cancelled = false
where segment_id = %(segment)s and deleted_at is not null

-- :name cancel
-- Said at once: a build that waits, or whose builder died, has nobody else to say it.
update segment set cancelled = true, state = 'failed', error = 'cancelled'
where segment_id = %(segment)s and state in ('waiting', 'building')

-- :name again
update segment set state = 'waiting', cancelled = false, error = '', done = 0, expected = null
where segment_id = %(segment)s and kind = 'active' and deleted_at is null

-- :name fold
-- Sizes take in what was counted since, and the day keeps its last one.
with taken as (delete from segment_delta returning segment_id, delta),
summed as (select segment_id, sum(delta) as delta from taken group by segment_id),
sized as (
    update segment s set size = s.size + summed.delta from summed where s.segment_id = summed.segment_id
    returning s.segment_id, s.size
)
insert into segment_size (segment_id, day, size)
select segment_id, (%(at)s::timestamptz at time zone 'UTC')::date, size from sized
on conflict (segment_id, day) do update set size = excluded.size

-- :name lock_sizes
-- Nobody joins or leaves while everybody is counted.
lock table segment_delta in share row exclusive mode

-- :name recount
-- Nightly: sizes as they are, whatever was put back past the counters (a merge taken back).
with counted as (
    select s as segment_id, count(*) as size from contact_segment, unnest(segments) s group by s
)
update segment s set size = coalesce(c.size, 0)
from segment o left join counted c on c.segment_id = o.segment_id
where s.segment_id = o.segment_id and s.size <> coalesce(c.size, 0)

-- :name sizes
-- The size by day, oldest first.
select day, size from segment_size where segment_id = %(segment)s and day >= %(since)s order by day

-- :name members
-- A page of members, by number.
select contact_id from contact_segment
where segments @> array[%(segment)s]::int[] and contact_id > %(after)s order by contact_id limit %(limit)s

-- :name compare
-- How many are in both, only in the first, only in the second.
select count(*) filter (where segments @> array[%(one)s, %(other)s]::int[]),
    count(*) filter (where not segments @> array[%(other)s]::int[]),
    count(*) filter (where not segments @> array[%(one)s]::int[])
from contact_segment where segments && array[%(one)s, %(other)s]::int[]

-- :name reach
-- How far so many moves of all segments reach back; nothing when there are not so many.
select log_id from segment_log where log_id < coalesce(%(before)s, 9223372036854775807)
order by log_id desc offset %(window)s limit 1

-- :name latest
-- The last joins and leaves of a segment among those of all down to ``lowest``, walked through in their order
-- (``offset 0``) until there are enough.
select log_id, contact_id, at, joined @> array[%(segment)s]::int[] as joined, reason, historic
from (select * from segment_log
      where log_id < coalesce(%(before)s, 9223372036854775807) and log_id >= coalesce(%(lowest)s, 0)
      order by log_id desc offset 0) latest
where joined @> array[%(segment)s]::int[] or parted @> array[%(segment)s]::int[]
order by log_id desc limit %(limit)s

-- :name few
-- How many joins and leaves a segment has; more than ``few`` are not counted.
select count(*) from (
    select from segment_log
    where joined @> array[%(segment)s]::int[] or parted @> array[%(segment)s]::int[] limit %(few)s + 1
) own

-- :name log
-- The last joins and leaves of a segment that has few, wherever they lie (``offset 0``: by its number, not past
-- everybody else's).
select log_id, contact_id, at, joined @> array[%(segment)s]::int[] as joined, reason, historic
from (select * from segment_log
      where joined @> array[%(segment)s]::int[] or parted @> array[%(segment)s]::int[] offset 0) own
where log_id < coalesce(%(before)s, 9223372036854775807)
order by log_id desc limit %(limit)s

-- :name of_contact
-- The segments a contact is in, and since when.
select s.segment_id, s.name, s.kind, s.definition,
    (select max(at) from segment_log l
     where l.contact_id = c.contact_id and s.segment_id = any(l.joined)) as since
from contact_segment c join segment s on s.segment_id = any(c.segments) and s.deleted_at is null
where c.contact_id = %(contact)s order by lower(s.name)

-- :name log_of_contact
select l.log_id, s.segment_id, s.name, l.at, s.segment_id = any(l.joined) as joined, l.reason, l.historic
from (select * from segment_log where contact_id = %(contact)s order by at desc, log_id desc limit %(limit)s) l
join segment s on s.segment_id = any(l.joined || l.parted)
order by l.at desc, l.log_id desc, lower(s.name) limit %(limit)s

-- :name waiting
-- How many contacts wait to be looked at, touched or reached by the clock; counted up to a limit.
select (select count(*) from (select from contact_dirty limit %(most)s) touched)
    + (select count(*) from (select from segment_due where due_at <= %(at)s limit %(most)s) reached)

-- :name forget_deleted
-- Segments deleted long ago go for good.
delete from segment where deleted_at < %(before)s returning segment_id
