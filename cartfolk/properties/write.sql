-- Values that people, files and programs give (write.py).

-- :name present
-- What counts now, and people's own words beside it.
select {columns} from unnest(%(contacts)s::bigint[]) asked (contact_id)
left join contact_property p on p.contact_id = asked.contact_id
left join contact_custom c on c.contact_id = asked.contact_id

-- :name store
-- The new values as JSON objects become the columns' types; what an object does not name stays.
insert into contact_custom (contact_id, {columns})
select asked.contact_id, {values}
from json_to_recordset(%(docs)s) asked (contact_id bigint, doc jsonb)
left join lateral (select * from contact_custom c where c.contact_id = asked.contact_id offset 0) old on true
cross join lateral jsonb_populate_record(old::contact_custom, asked.doc) filled
on conflict (contact_id) do update set {changes}

-- :name note
-- One row of history a contact that changed.
insert into property_history (contact_id, at, source, source_id, by, changes)
select contact_id, %(at)s, %(source)s, %(source_id)s, %(by)s, doc
from json_to_recordset(%(docs)s) t (contact_id bigint, doc jsonb) where doc <> '{}'

-- :name touch
-- When anything of a contact changed last. One never computed is computed soon.
update contact_property set computed_at = greatest(computed_at, %(at)s) where contact_id = any(%(contacts)s)

-- :name fold
-- What followed from the same write joins its row: one change-set a contact and write.
with mine as (
    select contact_id, max(change_id) as last, min(change_id) as first
    from property_history
    where contact_id = any(%(contacts)s) and at = %(at)s and source = %(source)s and source_id = %(source_id)s
        and by = %(by)s
    group by contact_id having count(*) > 1
), late as (
    delete from property_history h using mine
    where h.contact_id = mine.contact_id and h.change_id = mine.last returning h.contact_id, mine.first, h.changes
)
update property_history h set changes = h.changes || late.changes
from late where h.contact_id = late.contact_id and h.change_id = late.first
