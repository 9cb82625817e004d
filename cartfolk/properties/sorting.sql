-- The order of contacts by properties that contact_list does not carry (sorting.py).

-- :name find
-- Where the order of a property is kept, whether it is complete, and whether its use is worth noting again.
select sort_id, ready, asked_at < %(at)s::timestamptz - interval '1 day' from sorted_property where name = %(name)s

-- :name note_asked
update sorted_property set asked_at = %(at)s where name = %(name)s

-- :name alone
-- One process at a time fills orders; held by the session.
select pg_try_advisory_lock(4027, 3)

-- :name release
select pg_advisory_unlock(4027, 3)

-- :name register
-- From its commit on, every computation keeps the property's order.
insert into sorted_property (name, kind, custom, asked_at) values (%(name)s, %(kind)s, %(custom)s, %(at)s)
on conflict (name) do update set asked_at = excluded.asked_at
returning sort_id, ready

-- :name writers
-- Transactions that write values now; those that began before a property was registered must end.
select virtualtransaction from pg_locks
 where relation in ('contact_property'::regclass, 'contact_custom'::regclass) and mode = 'RowExclusiveLock' and pid <> pg_backend_pid()
   and database = (select oid from pg_database where datname = current_database())

-- :name follow
-- Orders of what people set follow what these contacts have; mostly there are none.
insert into contact_sort (contact_id, sort_id, word, number)
select asked.contact_id, s.sort_id, sort_word(s.kind, has.row ->> s.name), sort_number(s.kind, has.row ->> s.name)
from sorted_property s
    cross join (select contact_id from contact where contact_id = any(%(contacts)s::bigint[])) asked
    left join lateral (select to_jsonb(c) as row from contact_custom c where c.contact_id = asked.contact_id offset 0) has
        on true
where s.custom
on conflict (contact_id, sort_id) do update set word = excluded.word, number = excluded.number
where (contact_sort.word, contact_sort.number) is distinct from (excluded.word, excluded.number)

-- :name give_up
delete from sorted_property where name = %(name)s

-- :name forget_gone
-- Whoever was merged or erased while its row was being copied.
delete from contact_sort s where s.sort_id = %(sort)s
    and not exists (select from contact c where c.contact_id = s.contact_id)

-- :name complete
update sorted_property set ready = true where sort_id = %(sort)s

-- :name surplus
-- Stops keeping orders nobody asked for since long, and the least recently asked beyond the most we keep.
delete from sorted_property where name in (
    select name from (select name, asked_at, row_number() over (order by asked_at desc, name) as nth
                        from sorted_property where name <> %(but)s) p
     where nth > %(most)s or asked_at < %(before)s)

-- :name forget_unkept
-- Some rows of orders that are not kept any more.
delete from contact_sort where (contact_id, sort_id) in (
    select contact_id, sort_id from contact_sort where not sort_id = any(%(kept)s::smallint[]) limit %(limit)s)

-- :name kept
select sort_id from sorted_property
