-- :name made_since
-- Of these contacts those this import made: first seen since it began, and named by nobody else's record.
select c.contact_id from contact c
where c.contact_id = any(%(contacts)s::bigint[]) and c.first_seen >= %(began)s
    and not exists (select from identity i where i.contact_id = c.contact_id and i.store_id <> 0)
    and not exists (select from account a where a.contact_id = c.contact_id)

-- :name own_words
-- What people set of these contacts, as JSON; only these properties: the table is wide.
select contact_id, (select to_jsonb(own) from (select {columns}) own)
from contact_custom c where contact_id = any(%(contacts)s::bigint[])

-- :name counting
-- The values that count of these contacts, as JSON, for the preview of a check.
select contact_id, to_jsonb(p) || coalesce(jsonb_strip_nulls(to_jsonb(c)), '{}')
from contact_property p left join contact_custom c using (contact_id) where contact_id = any(%(contacts)s::bigint[])

-- :name changed_since
-- Properties of these contacts that somebody changed after this import did.
with mine as (
    select contact_id, max(change_id) as last from property_history
    where contact_id = any(%(contacts)s::bigint[]) and source = 'import' and source_id = %(source_id)s
    group by contact_id
)
select distinct h.contact_id, changed.name from mine
join property_history h on h.contact_id = mine.contact_id and h.change_id > mine.last
    and h.source not in ('calculated', 'clock', 'sync', 'webhook')
cross join lateral jsonb_object_keys(h.changes) as changed (name)

-- :name edited
-- Of these contacts those that somebody changed; other imports are in their own book.
select distinct contact_id from property_history
where contact_id = any(%(contacts)s::bigint[])
    and (source in ('user', 'api', 'merge') or source = 'restore' and source_id not like 'file:%%')

-- :name more_names
-- Of these contacts those that have more names than the one they were made with.
select contact_id from identity where contact_id = any(%(contacts)s::bigint[]) group by contact_id having count(*) > 1

-- :name consents_of_others
-- Of these contacts those with a word on consent that did not come with this import.
select distinct contact_id from consent_event
where contact_id = any(%(contacts)s::bigint[]) and evidence ->> 'import' is distinct from %(import)s::text

-- :name known_objects
-- How many of these ids a store has already.
select count(*) from reference
where store_id = %(store)s and kind = %(kind)s and external_id = any(%(externals)s)
