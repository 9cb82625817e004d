-- Pairs of contacts that may be one person. A contact has a few keys; who shares a key is compared.

-- :name watermark
select until from duplicate_search

-- :name set_watermark
insert into duplicate_search (until) values (%(until)s)
on conflict (only_one) do update set until = excluded.until

-- :name touched
-- Contacts whose values were computed since, one batch after the number given.
select contact_id from contact_property
where contact_id > %(after)s and (%(since)s::timestamptz is null or computed_at >= %(since)s)
order by contact_id limit %(limit)s

-- :name domains
-- Mail domains of these contacts.
select distinct split_part(lower(email), '@', 2) from contact_property
where contact_id = any(%(contacts)s::bigint[]) and email like '%%_@_%%'

-- :name write_keys
-- The keys of these contacts, where they differ from what is stored. Kinds: 1 phone (its last nine digits, so with and
-- without country code), 2 name and postal address, 3 name and city, 4 the same with first and last name swapped,
-- 5 the address with its domain spelt right, 6 and 7 name, domain and one end of the address's local part: whoever
-- mistypes one letter leaves the other end as it was.
with word as materialized (
    select contact_id, lower(btrim(firstname)) as f, lower(btrim(lastname)) as l, lower(btrim(city)) as city,
        regexp_replace(lower(zip), '\W', '', 'g') as zip,
        regexp_replace(regexp_replace(lower(address), 'stra(ß|ss)e', 'str', 'g'), '\W', '', 'g') as street,
        regexp_replace(phone, '\D', '', 'g') as digits,
        split_part(lower(email), '@', 1) as mailbox,
        coalesce(d.intended, split_part(lower(email), '@', 2)) as domain
    from contact_property p
    left join unnest(%(domains)s::text[], %(intended)s::text[]) as d (domain, intended)
        on d.domain = split_part(lower(p.email), '@', 2)
    where p.contact_id between %(first)s and %(last)s and p.contact_id = any(%(contacts)s::bigint[])
), key as materialized (
    select contact_id, kind::smallint, hashtextextended(text, case kind when 4 then 3 else kind end) as key
    from word cross join lateral (values
        (1, case when length(digits) >= 7 then right(digits, 9) end),
        (2, case when length(street) >= 4 then least(f, l) || '|' || greatest(f, l) || '|' || zip || '|' || street end),
        (3, case when f <> l then f || '|' || l || '|' || city end),
        (4, case when f <> l then l || '|' || f || '|' || city end),
        (5, case when mailbox <> '' then mailbox || '@' || domain end),
        (6, case when length(mailbox) >= 6 then f || '|' || l || '|' || domain || '|' || left(mailbox, 3) end),
        (7, case when length(mailbox) >= 6 then f || '|' || l || '|' || domain || '|' || right(mailbox, 3) end)
    ) as k (kind, text)
    where text is not null
), outdated as (
    delete from duplicate_key o
    where o.contact_id between %(first)s and %(last)s and o.contact_id = any(%(contacts)s::bigint[])
        and not exists (select from key where key.contact_id = o.contact_id and key.kind = o.kind and key.key = o.key)
)
insert into duplicate_key (contact_id, kind, key)
select contact_id, kind, key from key
where not exists (select from duplicate_key o
                  where o.contact_id between %(first)s and %(last)s and o.contact_id = any(%(contacts)s::bigint[])
                    and o.contact_id = key.contact_id and o.kind = key.kind and o.key = key.key)
on conflict do nothing

