-- Records and snapshots of merges, and the pairs that are not one person.

-- :name shapes
-- The columns of tables that belong to contacts, their types, and the key beside contact_id.
select c.relname::text,
    array_agg(a.attname::text order by a.attnum),
    array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum),
    coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.attnum = any(i.indkey)), '{}')
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.oid = any(%(tables)s::text[]::regclass[]) and a.attname <> 'contact_id'
group by c.relname

-- :name save_snapshot
insert into merge_snapshot (contact_id, merge_id, table_name, rows, made)
select contact_id, %(merge)s, table_name, rows, made
from unnest(%(contacts)s::bigint[], %(tables)s::text[], %(rows)s::jsonb[], %(made)s::jsonb[])
     as s (contact_id, table_name, rows, made)

-- :name load_snapshot
select table_name, contact_id, rows, made from merge_snapshot where merge_id = %(merge)s

-- :name merge_record
-- One merge, held until it is decided what becomes of it.
select merge_id, kept_id, gone_id, merged_at, reason, merged_by, undone_at from contact_merge
where merge_id = %(merge)s for update

-- :name later_merges
-- Merges after this one that stand, oldest first.
select merge_id, kept_id, gone_id, merged_at, reason, merged_by, undone_at from contact_merge
where merge_id > %(merge)s and undone_at is null order by merge_id for update

-- :name mark_undone
update contact_merge set undone_at = %(at)s, undone_by = %(by)s where merge_id = %(merge)s

-- :name drop_merge
-- A record that another, of the same merge made again, replaces.
with snapshots as (delete from merge_snapshot where merge_id = %(merge)s)
delete from contact_merge where merge_id = %(merge)s

-- :name drop_snapshot
delete from merge_snapshot where merge_id = %(merge)s

-- :name merges_of
-- What was merged into this contact, directly or before, newest first; and what was taken back.
with recursive chain as (
    select merge_id, kept_id, gone_id from contact_merge where kept_id = %(contact)s or gone_id = %(contact)s
    union
    select m.merge_id, m.kept_id, m.gone_id from chain c join contact_merge m on m.kept_id = c.gone_id
    where m.undone_at is null
)
select m.merge_id, m.kept_id, m.gone_id, m.merged_at, m.reason, m.merged_by, m.evidence, m.undone_at, m.undone_by,
    exists (select from merge_snapshot s where s.merge_id = m.merge_id)
from contact_merge m where m.merge_id in (select merge_id from chain) order by m.merge_id desc

-- :name kept
-- Who stands now for a contact that was merged, chains followed to their end.
with recursive chain as (
    select kept_id, 1 as depth from contact_merge where gone_id = %(contact)s and undone_at is null
    union all
    select m.kept_id, c.depth + 1 from chain c join contact_merge m on m.gone_id = c.kept_id and m.undone_at is null
    where c.depth < 100
)
select c.kept_id from chain c join contact on contact.contact_id = c.kept_id order by c.depth limit 1

-- :name standing
-- The contacts that stand for these numbers now; a merged one leads to the contact that was kept.
with recursive place (asked, contact_id, step) as (
    select c, c, 0 from unnest(%(contacts)s::bigint[]) c
    union all
    select place.asked, m.kept_id, step + 1
    from place cross join lateral (
        select kept_id from contact_merge where gone_id = place.contact_id
            and not exists (select from contact where contact.contact_id = place.contact_id)
        order by merge_id desc limit 1
    ) m where step < 50
)
select asked, contact_id from place join contact using (contact_id)

-- :name exists
select exists (select from contact where contact_id = %(contact)s)

-- :name aparts
-- Which of these contacts are known to be different people.
select contact_id, other_id from contact_apart where contact_id = any(%(contacts)s::bigint[])

-- :name set_apart
insert into contact_apart (contact_id, other_id, at, by, reason)
select a, b, %(at)s, %(by)s, %(reason)s
from (values (%(one)s::bigint, %(other)s::bigint), (%(other)s::bigint, %(one)s::bigint)) as pair (a, b)
on conflict (contact_id, other_id) do update set at = excluded.at, by = excluded.by, reason = excluded.reason

-- :name join_again
delete from contact_apart where contact_id = any(%(contacts)s::bigint[]) and other_id = any(%(contacts)s::bigint[])

-- :name apart_list
-- Pairs a person dismissed, newest first.
select contact_id, other_id, at, by, reason from contact_apart where contact_id < other_id
order by at desc limit %(limit)s

-- :name hand_aparts
-- Whoever was not the one that is gone is not the one that is kept either.
insert into contact_apart (contact_id, other_id, at, by, reason)
select pair.contact_id, pair.other_id, pair.at, pair.by, pair.reason
from unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
join contact_apart a on a.contact_id = m.gone and a.other_id <> m.kept
cross join lateral (values (m.kept, a.other_id, a.at, a.by, a.reason), (a.other_id, m.kept, a.at, a.by, a.reason))
    as pair (contact_id, other_id, at, by, reason)
on conflict do nothing

-- :name forget_pairs
-- Suggestions about contacts that are gone.
with keys as (delete from duplicate_key where contact_id = any(%(contacts)s::bigint[]))
delete from duplicate where contact_id = any(%(contacts)s::bigint[]) or other_id = any(%(contacts)s::bigint[])

-- :name forget_merges
-- All that is kept of merges these contacts took part in, and of pairs with them.
with recursive chain as (
    select merge_id, kept_id, gone_id from contact_merge
    where kept_id = any(%(contacts)s::bigint[]) or gone_id = any(%(contacts)s::bigint[])
    union
    select m.merge_id, m.kept_id, m.gone_id
    from chain c join contact_merge m on m.kept_id = c.gone_id and m.undone_at is null
), snapshots as (
    delete from merge_snapshot where merge_id in (select merge_id from chain)
), apart as (
    delete from contact_apart where contact_id = any(%(contacts)s::bigint[]) or other_id = any(%(contacts)s::bigint[])
)
delete from contact_merge where merge_id in (select merge_id from chain)
