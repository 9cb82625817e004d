-- :name any
-- Whether anybody was ever erased: the common answer is no, and then nothing needs hashing.
select exists (select from suppression)

-- :name known
-- Which of these hashes belong to erased people.
select hash from suppression where hash = any(%(hashes)s::bytea[])

-- :name add
-- Keeps hashes out from now on; those known keep their date.
insert into suppression (hash, kind, since)
select * , %(at)s from unnest(%(hashes)s::bytea[], %(kinds)s::text[]) on conflict do nothing

-- :name lift
-- These names may come in again.
delete from suppression where hash = any(%(hashes)s::bytea[]) returning hash

-- :name count
-- How many names of each kind are kept out.
select kind, count(*) from suppression group by kind order by kind

-- :name count_out
-- Records kept out today.
insert into kept_out (day, records) values (%(day)s, %(records)s)
on conflict (day) do update set records = kept_out.records + excluded.records

-- :name records_out
select coalesce(sum(records), 0)::bigint from kept_out

-- :name enter
-- Whoever writes facts holds this until they are written; many do so side by side.
select pg_advisory_xact_lock_shared(4027, 11)

-- :name stay
-- The same for several transactions of a session, until it leaves.
select pg_advisory_lock_shared(4027, 11)

-- :name go
select pg_advisory_unlock_shared(4027, 11)

-- :name alone
-- An erasure waits for those who write facts, and lets nobody begin until it is done.
select pg_advisory_xact_lock(4027, 11)

-- :name begin
-- An erasure that was asked for; what is found and how far it is follow.
insert into erasure (at, by, report) values (%(at)s, %(by)s, %(report)s) returning erasure_id

-- :name tell
-- How far an erasure is.
update erasure set report = report || %(report)s where erasure_id = %(id)s

-- :name finish
-- The proof: from here on the row tells nothing of how it was done.
update erasure set at = %(at)s, report = %(report)s where erasure_id = %(id)s returning erasure_id, at, by, report

-- :name mine
-- One process works on an erasure; the lock falls with its session.
select pg_try_advisory_lock(4029, (%(id)s %% 2147483647)::int)

-- :name leave
select pg_advisory_unlock(4029, (%(id)s %% 2147483647)::int)

-- :name unfinished
-- Erasures that were asked for and are not done, the oldest first.
select erasure_id from erasure where report ? 'going' order by erasure_id

-- :name reports
-- Newest first.
select erasure_id, at, by, report from erasure order by erasure_id desc limit %(limit)s

-- :name report
select erasure_id, at, by, report from erasure where erasure_id = %(id)s

-- :name names
-- What names these contacts: addresses, numbers, accounts, orders, carts.
select kind, 0::bigint as store_id, value, contact_id from identity where contact_id = any(%(contacts)s::bigint[])
union all
select kind, store_id, external_id, contact_id from reference where contact_id = any(%(contacts)s::bigint[])

-- :name contacts_by_email
select distinct contact_id from identity where kind = 'email' and value = any(%(emails)s::text[])

-- :name contacts_by_customer
-- The contacts of these accounts of a shop.
select distinct contact_id from reference
where store_id = %(store)s and kind = 'customer' and external_id = any(%(accounts)s::text[])

-- :name add_link
-- A link for a person; the same token again is valid from now.
insert into person_link (token_hash, contact_id, kind, about, created_at, expires_at)
values (%(hash)s, %(contact)s, %(kind)s, %(about)s, %(at)s, %(expires)s)
on conflict (token_hash) do update set expires_at = excluded.expires_at

-- :name link
select contact_id, kind, about, expires_at, used_at from person_link where token_hash = %(hash)s

-- :name link_used
-- Notes that a link was used; whether that was the first time.
with before as (select token_hash, used_at from person_link where token_hash = %(hash)s for update)
update person_link l set used_at = coalesce(before.used_at, %(at)s)
from before where l.token_hash = before.token_hash returning before.used_at is null

-- :name clean_links
delete from person_link where expires_at < %(before)s
