-- :name chosen
select name, days from retention

-- :name choose
insert into retention (name, days) select * from unnest(%(names)s::text[], %(days)s::integer[])
on conflict (name) do update set days = excluded.days

-- :name old_deliveries
-- Raw material handled before then, and quarantine resolved before then.
select (select count(*) from delivery where state = 'handled' and handled_at < %(before)s)
     + (select count(*) from quarantine where resolved_at < %(before)s)

-- :name old_quarantine
-- What waits and was last tried before then: see forget_waiting.
select (select count(*) from quarantine where resolved_at is null and tried_at < %(before)s
                                          and not (field = 'page' and external_id is not null))
     + (select count(*) from delivery where state = 'held' and received_at < %(before)s)

-- :name forget_resolved
delete from quarantine where resolved_at < %(before)s

-- :name forget_waiting
-- Records that could not be read and messages no owner decided on, by store. A place where the shop gave nothing holds
-- nothing of anybody and stays.
with records as (
    delete from quarantine where resolved_at is null and tried_at < %(before)s
                             and not (field = 'page' and external_id is not null)
    returning store_id
), messages as (
    delete from delivery where state = 'held' and received_at < %(before)s
    returning store_id
), forgotten as (
    select store_id, 1 as record, 0 as message from records
    union all
    select store_id, 0, 1 from messages
)
select f.store_id, s.name, sum(f.record), sum(f.message)
from forgotten f left join stores_store s on s.id = f.store_id
group by f.store_id, s.name order by f.store_id

-- :name add_request
insert into privacy_request (store_id, kind, customer_ids, at) values (%(store)s, %(kind)s, %(ids)s, %(at)s)
on conflict do nothing

-- :name requests
select request_id, store_id, kind, customer_ids, at, done_at, outcome from privacy_request
where %(open)s = false or done_at is null order by request_id desc limit %(limit)s

-- :name close_request
update privacy_request set done_at = %(at)s, outcome = %(outcome)s where request_id = %(id)s
