-- What pages ask that no room answers yet. Reading only.

-- :name session
-- What a browser's session holds; every page asks this and the next.
select session_data from django_session where session_key = %(key)s and expire_date > %(at)s

-- :name member
-- Who is signed in, and whether a second step is asked of them that they lack.
select user_id, role, language, time_zone, seen_at, totp_secret, totp_step,
       totp_secret = '' and exists (select from web_account where two_factor_required) as lacks_second_step
  from web_member where user_id = %(user)s

-- :name views
-- The saved views somebody sees, in the order of the tabs.
select id, name, filters, columns, sort, search, shared, "default", owner_id = %(user)s as mine
  from web_savedview where (owner_id = %(user)s or shared) and deleted_at is null order by position, id

-- :name list_estimate
-- Contacts by the planner's statistics: free at any size.
select greatest(reltuples, 0)::bigint from pg_class where oid = 'contact_list'::regclass

-- :name list_count
-- Exact as long as that is cheap: stops counting at the limit.
select count(*) from (select 1 from contact_list limit %(limit)s) few

-- :name list_cells
-- The chosen columns of one page of contacts that contact_list does not carry, as one JSON object each; of a
-- property people may overrule contact_property holds what counts.
select p.contact_id, coalesce(to_jsonb(c), '{}') || to_jsonb(p)
from contact_property p left join contact_custom c using (contact_id) where p.contact_id = any(%(contacts)s)

-- :name named
-- These contacts as people know them: number, name, e-mail address.
select contact_id, coalesce(name, ''), coalesce(email, '') from contact_list
where contact_id = any(%(contacts)s::bigint[]) order by contact_id

-- :name property_columns
-- Which properties have a column, and of what kind, so that a page asks for nothing that is not there.
select attrelid = 'contact_custom'::regclass, attname, format_type(atttypid, atttypmod)
  from pg_attribute
 where attrelid in ('contact_property'::regclass, 'contact_custom'::regclass) and attnum > 0 and not attisdropped
   and attname not in ('contact_id', 'computed_at')
 order by attrelid, attnum

-- :name contact
-- One contact with what the list knows of it.
select c.contact_id, c.first_seen, l.name, l.email, l.phone, l.createdate, l.recent_conversion_event_name,
       l.recent_conversion_date, l.last_order_date, l.total_value_of_orders, l.total_number_of_orders, l.store_ids
  from contact c left join contact_list l using (contact_id)
 where c.contact_id = %(contact)s

-- :name kept_contact
-- Where a merged contact went.
select kept_id from contact_merge where gone_id = %(contact)s order by merge_id desc limit 1

-- :name identities
-- The addresses and numbers a contact is known by, the strongest first.
select kind, original from identity where contact_id = %(contact)s order by kind, store_id = 0 and strength = 1,
    strength desc, version desc limit 50

-- :name accounts
-- The shop accounts of a contact.
select store_id, external_id from account where contact_id = %(contact)s order by store_id, external_id limit 50

-- :name contact_values
-- Every computed value of a contact as one JSON object (numbers keep their digits).
select to_jsonb(p) from contact_property p where p.contact_id = %(contact)s

-- :name contact_custom_values
-- Every value set by people, imports or the API.
select to_jsonb(p) from contact_custom p where p.contact_id = %(contact)s

-- :name record_counts
-- How many orders and carts the tabs announce.
select (select count(*) from orders where contact_id = %(contact)s and deleted_at is null and status <> 'ignored'),
       (select count(*) from cart where contact_id = %(contact)s)

-- :name orders
-- A page of a contact's orders, newest first.
select order_id, store_id, number, status, status_raw, currency, total, refunded, tax, shipping, discount, placed_at,
       paid_at, payment_method, coupons, tracking_number, tracking_url, tracking_carrier,
       rate, rate is not null and rate_version is null as own_rate, home_currency
  from orders left join store_rule using (store_id)
 where contact_id = %(contact)s and deleted_at is null and status <> 'ignored'
   and (placed_at, order_id) < (%(before)s::timestamptz, %(before_id)s)
 order by placed_at desc, order_id desc limit %(limit)s

-- :name order_lines
-- The lines of some orders of one contact.
select order_id, name, sku, quantity, price, total, url, image_url
  from order_line where contact_id = %(contact)s and order_id = any(%(orders)s)
 order by order_id, position

-- :name refunds
-- The refunds of some orders of one contact.
select order_id, amount, created_at, reason
  from refund where contact_id = %(contact)s and order_id = any(%(orders)s)
 order by order_id, created_at

