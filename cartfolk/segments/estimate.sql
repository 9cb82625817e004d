-- :name draw
-- Contacts drawn by their number, each as likely as any other, and about how many there are in all: by the planner's
-- statistics, which are free at any size.
with ends as materialized (
    select min(contact_id) as lowest, max(contact_id) as highest from contact_property
),
drawn as (
    select distinct lowest + floor(random() * (highest - lowest + 1))::bigint as contact_id
    from ends, generate_series(1, %(wanted)s)
)
select coalesce(array(select contact_id from drawn join contact_property using (contact_id) order by contact_id), '{}'),
    (select greatest(reltuples, 0)::bigint from pg_class where oid = 'contact_property'::regclass)

-- :name among
-- Those of them that are in the segment, the newest first.
select contact_id from (__FRESH__) fresh where segments <> '{}' order by contact_id desc
