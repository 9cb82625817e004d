-- :name stamp
-- Changes whenever a definition, or something definitions are read against, changes.
select (select count(*) || '/' || coalesce(sum(version), 0) || '/' || coalesce(max(segment_id), 0)
          from segment where kind = 'active' and deleted_at is null)
    || coalesce((select md5(string_agg(d::text, '' order by name)) from property_definition d), '')
    || coalesce((select md5(string_agg(r::text, '' order by store_id)) from store_rule r), '')
    || coalesce((select md5(string_agg(c::text, '' order by property)) from segment_cut c), '')

-- :name active
-- Every active segment with its definition.
select segment_id, name, definition from segment where kind = 'active' and deleted_at is null order by segment_id

-- :name keep
-- Makes the memberships of touched contacts true: ``fresh`` answers which of the evaluated segments each is in.
-- Only contacts whose answer differs are written; a join or leave is logged and counted with it. Notes when the clock
-- next changes an answer; unless every segment was asked, the sooner of what stands there and what these say.
with fresh as materialized (__FRESH__),
compared as materialized (
    select f.contact_id, f.segments as now_in, o.segments as held,
        array(select s from unnest(o.segments) s where s = any(%(evaluated)s::int[]) order by s) as was_in
    from fresh f
    left join lateral (select segments from contact_segment c where c.contact_id = f.contact_id offset 0) o on true
),
changed as materialized (
    select contact_id, now_in, held, coalesce(cardinality(held), 0) > cardinality(was_in) as others,
        array(select s from unnest(now_in) s where s <> all(was_in)) as joined,
        array(select s from unnest(was_in) s where s <> all(now_in)) as parted
    from compared where now_in <> was_in
),
written as (
    insert into contact_segment (contact_id, segments)
    select contact_id, case when others then array(
        select s from unnest(now_in) s
        union select s from unnest(held) s where s <> all(%(evaluated)s::int[])
        order by s) else now_in end
    from changed order by contact_id
    on conflict (contact_id) do update set segments = excluded.segments
),
logged as (
    insert into segment_log (contact_id, at, reason, historic, joined, parted)
    select contact_id, %(at)s, %(reason)s, %(historic)s, joined, parted from changed order by contact_id
),
counted as (
    insert into segment_delta (segment_id, delta)
    select s, sum(step) from (
        select s, 1 as step from changed, unnest(joined) s union all select s, -1 from changed, unnest(parted) s
    ) moves group by s order by s
),
timed as (
    insert into segment_due as d (contact_id, due_at)
    select contact_id, due_at from fresh where due_at is not null order by contact_id
    on conflict (contact_id) do update set due_at = excluded.due_at
    where d.due_at > excluded.due_at or (%(every)s::boolean and d.due_at < excluded.due_at)
),
never as (
    delete from segment_due d using fresh f
    where %(every)s::boolean and d.contact_id = f.contact_id and f.due_at is null
)
select count(*) from changed

-- :name due
-- Contacts one of whose memberships the clock may change by now, longest due first; held as by everybody who writes
-- for them.
select c.contact_id from segment_due d join contact c on c.contact_id = d.contact_id
where d.due_at <= %(at)s order by d.due_at limit %(limit)s for no key update of c skip locked

-- :name forget_due
delete from segment_due where contact_id = any(%(contacts)s)

-- :name leave
-- Contacts that are gone leave every segment, which is noted where they have somebody to go on in: joins and leaves of a
-- contact then add up to what it is in. Nothing is noted of the erased.
with gone as (
    delete from contact_segment c using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
    where c.contact_id = m.gone returning m.kept, c.segments
),
counted as (
    insert into segment_delta (segment_id, delta)
    select s, -count(*) from gone, unnest(segments) s group by s order by s
),
logged as (
    insert into segment_log (contact_id, at, reason, historic, parted)
    select kept, %(at)s, 'merge', true, segments from gone
    where %(at)s::timestamptz is not null and segments <> '{}' order by kept
)
select kept, segments from gone

-- :name tally
-- How many of these contacts are in each segment.
select s, count(*) from contact_segment, unnest(segments) s where contact_id = any(%(contacts)s::bigint[]) group by s

-- :name count
insert into segment_delta (segment_id, delta)
select segment_id, step from unnest(%(segments)s::int[], %(steps)s::int[]) as k (segment_id, step) where step <> 0

-- :name move_log
with moved as (
    delete from segment_log l using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
    where l.contact_id = m.gone returning m.kept, l.log_id, l.at, l.reason, l.historic, l.joined, l.parted
)
insert into segment_log (contact_id, log_id, at, reason, historic, joined, parted) overriding system value
select * from moved order by log_id

-- :name statics
-- Which of these segments are static.
select segment_id from segment where kind = 'static' and segment_id = any(%(segments)s)
