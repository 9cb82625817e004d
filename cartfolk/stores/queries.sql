-- :name store_by_id
-- One store with everything.
select * from stores_store where id = %(id)s

-- :name store_by_key
-- The store a door's address names.
select * from stores_store where key = %(key)s

-- :name store_by_name
-- The store a command names.
select * from stores_store where name = %(name)s

-- :name stores
-- Every store, in the order people see them.
select * from stores_store order by name

-- :name save_store
-- Creates the store or connects it again under its name: what identifies it to the outside (key, secrets,
-- live_from, connected_at) stays as it was the first time.
insert into stores_store (
    name, platform, url, shop_name, credentials, webhook_secret, ingest_secret, key, home_currency, timezone,
    fingerprint, allow_private_address, settings, idle_minutes, max_concurrency, state, state_reason,
    connected_at, live_from, last_ok_at, webhook_health, learned
) values (
    %(name)s, %(platform)s, %(url)s, %(shop_name)s, %(credentials)s, %(webhook_secret)s, %(ingest_secret)s,
    %(key)s, %(home_currency)s, %(timezone)s, %(fingerprint)s, %(allow_private_address)s, %(settings)s,
    %(idle_minutes)s, %(max_concurrency)s, 'connected', '', %(at)s, %(at)s, %(at)s, '{}', %(learned)s
)
on conflict (name) do update set
    platform = excluded.platform, url = excluded.url, shop_name = excluded.shop_name,
    credentials = excluded.credentials, home_currency = excluded.home_currency, timezone = excluded.timezone,
    fingerprint = coalesce(nullif(excluded.fingerprint, ''), stores_store.fingerprint), allow_private_address = excluded.allow_private_address,
    settings = stores_store.settings || excluded.settings,
    learned = (stores_store.learned - 'app') || excluded.learned,
    state = 'connected', state_reason = '',
    last_ok_at = excluded.last_ok_at
returning *

-- :name invite_store
-- The shop has to install an app first: it brings the keys.
update stores_store set state = 'stopped', state_reason = %(reason)s where id = %(id)s
returning *

-- :name lock_store
-- The store, held until the keys that just came are judged and kept: two installations go one after the other.
select * from stores_store where id = %(id)s for update

-- :name keep_keys
-- The keys an app brought; they are tried before the store counts as connected. What the owner paused stays paused.
update stores_store set credentials = %(credentials)s, learned = learned || %(app)s,
    state = case state when 'paused' then state else 'stopped' end,
    state_reason = case state when 'paused' then state_reason else %(reason)s end
where id = %(id)s
returning *

-- :name settle_store
-- The keys an app brought work: what the shop says of itself is kept, unless newer keys have come meanwhile.
update stores_store set
    shop_name = %(shop_name)s, home_currency = coalesce(nullif(%(home_currency)s, ''), home_currency),
    timezone = coalesce(nullif(%(timezone)s, ''), timezone),
    fingerprint = coalesce(nullif(%(fingerprint)s, ''), fingerprint), learned = learned || %(learned)s,
    state = case state when 'paused' then state else 'connected' end,
    state_reason = case state when 'paused' then state_reason else '' end, last_ok_at = %(at)s
where id = %(id)s and credentials = %(read)s
returning *

-- :name stores_waiting
-- The stores whose app brought keys that were not seen to work yet.
select * from stores_store where learned -> 'app' ->> 'waiting' = 'true' order by id

-- :name tell_app
-- What is known of the store's app, with what is new of it.
update stores_store
set learned = learned || jsonb_build_object('app', coalesce(learned -> 'app', '{}') || %(app)s)
where id = %(id)s

-- :name forget_keys
-- The app is gone from the shop: so are its keys, and the next installation is a first one.
update stores_store set credentials = %(credentials)s, state = 'stopped', state_reason = %(reason)s where id = %(id)s

-- :name set_state
-- Moves the store to a state with the sentence that explains it.
update stores_store set state = %(state)s, state_reason = %(reason)s where id = %(id)s

-- :name mark_ok
-- The shop answered; at most one write every ten seconds.
update stores_store set last_ok_at = %(at)s
where id = %(id)s and (last_ok_at is null or last_ok_at < %(at)s - interval '10 seconds')

-- :name set_webhook_health
-- What the last look at the shop's webhooks found, and what the connector wants to know the next time.
update stores_store set webhook_health = %(health)s, learned = learned || %(learned)s where id = %(id)s

-- :name set_compared
-- What the last comparison with the shop found, stream by stream.
update stores_store set compared = %(found)s where id = %(id)s

-- :name meet_site
-- Where the first sender of signed messages is, remembered once; what is known of senders then. No row when another
-- one was remembered at this very moment.
with met as (
    update stores_store set learned = learned || jsonb_build_object('site', %(site)s::text)
    where id = %(id)s and not learned ? 'site'
    returning learned
)
select learned from met
union all
select learned from stores_store where id = %(id)s and learned ? 'site'

-- :name note_stranger
-- Another sender, unless he is noted and the store is stopped or paused already.
update stores_store set learned = learned || jsonb_build_object('stranger', %(site)s::text)
where id = %(id)s and (state = 'connected' or learned ->> 'stranger' is distinct from %(site)s)

-- :name accept_stranger
-- The shop has moved: this is its own place from now on.
update stores_store set state = 'connected', state_reason = '',
    learned = (learned - 'stranger') || jsonb_build_object(
        'site', %(site)s::text, 'copies', coalesce(learned -> 'copies', '[]') - %(site)s::text)
where id = %(id)s

-- :name refuse_stranger
-- It is a copy: its place is remembered as one.
update stores_store set state = 'connected', state_reason = '',
    learned = (learned - 'stranger') || jsonb_build_object(
        'copies', (coalesce(learned -> 'copies', '[]') - %(site)s::text) || to_jsonb(%(site)s::text))
where id = %(id)s

-- :name set_secret
-- A new ingest secret replaces the old one at once.
update stores_store set ingest_secret = %(secret)s where id = %(id)s

-- :name set_options
-- What the owner may change without connecting again.
update stores_store set idle_minutes = %(idle_minutes)s, max_concurrency = %(max_concurrency)s,
    settings = settings || %(settings)s
where id = %(id)s
returning *

-- :name delete_store
-- The store is disconnected; what came from it stays with the contacts.
delete from stores_store where id = %(id)s
