-- Bulk edits (bulk.py): one property of many contacts.

-- :name part
-- The next contacts of an edit, held against a second process that runs the same one.
select p.contacts from web_bulkedit e join web_bulkpart p on p.edit_id = e.id and p.number = e.parts_done
where e.id = %(edit)s and e.state = %(state)s for update of e

-- :name advance
-- What became of a part, in the transaction that handled it.
update web_bulkedit set done = done + %(handled)s, parts_done = parts_done + 1, changed = changed + %(changed)s,
    refused = refused + %(refused)s, reason = case when reason = '' then left(%(reason)s, 300) else reason end
where id = %(edit)s

-- :name finish
update web_bulkedit set state = %(after)s where id = %(edit)s and state = %(before)s

-- :name back
-- Begins to take an edit back, from its first part on.
update web_bulkedit set state = 'undoing', done = 0, parts_done = 0, refused = 0, reason = ''
where id = %(edit)s and state = 'done' returning id

-- :name before
-- What the property held before the edit changed it, and whether it is to stay all the same: it was changed again since,
-- or somebody was merged into the contact, whose history tells of two people now.
with mine as materialized (
    select h.contact_id, max(h.change_id) as change_id from property_history h
    where h.contact_id = any(%(contacts)s) and h.source = 'user' and h.source_id = %(source)s
        and jsonb_exists(h.changes, %(name)s)
    group by h.contact_id
)
select mine.contact_id, earlier.value,
    exists (select from property_history l
            where l.contact_id = mine.contact_id and l.change_id > mine.change_id and jsonb_exists(l.changes, %(name)s))
    or exists (select from contact_merge m
               where m.kept_id = mine.contact_id and m.merged_at >= %(since)s and m.undone_at is null)
from mine
left join lateral (
    select p.changes -> %(name)s as value from property_history p
    where p.contact_id = mine.contact_id and p.change_id < mine.change_id and jsonb_exists(p.changes, %(name)s)
    order by p.change_id desc limit 1) earlier on true
order by mine.contact_id

-- :name effective
-- The value that counts now, of some contacts, as history would note it.
select contact_id, to_jsonb(p) -> %(name)s from contact_property p where contact_id = any(%(contacts)s)