-- :name compare
-- Compares whoever shares a key, with ``contacts`` only pairs that one of them is in, and writes the pairs that
-- differ from what is stored. A key of more than twenty contacts is a household's, a call centre's, a common name's:
-- it says nothing.
with keys as materialized (
    select key, array_agg(contact_id) as mine, array_agg(kind) as kinds
    from (
        select k.* from duplicate_key k
        where %(contacts)s::bigint[] is null
           or k.key in (select key from duplicate_key where contact_id = any(%(contacts)s::bigint[]))
    ) k
    group by key having count(*) between 2 and 20
), pair as (
    select a.contact_id, b.contact_id as other_id, a.kind, b.kind as other_kind
    from keys
    cross join lateral unnest(mine, kinds) as a (contact_id, kind)
    cross join lateral unnest(mine, kinds) as b (contact_id, kind)
    where a.contact_id < b.contact_id
      and (a.kind = b.kind and a.kind not in (3, 4) or (a.kind, b.kind) = (3, 4))
      and (%(contacts)s::bigint[] is null or a.contact_id = any(%(contacts)s::bigint[])
           or b.contact_id = any(%(contacts)s::bigint[]))
), reason as (
    select distinct pair.contact_id, pair.other_id,
        case kind when 1 then 'phone' when 2 then 'name_address' when 3 then 'swapped_name'
                  when 5 then case when lower(p.email) = lower(o.email) then 'email' else 'email_domain' end
                  else 'email_letter' end as reason
    from pair
    join contact_property p on p.contact_id = pair.contact_id
    join contact_property o on o.contact_id = pair.other_id
    cross join lateral (select split_part(lower(p.email), '@', 1) as a, split_part(lower(o.email), '@', 1) as b) m
    where kind not in (6, 7) or a <> b and abs(length(a) - length(b)) <= 1 and exists (
        select from generate_series(0, length(a)) i
        where left(a, i) = left(b, i) and (
            substr(a, i + 2) = substr(b, i + 2)      -- another letter
            or substr(a, i + 1) = substr(b, i + 2)   -- one more
            or substr(a, i + 2) = substr(b, i + 1)   -- one fewer
            or substr(a, i + 3) = substr(b, i + 3) and substr(a, i + 1, 1) = substr(b, i + 2, 1)
               and substr(a, i + 2, 1) = substr(b, i + 1, 1)))  -- two swapped
), found as materialized (
    select contact_id, other_id, array_agg(reason order by reason) as reasons,
        least(99, max(case reason when 'name_address' then 90 when 'email' then 85 when 'email_letter' then 80
                                  when 'email_domain' then 80 when 'swapped_name' then 75 else 60 end)
                  + 5 * (count(*) - 1))::smallint as score
    from reason
    where not exists (select from contact_apart x
                      where x.contact_id = reason.contact_id and x.other_id = reason.other_id)
    group by contact_id, other_id
), outdated as (
    delete from duplicate d
    where (%(contacts)s::bigint[] is null or d.contact_id = any(%(contacts)s::bigint[])
           or d.other_id = any(%(contacts)s::bigint[]))
      and not exists (select from found f where f.contact_id = d.contact_id and f.other_id = d.other_id)
), written as (
    insert into duplicate as d (contact_id, other_id, score, reasons, found_at)
    select contact_id, other_id, score, reasons, %(at)s from found
    on conflict (contact_id, other_id) do update set score = excluded.score, reasons = excluded.reasons
    where (d.score, d.reasons) is distinct from (excluded.score, excluded.reasons)
)
select count(*) from found

-- :name drop_pair
delete from duplicate where contact_id = %(one)s and other_id = %(other)s

-- :name forget_gone
-- Keys and pairs of contacts that are no more.
with keys as (
    delete from duplicate_key k where not exists (select from contact c where c.contact_id = k.contact_id)
)
delete from duplicate d where not exists (select from contact c where c.contact_id = d.contact_id)
    or not exists (select from contact c where c.contact_id = d.other_id)

-- :name suggestions
-- Pairs, the surest first, one page after the place given; with a contact only its own.
select d.contact_id, d.other_id, d.score, d.reasons, d.found_at from duplicate d
where (%(contact)s::bigint is null or d.contact_id = %(contact)s or d.other_id = %(contact)s)
  and (%(score)s::smallint is null
       or (-d.score, d.contact_id, d.other_id) > (-%(score)s::smallint, %(after)s::bigint, %(other)s::bigint))
order by d.score desc, d.contact_id, d.other_id limit %(limit)s

-- :name count
select count(*) from (select from duplicate limit 10001) d

-- :name people
-- Who the contacts of a page of pairs are.
select c.contact_id, l.name, l.email, l.phone, p.city, p.company, l.total_number_of_orders, l.total_value_of_orders,
    l.createdate, l.store_ids
from contact c left join contact_list l using (contact_id) left join contact_property p using (contact_id)
where c.contact_id = any(%(contacts)s::bigint[])
