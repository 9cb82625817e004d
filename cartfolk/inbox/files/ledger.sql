-- :name add
insert into contact_import (kind, made_by, files, settings) values (%(kind)s, %(by)s, %(files)s, %(settings)s)
returning import_id

-- :name recent
-- The newest first.
select import_id, kind, state, made_by, made_at, files, settings, began_at, finished_at, seconds, rows, bytes,
    created, changed, unchanged, wrong, wrong_bytes, preview, undo_at, undone, note
from contact_import order by import_id desc limit %(limit)s

-- :name some
-- Those of these numbers.
select import_id, kind, state, made_by, made_at, files, settings, began_at, finished_at, seconds, rows, bytes,
    created, changed, unchanged, wrong, wrong_bytes, preview, undo_at, undone, note
from contact_import where import_id = any(%(ids)s::bigint[])

-- :name unfinished
-- Imports a job must go on with.
select import_id from contact_import where state in ('checking', 'running', 'undoing') order by import_id

-- :name choose
-- What people chose, while nothing is read.
update contact_import set settings = %(settings)s, state = 'new'
where import_id = %(id)s and state in ('new', 'checked', 'failed', 'cancelled') and began_at is null

-- :name start
-- Begins a step from its first row: a check, or the run itself.
update contact_import set state = %(state)s, rows = 0, bytes = 0, created = 0, changed = 0, unchanged = 0, wrong = 0,
    wrong_bytes = 0, preview = '{}', seconds = 0, note = '', finished_at = null,
    began_at = case when %(state)s = 'running' then clock_timestamp() end
where import_id = %(id)s and state = any(%(from)s)
returning import_id

-- :name go_on
-- Takes a stopped step up where it stopped, or begins the undo.
update contact_import set state = %(state)s, note = '', finished_at = null where import_id = %(id)s and state = any(%(from)s)
returning import_id

-- :name hold
-- The import, held until this transaction ends: who cancels waits for the chunk, and the next chunk sees it.
select state from contact_import where import_id = %(id)s for update

-- :name advance
update contact_import set rows = rows + %(rows)s, bytes = greatest(bytes, %(bytes)s), created = created + %(created)s,
    changed = changed + %(changed)s, unchanged = unchanged + %(unchanged)s, wrong = wrong + %(wrong)s,
    wrong_bytes = %(wrong_bytes)s, seconds = seconds + %(seconds)s, preview = %(preview)s
where import_id = %(id)s

-- :name finish
update contact_import set state = %(state)s, note = %(note)s, finished_at = now(),
    preview = case when %(state)s = 'done' then '{}'::jsonb else preview end
where import_id = %(id)s and state = any(%(from)s)

-- :name note_rows
-- What the import did to these contacts. Of several rows for one person the first value before and the last after
-- count; a contact it made stays its own.
insert into contact_import_row (contact_id, import_id, made, before, after)
select contact_id, %(id)s, made, before, after
from jsonb_to_recordset(%(rows)s) as r (contact_id bigint, made boolean, before jsonb, after jsonb)
on conflict (contact_id, import_id) do update set made = contact_import_row.made or excluded.made,
    before = excluded.before || contact_import_row.before, after = contact_import_row.after || excluded.after

-- :name rows_to_undo
select contact_id, made, before, after from contact_import_row
where import_id = %(id)s and contact_id > %(after)s order by contact_id limit %(limit)s

-- :name count_rows
select count(*) filter (where made), count(*) filter (where not made and before <> '{}') from contact_import_row
where import_id = %(id)s

-- :name in_book
-- Of these contacts those the import has noted already.
select contact_id from contact_import_row where import_id = %(id)s and contact_id = any(%(contacts)s::bigint[])

-- :name in_other_imports
-- Of these contacts those another import told of as well, which was not undone.
select distinct contact_id from contact_import_row join contact_import using (import_id)
where contact_id = any(%(contacts)s::bigint[]) and import_id <> %(id)s and state <> 'undone'

-- :name hand_down
-- What an undone import leaves because another import came after it: that one's undo then goes back to before both.
update contact_import_row r set made = r.made or h.made, before = r.before || (
    select coalesce(jsonb_object_agg(name, h.before -> name), '{}') from jsonb_object_keys(h.after) as name
    where r.before -> name = h.after -> name)
from contact_import_row h, contact_import i
where h.import_id = %(id)s and h.contact_id = any(%(contacts)s::bigint[])
    and r.contact_id = h.contact_id and r.import_id <> h.import_id
    and i.import_id = r.import_id and i.state <> 'undone'

-- :name move_rows
-- After a merge: the kept contact has the values of both, and nobody made it alone.
with gone as (
    delete from contact_import_row r using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
    where r.contact_id = m.gone returning m.kept, r.import_id, r.before, r.after
)
insert into contact_import_row (contact_id, import_id, made, before, after)
select distinct on (kept, import_id) kept, import_id, false, before, after from gone
order by kept, import_id
on conflict (contact_id, import_id) do update set made = false

-- :name undo_advance
update contact_import set undo_at = %(at)s, undone = %(undone)s, seconds = seconds + %(seconds)s
where import_id = %(id)s

-- :name old_files
select import_id from contact_import where files <> '[]' and state not in ('checking', 'running', 'undoing')
    and coalesce(finished_at, made_at) < %(before)s order by import_id

-- :name forget_files
update contact_import set files = '[]', preview = '{}', wrong_bytes = 0,
    state = case when state in ('done', 'undone') then state else 'cancelled' end where import_id = %(id)s
