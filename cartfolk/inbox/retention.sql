-- :name chosen
select name, days from retention

-- :name choose
insert into retention (name, days) select * from unnest(%(names)s::text[], %(days)s::integer[])
on conflict (name) do update set days = excluded.days

-- :name old_deliveries
select count(*) from delivery where state = 'handled' and handled_at < %(before)s

-- :name old_quarantine
select count(*) from quarantine where resolved_at < %(before)s

-- :name forget_quarantine
delete from quarantine where resolved_at < %(before)s

-- :name add_request
insert into privacy_request (store_id, kind, customer_ids, at) values (%(store)s, %(kind)s, %(ids)s, %(at)s)
on conflict do nothing

-- :name requests
select request_id, store_id, kind, customer_ids, at, done_at, outcome from privacy_request
where %(open)s = false or done_at is null order by request_id desc limit %(limit)s

-- :name close_request
update privacy_request set done_at = %(at)s, outcome = %(outcome)s where request_id = %(id)s
