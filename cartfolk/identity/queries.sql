-- :name lock_identities
-- One writer at a time decides who is who; the decision itself takes milliseconds.
select pg_advisory_xact_lock(4027, 1)

-- :name accounts
-- The contacts of these shop accounts.
select r.store_id, r.external_id, r.contact_id
from unnest(%(stores)s::bigint[], %(accounts)s::text[]) as wanted (store_id, external_id)
join reference r on r.store_id = wanted.store_id and r.kind = 'customer' and r.external_id = wanted.external_id

-- :name identities
-- The owners of these e-mails and phones, and how strongly they own them.
select kind, value, contact_id, strength, version, store_id, account, original
from identity
where kind = %(kind)s and value = any(%(values)s::text[])

-- :name accounts_of_contacts
-- The shop accounts these contacts have; a contact without one is a guest.
select contact_id, store_id, external_id from account where contact_id = any(%(contacts)s::bigint[])

-- :name places
-- Where these accounts, orders and carts are kept.
select r.store_id, r.kind, r.external_id, r.contact_id, r.object_id
from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[]) as wanted (store_id, kind, external_id)
join reference r
  on r.store_id = wanted.store_id and r.kind = wanted.kind and r.external_id = wanted.external_id

-- :name objects
-- Where these orders and carts are kept, and the claim that placed them there.
select r.store_id, r.kind, r.external_id, r.contact_id, r.object_id, r.version, r.told_at, coalesce(r.guest, '')
from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[]) as wanted (store_id, kind, external_id)
join reference r
  on r.store_id = wanted.store_id and r.kind = wanted.kind and r.external_id = wanted.external_id

-- :name hold_objects
-- The same, held until the decision is written: whoever notes a newer claim meanwhile waits.
select r.store_id, r.kind, r.external_id, r.contact_id, r.object_id, r.version, r.told_at, coalesce(r.guest, '')
from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[]) as wanted (store_id, kind, external_id)
join reference r
  on r.store_id = wanted.store_id and r.kind = wanted.kind and r.external_id = wanted.external_id
for update of r

-- :name new_contact_ids
select nextval('contact_id_seq') from generate_series(1, %(count)s)

-- :name new_object_ids
select nextval('object_id_seq') from generate_series(1, %(count)s)

-- :name add_contacts
insert into contact (contact_id) select unnest(%(contacts)s::bigint[])

-- :name add_accounts
-- Both directions of an account: who has it, and which ones a contact has.
with added as (
    insert into account (contact_id, store_id, external_id)
    select * from unnest(%(contacts)s::bigint[], %(stores)s::bigint[], %(accounts)s::text[])
    on conflict do nothing
)
insert into reference (store_id, kind, external_id, contact_id, object_id, version, told_at)
select store_id, 'customer', external_id, contact_id, 0, '-infinity', '-infinity'
from unnest(%(contacts)s::bigint[], %(stores)s::bigint[], %(accounts)s::text[]) as a (contact_id, store_id, external_id)
on conflict (store_id, kind, external_id) do nothing

-- :name claim
-- Writes the winning claim of each e-mail or phone.
insert into identity (kind, value, contact_id, original, strength, version, store_id, account)
select * from unnest(%(kinds)s::text[], %(values)s::text[], %(contacts)s::bigint[], %(originals)s::text[],
                     %(strengths)s::smallint[], %(versions)s::timestamptz[], %(stores)s::bigint[],
                     %(accounts)s::text[])
on conflict (kind, value) do update set
    contact_id = excluded.contact_id, original = excluded.original, strength = excluded.strength,
    version = excluded.version, store_id = excluded.store_id, account = excluded.account

-- :name place_objects
-- Notes where orders and carts are kept, for the first time or anew.
insert into reference (store_id, kind, external_id, contact_id, object_id, version, told_at, guest)
select * from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[], %(contacts)s::bigint[],
                     %(objects)s::bigint[], %(versions)s::timestamptz[], %(tolds)s::timestamptz[], %(guests)s::text[])
on conflict (store_id, kind, external_id) do update set
    contact_id = excluded.contact_id, version = excluded.version, told_at = excluded.told_at, guest = excluded.guest

-- :name note_claims
-- Newer claims on orders and carts that stay where they are, unless they were moved meanwhile.
update reference r set version = k.version, told_at = k.told_at, guest = k.guest
from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[], %(contacts)s::bigint[],
            %(objects)s::bigint[], %(versions)s::timestamptz[], %(tolds)s::timestamptz[], %(guests)s::text[])
     as k (store_id, kind, external_id, contact_id, object_id, version, told_at, guest)
where r.store_id = k.store_id and r.kind = k.kind and r.external_id = k.external_id and r.contact_id = k.contact_id
  and (r.version, r.told_at, coalesce(r.guest, '')) < (k.version, k.told_at, coalesce(k.guest, ''))

-- :name hand_over
-- Orders and carts that guests named by one of these e-mails go to the contact that has it now.
update reference r set contact_id = k.target
from unnest(%(emails)s::text[], %(sources)s::bigint[], %(targets)s::bigint[]) as k (email, source, target)
where r.contact_id = k.source and r.guest = k.email
returning r.kind, r.object_id, k.source, k.target

-- :name lock_for_merge
-- Waits until nobody writes facts for these contacts, and keeps everybody out until the merge is done.
select contact_id from contact where contact_id = any(%(contacts)s::bigint[]) order by contact_id for update

-- :name mark_moved
update contact set moved_at = clock_timestamp() where contact_id = any(%(contacts)s::bigint[])

-- :name merge_identities
-- All that names the merged contacts names the kept ones now.
with pairs as (
    select * from unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as p (gone_id, kept_id)
), identities as (
    update identity i set contact_id = p.kept_id from pairs p where i.contact_id = p.gone_id
), accounts as (
    delete from account a using pairs p where a.contact_id = p.gone_id
    returning p.kept_id, a.store_id, a.external_id
), rehomed as (
    insert into account (contact_id, store_id, external_id)
    select kept_id, store_id, external_id from accounts on conflict do nothing
), contacts as (
    delete from contact c using pairs p where c.contact_id = p.gone_id
)
update reference r set contact_id = p.kept_id from pairs p where r.contact_id = p.gone_id

-- :name record_merges
insert into contact_merge (kept_id, gone_id, merged_at, reason, merged_by, evidence)
select kept_id, gone_id, %(at)s, %(reason)s, %(by)s, evidence
from unnest(%(kept)s::bigint[], %(gone)s::bigint[], %(evidence)s::jsonb[]) as m (kept_id, gone_id, evidence)
returning gone_id, merge_id

-- :name lock_for_refresh
-- Two refreshes of one contact take turns; writers of facts are not held up.
select contact_id from contact where contact_id = any(%(contacts)s::bigint[])
order by contact_id for no key update

-- :name moved_at
-- When these contacts last gave or got rows: whoever writes for them compares it under their lock.
select contact_id, moved_at from contact where contact_id = any(%(contacts)s::bigint[])

-- :name of_contact
-- Everything that names one contact.
select kind, value, original, strength, store_id from identity where contact_id = %(contact)s
union all
select 'customer', external_id, external_id, 2, store_id from account where contact_id = %(contact)s
order by 1, 4 desc, 2

-- :name find_by_email
select contact_id from identity where kind = 'email' and value = %(value)s

-- :name drop_email
delete from identity where kind = 'email' and value = %(value)s and contact_id = %(contact)s
