-- :name page
-- Contacts after a number, in its order.
select contact_id from contact where contact_id > %(after)s order by contact_id limit %(limit)s

-- :name alive
-- Which of them are there.
select contact_id from contact where contact_id = any(%(contacts)s)

-- :name changes
-- Changes of these properties, newest first.
select contact_id, at, source, source_id, by, changes from property_history
 where contact_id = any(%(contacts)s) and changes ?| %(names)s
 order by contact_id, at desc, change_id desc
