-- :name put
-- Contacts join a static segment; those in it already, and those that are gone, are left out.
with joining as materialized (
    select c.contact_id from contact c
    where c.contact_id = any(%(contacts)s) and not exists (
        select from contact_segment s where s.contact_id = c.contact_id and s.segments @> array[%(segment)s]::int[])
),
written as (
    insert into contact_segment as s (contact_id, segments)
    select contact_id, array[%(segment)s]::int[] from joining order by contact_id
    on conflict (contact_id) do update set segments = array(
        select x from unnest(s.segments || excluded.segments) x group by x order by x)
),
logged as (
    insert into segment_log (contact_id, at, reason, historic, joined)
    select contact_id, %(at)s, %(reason)s, false, array[%(segment)s]::int[] from joining order by contact_id
),
counted as (
    insert into segment_delta (segment_id, delta) select %(segment)s, count(*) from joining having count(*) > 0
)
select contact_id from joining

-- :name take
-- Contacts leave a static segment.
with leaving as materialized (
    select contact_id from contact_segment
    where contact_id = any(%(contacts)s) and segments @> array[%(segment)s]::int[]
),
written as (
    update contact_segment s set segments = array_remove(s.segments, %(segment)s::int)
    from leaving where s.contact_id = leaving.contact_id
),
logged as (
    insert into segment_log (contact_id, at, reason, historic, parted)
    select contact_id, %(at)s, %(reason)s, false, array[%(segment)s]::int[] from leaving order by contact_id
),
counted as (
    insert into segment_delta (segment_id, delta) select %(segment)s, -count(*) from leaving having count(*) > 0
)
select contact_id from leaving

-- :name kind
select kind, definition from segment where segment_id = %(segment)s and deleted_at is null

-- :name copy
-- A page of the members of one segment, by number.
select contact_id from contact_segment
where segments @> array[%(segment)s]::int[] and contact_id > %(after)s order by contact_id limit %(limit)s
