-- :name add
insert into note (contact_id, at, body, by) values (%(contact)s, %(at)s, %(body)s, %(by)s) returning note_id

-- :name change
update note set body = %(body)s, edited_at = %(at)s
where contact_id = %(contact)s and note_id = %(note)s and deleted_at is null

-- :name remove
update note set deleted_at = %(at)s where contact_id = %(contact)s and note_id = %(note)s and deleted_at is null

-- :name bring_back
update note set deleted_at = null where contact_id = %(contact)s and note_id = %(note)s

-- :name one
select note_id, at, body, by, edited_at, deleted_at from note where contact_id = %(contact)s and note_id = %(note)s
