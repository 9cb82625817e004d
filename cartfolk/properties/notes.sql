-- :name add
insert into note (contact_id, at, body, by) values (%(contact)s, %(at)s, %(body)s, %(by)s) returning note_id

-- :name change
update note set body = %(body)s, edited_at = %(at)s
where contact_id = %(contact)s and note_id = %(note)s and deleted_at is null
  and coalesce(%(seen)s, edited_at, at) = coalesce(edited_at, at)

-- :name remove
update note set deleted_at = %(at)s where contact_id = %(contact)s and note_id = %(note)s and deleted_at is null

-- :name bring_back
update note set deleted_at = null where contact_id = %(contact)s and note_id = %(note)s

-- :name one
select note_id, at, body, by, edited_at, deleted_at from note where contact_id = %(contact)s and note_id = %(note)s

-- :name move
-- Notes on contacts that are gone continue under those that were kept.
with moved as (
    delete from note n using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
    where n.contact_id = m.gone returning m.kept, n.note_id, n.at, n.body, n.by, n.edited_at, n.deleted_at
)
insert into note (contact_id, note_id, at, body, by, edited_at, deleted_at) overriding system value
select * from moved