-- :name carts
-- A page of a contact's carts, newest first.
select cart_id, store_id, external_id, state, state_at, currency, total, created_at, version, checkout_at,
       abandoned_at, due_at, url
  from cart
 where contact_id = %(contact)s and (created_at, cart_id) < (%(before)s::timestamptz, %(before_id)s)
 order by created_at desc, cart_id desc limit %(limit)s

-- :name cart_lines
-- The lines of some carts of one contact.
select cart_id, name, sku, quantity, price, total, url, image_url
  from cart_line where contact_id = %(contact)s and cart_id = any(%(carts)s)
 order by cart_id, position

-- :name history
-- A property's changes, newest first. The raw text has every digit of a number.
select change_id, at, changes -> %(name)s, changes ->> %(name)s, source, source_id, by
  from property_history
 where contact_id = %(contact)s and changes ? %(name)s
 order by at desc, change_id desc limit %(limit)s

-- :name historic
-- One earlier value of a property as text; a list as JSON.
select changes ->> %(name)s from property_history
 where contact_id = %(contact)s and change_id = %(change)s and changes ? %(name)s

-- :name today
-- Home's figures since midnight of the reader's day. Contacts use the list's index; the rest walk the
-- conversions of today, which one pass counts by name.
select name, count(*) from conversion where at >= %(since)s group by name

-- :name today_contacts
-- New contacts since midnight, counted by the list's index.
select count(*) from contact_list where createdate >= %(since)s

-- :name today_revenue
-- Revenue of the counted orders of today per home currency; orders without a known rate are told apart.
select r.home_currency,
       coalesce(sum((o.total - o.refunded) * case when o.currency = r.home_currency then 1 else o.rate end), 0),
       count(*), count(*) filter (where o.currency <> r.home_currency and o.rate is null)
  from orders o join store_rule r using (store_id)
 where o.placed_at >= %(since)s and o.status = any(r.counted) and o.deleted_at is null
 group by r.home_currency order by 2 desc

-- :name newest_contacts
-- The newest contacts for Home.
select contact_id, name, email, recent_conversion_event_name, recent_conversion_date, createdate
  from contact_list order by createdate desc, contact_id desc limit 8

-- :name store_runs
-- The latest run of each kind of one store.
select distinct on (kind) run_id, kind, state, started_at, finished_at, heartbeat_at, seconds, error
  from run where store_id = %(store)s order by kind, run_id desc

-- :name backfill_runs
-- The latest backfill of every store.
select distinct on (store_id) store_id, run_id, state from run where kind = 'backfill' order by store_id, run_id desc

-- :name run_streams
-- Expected, fetched and applied rows of a run's streams, in their order.
select stream, expected, fetched, applied from run_stream where run_id = %(run)s order by position

-- :name quarantined
-- Open quarantined records of a store.
select count(*) from quarantine where store_id = %(store)s and resolved_at is null

-- :name quarantined_by_store
-- Open quarantined records of every store.
select store_id, count(*) from quarantine where resolved_at is null group by store_id

-- :name quarantine_page
-- A page of a store's open quarantine, newest first, by keyset.
select quarantine_id, stream, kind, external_id, field, reason, created_at, attempts, left(raw, 4000)
  from quarantine
 where store_id = %(store)s and resolved_at is null and quarantine_id < %(before)s
 order by quarantine_id desc limit %(limit)s

-- :name store_poll
-- When each stream of a store was last asked for changes.
select stream, polled_at from stream_cursor where store_id = %(store)s order by stream

-- :name store_reach
-- What disconnecting a store touches, counted up to a limit.
select (select count(*) from (select 1 from reference where store_id = %(store)s and kind = 'customer' limit 100001) a),
       (select count(*) from (select 1 from reference where store_id = %(store)s and kind = 'order' limit 100001) b),
       (select count(*) from (select 1 from reference where store_id = %(store)s and kind = 'cart' limit 100001) c)

-- :name home_currencies
-- The currency account totals are told in, one per store.
select store_id, home_currency from store_rule

-- :name store_rules
-- What the groups of single stores are called, and in which currency their amounts are.
select store_id, label, home_currency,
       coalesce(nullif(regexp_replace(url, '^\w+://(www\.)?([^/]+).*$', '\2'), ''), name) as host
from store_rule

-- :name names
-- What to call these contacts.
select contact_id, coalesce(name, email, phone) from contact_list where contact_id = any(%(contacts)s)
