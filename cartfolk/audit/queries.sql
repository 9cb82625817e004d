-- :name note
insert into audit_event (at, actor, action, target, detail) values (%(at)s, %(actor)s, %(action)s, %(target)s, %(detail)s)

-- :name recent
-- The newest events first; before an event's number, and of one kind of action when asked.
select event_id, at, actor, action, target, detail from audit_event
where (%(before)s::bigint is null or event_id < %(before)s) and (%(action)s::text is null or action like %(action)s || '%%')
  and (%(actor)s::text is null or actor = %(actor)s)
order by event_id desc limit %(limit)s

-- :name actors
select distinct actor from audit_event order by actor

-- :name kinds
select distinct split_part(action, '.', 1) from audit_event order by 1

-- :name older
select count(*) from audit_event where at < %(before)s

-- :name forget
delete from audit_event where at < %(before)s
