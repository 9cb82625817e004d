-- :name identities
-- The addresses and numbers the contacts are known by. Asked first and passed on as arrays: identity is keyed
-- by its value, not by contact, so a distributed database could not join it below.
-- ``chosen``: an address that people, no shop (store 0), made the contact's first. One they only added (store 0, strength 1) comes
-- after those the contact came with.
select contact_id, told.kind, value, original
from identity
cross join lateral (values (kind), (case when kind = 'email' and store_id = 0 and strength = 2 then 'chosen' end))
    as told (kind)
where contact_id = any(%(contacts)s) and told.kind is not null
order by contact_id, told.kind, store_id = 0 and strength = 1, strength desc, version desc, value collate "C"

-- :name tune
-- For this transaction: one plan for any number of contacts (planning two hundred columns takes as long as
-- computing thirty contacts), and one that stays right while an import fills the tables: every table is asked by
-- key, whatever its size was when the plan was made. No compilation; memory to sort a big batch. Told along the way:
-- which formulas count now, so that an account without any asks nothing more.
select (select revision from calculation),
    set_config('jit', 'off', true), set_config('work_mem', %(work_mem)s, true),
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)

-- :name values
-- One row per touched contact with every computed property, and beside them what the list and the clock need
-- (columns that begin with an underscore). Newest = latest moment; ties go by store and the shop's own id,
-- never by arrival. With ``store`` only what happened in that store counts.
-- ``offset 0`` keeps a look-up by key a look-up, also while an import fills tables that nobody has analysed yet.
with touched as materialized (
    select contact.contact_id, contact.first_seen
    from unnest(%(contacts)s::bigint[]) as asked (contact_id)
    cross join lateral (select * from contact where contact.contact_id = asked.contact_id offset 0) contact
),
-- The account's home currency is that of the first store; a single store is told in its own.
home as materialized (
    select home_currency as currency, decimals_of(home_currency) as decimals
    from store_rule where %(store)s::bigint is null or store_id = %(store)s order by store_id limit 1
),
-- Every order that is one, numbered from the newest; counted ones have a number of their own. A rate leads to
-- its store's home currency, so it serves only when that is the account's.
o as materialized (
    select facts.*,
        row_number() over newest as nth,
        case when counted then count(*) filter (where counted) over newest end as counted_nth,
        (total - refunded) * rate as value
    from (
        select orders.contact_id, order_id, orders.store_id, external_id, number, status, placed_at, total, refunded,
            orders.currency, attribution, email, customer_id,
            status = any(coalesce(store_rule.counted, '{completed,refunded}')) as counted,
            -- Counted now or ever: an order cancelled later takes nobody's stage away (docs/decisions/0022).
            status = any(coalesce(store_rule.counted, '{completed,refunded}')) or (
                select true from order_event e where e.contact_id = orders.contact_id
                    and e.order_id = orders.order_id and e.status = any(coalesce(store_rule.counted, '{completed,refunded}'))
                limit 1) is true as ever_counted,
            case when orders.currency = home.currency then 1
                 when store_rule.home_currency = home.currency then orders.rate end as rate
        from touched
        cross join lateral (select * from orders where orders.contact_id = touched.contact_id
            and (%(store)s::bigint is null or orders.store_id = %(store)s) offset 0) orders
        left join store_rule on store_rule.store_id = orders.store_id
        left join home on true
        where orders.deleted_at is null and orders.status <> 'ignored'
    ) facts
    window newest as (
        partition by contact_id
        order by placed_at desc, store_id desc, length(external_id) desc, external_id collate "C" desc
        rows unbounded preceding)
),
-- Summed from sorted rows, here and below: arrays keep that order, so no aggregate has to sort for itself.
order_sum as (
    select contact_id,
        count(*) as orders,
        count(*) filter (where counted) as n,
        count(value) filter (where counted) as n_value,
        sum(value) filter (where counted) as value,
        count(*) filter (where status = 'pending') as pending,
        max(order_id) filter (where nth = 1) as newest_id,
        max(order_id) filter (where counted_nth = 1) as last_id,
        (array_agg(value) filter (where counted))[(count(*) filter (where counted))::int] as first_value,
        max(value) filter (where counted_nth = 1) as last_value,
        max(currency) filter (where counted_nth = 1) as last_currency,
        min(placed_at) filter (where counted) as first_at,
        count(*) filter (where ever_counted) as n_ever,
        min(placed_at) filter (where ever_counted) as first_ever,
        max(placed_at) filter (where ever_counted) as last_ever,
        (array_agg(placed_at) filter (where ever_counted))[(count(*) filter (where ever_counted))::int - 4] as fifth_at,
        max(placed_at) filter (where counted) as last_at,
        min(placed_at) as first_placed,
        max(placed_at) as last_placed,
        (array_agg(email) filter (where email <> ''))[1] as email,
        bool_or(customer_id is null) as as_guest,
        array_agg(left(number, 200)) filter (where nth <= 20) as numbers,
        (array_agg(attribution) filter (where attribution is not null))[count(attribution)::int] as first_attribution,
        (array_agg(attribution) filter (where attribution is not null))[1] as last_attribution,
        min(placed_at) filter (where attribution is not null) as first_attributed,
        max(placed_at) filter (where attribution is not null) as last_attributed,
        sum((attribution->>'pages')::bigint) as pages,
        max((attribution->>'visits')::bigint) as visits,
        array_agg(distinct store_id) as store_ids
    from (select * from o order by contact_id, nth) o group by contact_id
),
-- The lines of counted orders with what the catalogue knows of their products.
-- ``offset 0`` keeps the look-up by key apart: joined plainly, the two key columns are taken for independent,
-- one line is expected in all, and the catalogue is read once per line.
line as (
    select o.contact_id, o.counted_nth, l.position, l.name, l.quantity, l.total, l.discount, l.price as own_price,
        l.price * o.rate as price, o.currency,
        web_url(coalesce(l.url, p.url)) as url, web_url(coalesce(l.image_url, p.image_url)) as image_url,
        coalesce(coalesce(p.slug, 'p') || '-' || l.product_id, l.sku) as token,
        coalesce(nullif(l.sku, ''), nullif(p.sku, ''), l.product_id) as sku,
        p.type, nullif(array_to_string(p.categories, E'\x1f'), '') as categories
    from o
    cross join lateral (
        select * from order_line where order_line.contact_id = o.contact_id and order_line.order_id = o.order_id
        offset 0
    ) l
    left join product p on p.store_id = l.store_id and p.external_id = l.product_id
    where o.counted
),
line_sum as (
    select contact_id,
        trim_scale(sum(quantity)) as units,
        trim_scale(sum(quantity) filter (where counted_nth = 1)) as last_units,
        array_agg(distinct token collate "C") filter (where token is not null) as tokens,
        array_agg(distinct token collate "C") filter (where token is not null and counted_nth = 1) as last_tokens,
        (array_agg(token) filter (where counted_nth = 1))[(count(*) filter (where counted_nth = 1))::int]
            as last_token,
        array_agg(distinct sku collate "C") filter (where sku is not null) as skus,
        array_agg(distinct sku collate "C") filter (where sku is not null and counted_nth = 1) as last_skus,
        array_agg(distinct type collate "C") filter (where type is not null) as types,
        array_agg(distinct type collate "C") filter (where type is not null and counted_nth = 1) as last_types,
        string_agg(categories, E'\x1f') as categories,
        string_agg(categories, E'\x1f') filter (where counted_nth = 1) as last_categories,
        array_agg(name) filter (where counted_nth <= 3) as names,
        array_agg(price) filter (where counted_nth <= 3) as prices,
        array_agg(url) filter (where counted_nth <= 3) as urls,
        array_agg(image_url) filter (where counted_nth <= 3) as image_urls,
        '<table>' || string_agg(
            '<tr><td>' || coalesce('<img src="' || html_text(image_url) || '" alt="" width="80">', '') || '</td><td>'
            || coalesce('<a href="' || html_text(url) || '">' || html_text(name) || '</a>', html_text(name))
            || '</td><td>' || trim_scale(quantity) || '</td><td>'
            || money_text(own_price, currency) || '</td><td>' || money_text(discount, currency) || '</td><td>'
            || money_text(total, currency) || '</td></tr>',
            '') filter (where counted_nth = 1) || '</table>' as last_html
    from (select * from line order by contact_id, counted_nth, position) line group by contact_id
),
c as materialized (
    select cart.contact_id, cart_id, store_id, created_at, version, email, phone, first_name, last_name, attribution,
        state, due_at, checkout_at,
        row_number() over (
            partition by cart.contact_id, state = 'abandoned'
            order by coalesce(case when state = 'abandoned' then abandoned_at end, version) desc,
                store_id desc, length(external_id) desc, external_id collate "C" desc) as nth,
        row_number() over (
            partition by cart.contact_id
            order by version desc, store_id desc, length(external_id) desc, external_id collate "C" desc) as newest
    from touched
    cross join lateral (select * from cart where cart.contact_id = touched.contact_id
            and (%(store)s::bigint is null or cart.store_id = %(store)s) offset 0) cart
),
cart_sum as (
    select contact_id,
        min(created_at) as first_at,
        max(created_at) as last_created,
        min(checkout_at) as first_checkout,
        max(checkout_at) as last_checkout,
        max(version) as last_at,
        min(due_at) as due_at,
        max(cart_id) filter (where state = 'abandoned' and nth = 1) as abandoned_id,
        max(store_id) filter (where newest = 1) as store_id,
        (array_agg(email order by newest) filter (where email <> ''))[1] as email,
        (array_agg(phone order by newest) filter (where phone <> ''))[1] as phone,
        (array_agg(first_name order by newest) filter (where coalesce(first_name, last_name) <> ''))[1] as first_name,
        (array_agg(last_name order by newest) filter (where coalesce(first_name, last_name) <> ''))[1] as last_name,
        (array_agg(attribution order by created_at, newest desc) filter (where attribution is not null))[1]
            as first_attribution,
        (array_agg(attribution order by created_at desc, newest) filter (where attribution is not null))[1]
            as last_attribution,
        min(created_at) filter (where attribution is not null) as first_attributed,
        max(created_at) filter (where attribution is not null) as last_attributed,
        max((attribution->>'pages')::bigint) as pages,
        max((attribution->>'visits')::bigint) as visits,
        array_agg(distinct store_id) as store_ids
    from c group by contact_id
),
left_cart as (
    select cart.contact_id, cart.abandoned_at, cart.url, cart.tax, cart.subtotal, cart.total, cart.currency,
        coalesce(trim_scale(sum(l.quantity)), 0) as units,
        array_agg(distinct coalesce(nullif(l.sku, ''), nullif(p.sku, ''), l.product_id) collate "C")
            filter (where coalesce(nullif(l.sku, ''), nullif(p.sku, ''), l.product_id) is not null) as skus,
        array_agg(distinct coalesce(coalesce(p.slug, 'p') || '-' || l.product_id, l.sku) collate "C")
            filter (where coalesce(l.product_id, l.sku) is not null) as tokens,
        string_agg(distinct nullif(array_to_string(p.categories, E'\x1f'), ''), E'\x1f') as categories,
        '<table>' || string_agg(
            '<tr><td>' || coalesce('<img src="' || html_text(web_url(coalesce(l.image_url, p.image_url)))
                || '" alt="" width="80">', '') || '</td><td>'
            || coalesce('<a href="' || html_text(web_url(coalesce(l.url, p.url))) || '">' || html_text(l.name)
                || '</a>', html_text(l.name))
            || '</td><td>' || trim_scale(l.quantity) || '</td><td>'
            || money_text(l.price, cart.currency) || '</td><td>' || money_text(l.total, cart.currency) || '</td></tr>',
            '' order by l.position) || '</table>' as html
    from cart_sum s
    cross join lateral (
        select * from cart where cart.contact_id = s.contact_id and cart.cart_id = s.abandoned_id offset 0
    ) cart
    left join lateral (
        select * from cart_line where cart_line.contact_id = cart.contact_id and cart_line.cart_id = cart.cart_id offset 0
    ) l on true
    left join lateral (
        select * from product where product.store_id = cart.store_id and product.external_id = l.product_id offset 0
    ) p on true
    group by cart.contact_id, cart.cart_id, cart.abandoned_at, cart.url, cart.tax, cart.subtotal, cart.total, cart.currency
),
-- All accounts; the newest registered one speaks for the person.
account_row as (
    select customer.*,
        row_number() over (
            partition by customer.contact_id
            order by registered desc, version desc, received_at desc, store_id desc, length(external_id) desc,
                external_id collate "C" desc) as nth
    from touched
    cross join lateral (select * from customer where customer.contact_id = touched.contact_id
            and (%(store)s::bigint is null or customer.store_id = %(store)s) offset 0) customer
    where customer.deleted_at is null
),
account_sum as (
    select contact_id,
        min(created_at) filter (where registered) as first_at,
        max(created_at) filter (where registered) as last_at,
        bool_or(registered) as registered,
        max(external_id) filter (where nth = 1 and registered) as external_id,
        max(store_id) filter (where nth = 1) as store_id,
        (array_agg(email) filter (where email <> '' and registered))[1] as email,
        (array_agg(first_name) filter (where coalesce(first_name, last_name) <> ''))[1] as first_name,
        (array_agg(last_name) filter (where coalesce(first_name, last_name) <> ''))[1] as last_name,
        (array_agg(company) filter (where company <> ''))[1] as company,
        (array_agg(phone) filter (where phone <> ''))[1] as phone,
        (array_agg(language) filter (where language <> ''))[1] as language,
        (array_agg(nullif(billing, 'null'))
            filter (where coalesce(billing->>'line1', billing->>'city', billing->>'postal_code') <> ''))[1] as billing,
        (array_agg(nullif(shipping, 'null'))
            filter (where coalesce(shipping->>'line1', shipping->>'city', shipping->>'postal_code') <> ''))[1]
            as shipping,
        string_agg(nullif(array_to_string(groups, E'\x1f'), ''), E'\x1f') filter (where registered) as groups,
        array_agg(distinct store_id) as store_ids
    from (select * from account_row order by contact_id, nth) account_row group by contact_id
),
-- Consent to marketing by e-mail: a withdrawal stays until a later grant that is no import or sync.
consent as (
    select contact_id,
        min(at) as first_at,
        min(at) filter (where status = 'granted') as first_granted,
        max(at) filter (where status = 'granted') as last_granted,
        bool_or(status = 'granted' and (withdrawn_at is null
            or (at > withdrawn_at and source not in ('import', 'sync')))) as granted,
        max(withdrawn_at) as withdrawn_at,
        bool_or(status = 'granted' and source = 'double opt-in' and (withdrawn_at is null or at > withdrawn_at))
            as confirmed,
        bool_or(status = 'pending' and (withdrawn_at is null or at > withdrawn_at)) as asked,
        array_agg(distinct case when source in ('checkout', 'registration') then source else 'other' end collate "C")
            filter (where status = 'granted' and (withdrawn_at is null
                or (at > withdrawn_at and source not in ('import', 'sync')))) as sources
    from (
        select e.contact_id, e.at, e.status, e.source,
            max(e.at) filter (where e.status = 'withdrawn') over (partition by e.contact_id) as withdrawn_at
        from touched
        cross join lateral (
            select * from consent_event where consent_event.contact_id = touched.contact_id
            and (%(store)s::bigint is null or consent_event.store_id = %(store)s) offset 0
        ) e
        where e.channel = 'email' and e.purpose = 'marketing'
    ) e
    group by contact_id
),
step as (
    select v.contact_id,
        count(*) as n,
        count(distinct name) as n_names,
        min(at) as first_at,
        max(at) as last_at,
        -- an order that is paid as it is placed gives two steps at one time: the further one is the recent one
        (array_agg(name order by at, array_position(array['Account created', 'Newsletter subscribed',
            'Cart started', 'Checkout started', 'Abandoned Cart', 'Cart recovered', 'Order placed',
            'Order complete', 'Last Order Summary'], name)))[1] as first_name,
        (array_agg(name order by at desc, array_position(array['Account created', 'Newsletter subscribed',
            'Cart started', 'Checkout started', 'Abandoned Cart', 'Cart recovered', 'Order placed',
            'Order complete', 'Last Order Summary'], name) desc))[1] as last_name
    from touched
    cross join lateral (select * from conversion where conversion.contact_id = touched.contact_id
            and (%(store)s::bigint is null or conversion.store_id = %(store)s) offset 0) v
    group by v.contact_id
),
known as (
    select contact_id,
        array_agg(value order by position) filter (where kind = 'email') as emails,
        (array_agg(original order by position) filter (where kind = 'email'))[1] as email,
        (array_agg(original order by position) filter (where kind = 'chosen'))[1] as chosen,
        (array_agg(original order by position) filter (where kind = 'phone'))[1] as phone
    from unnest(%(known_contacts)s::bigint[], %(known_kinds)s::text[], %(known_values)s::text[],
                %(known_originals)s::text[]) with ordinality as known (contact_id, kind, value, original, position)
    group by contact_id
),
-- The newest subscription with the order it began with, and the newest order that a subscription led to. A subscription
-- is kept among the orders, with its terms (docs/decisions/0024).
subscribed as (
    select s.contact_id, s.number, s.status_raw, s.placed_at, s.subscription as terms,
        coalesce(began.number, s.subscription->>'parent_id') as parent, began.paid_at, began.completed_at,
        renewal.placed_at as renewed_at, renewal.paid_at as renewal_paid_at, renewal.completed_at as renewal_completed_at,
        (select array_agg(distinct l.name collate "C") from order_line l
         where l.contact_id = s.contact_id and l.order_id = s.order_id and l.name <> '') as products
    from touched
    cross join lateral (
        select * from orders where orders.contact_id = touched.contact_id and subscription is not null
            and deleted_at is null and (%(store)s::bigint is null or orders.store_id = %(store)s)
        order by placed_at desc, store_id desc, length(external_id) desc, external_id collate "C" desc limit 1
    ) s
    left join lateral (
        select * from orders where orders.contact_id = s.contact_id and orders.store_id = s.store_id
            and orders.external_id = s.subscription->>'parent_id' and deleted_at is null and status <> 'ignored' limit 1
    ) began on true
    left join lateral (
        select * from orders where orders.contact_id = s.contact_id and renewal_of is not null
            and deleted_at is null and status <> 'ignored' and (%(store)s::bigint is null or orders.store_id = %(store)s)
        order by placed_at desc, store_id desc, length(external_id) desc, external_id collate "C" desc limit 1
    ) renewal on true
),
-- One row per contact: the sums side by side, and the two orders whose details are told.
base as (
    select touched.contact_id, touched.first_seen, home.decimals,
        os.n, os.n_value, os.value, os.pending, os.first_value, os.last_value, os.last_currency, os.first_at, os.last_at,
        os.n_ever, os.first_ever, os.last_ever, os.fifth_at, os.orders, os.first_placed, os.last_placed, os.as_guest, os.numbers, newest.number, newest.status_raw,
        newest.fulfilment_status, newest.tracking_number, newest.tracking_url, newest.tracking_carrier,
        newest.shipped_at,
        ls.units, ls.last_units, ls.tokens, ls.last_tokens, ls.last_token, ls.skus, ls.last_skus, ls.types, ls.last_types,
        ls.categories, ls.last_categories, ls.names, ls.prices, ls.urls, ls.image_urls, ls.last_html,
        cs.first_at as cart_first, cs.last_at as cart_last,
        cs.last_created as cart_last_created, cs.first_checkout, cs.last_checkout, acc.last_at as account_last, cs.due_at, acc.first_at as account_at,
        acc.external_id as account_id, acc.registered, acc.groups, acc.language,
        k.emails, con.first_at as consent_at, con.first_granted, con.last_granted, con.granted, con.withdrawn_at, con.sources, con.confirmed, con.asked,
        step.n as steps, step.n_names as step_names, step.first_at as step_first, step.last_at as step_last,
        step.first_name as step_first_name, step.last_name as step_last_name,
        btrim(coalesce(k.chosen, acc.email, os.email, cs.email, k.email)) as mail,
        coalesce(acc.phone, nullif(newest.phone, ''), nullif(newest.billing->>'phone', ''), cs.phone, k.phone) as tel,
        case when coalesce(acc.first_name, acc.last_name) <> '' then acc.first_name
             when coalesce(newest.first_name, newest.last_name) <> '' then newest.first_name
             when coalesce(newest.billing->>'first_name', newest.billing->>'last_name') <> ''
                 then newest.billing->>'first_name'
             else cs.first_name end as given,
        case when coalesce(acc.first_name, acc.last_name) <> '' then acc.last_name
             when coalesce(newest.first_name, newest.last_name) <> '' then newest.last_name
             when coalesce(newest.billing->>'first_name', newest.billing->>'last_name') <> ''
                 then newest.billing->>'last_name'
             else cs.last_name end as family,
        coalesce(acc.company, nullif(coalesce(acc.billing, newest.billing)->>'company', '')) as firm,
        coalesce(acc.billing, newest.billing) as billing,
        coalesce(acc.shipping, newest.shipping_address) as shipping,
        coalesce(acc.store_id, newest.store_id, cs.store_id) as source_store,
        case when os.first_attributed <= cs.first_attributed or cs.first_attributed is null
             then os.first_attribution else cs.first_attribution end as came,
        case when os.last_attributed >= cs.last_attributed or cs.last_attributed is null
             then os.last_attribution else cs.last_attribution end as came_last,
        least(os.first_attributed, cs.first_attributed) as came_at,
        greatest(os.last_attributed, cs.last_attributed) as came_last_at,
        coalesce(os.pages, cs.pages) as page_views,
        greatest(os.visits, cs.visits) as sessions,
        array(select distinct s from unnest(coalesce(os.store_ids, '{}') || coalesce(cs.store_ids, '{}')
            || coalesce(acc.store_ids, '{}')) s order by s) as stores,
        lc.abandoned_at, lc.url as cart_url, lc.tax as cart_tax, lc.subtotal as cart_subtotal, lc.total as cart_total,
        lc.currency as cart_currency, lc.units as cart_units, lc.skus as cart_skus, lc.tokens as cart_tokens,
        lc.categories as cart_categories, lc.html as cart_html, lc.contact_id is not null as abandoned,
        sub.number as sub_number, sub.status_raw as sub_status, sub.placed_at as sub_at, sub.terms as sub_terms,
        sub.parent as sub_parent, sub.paid_at as sub_paid, sub.completed_at as sub_completed, sub.renewed_at,
        sub.renewal_paid_at, sub.renewal_completed_at, sub.products as sub_products
    from touched
    left join home on true
    left join order_sum os on os.contact_id = touched.contact_id
    left join orders newest on newest.contact_id = touched.contact_id and newest.order_id = os.newest_id
    left join line_sum ls on ls.contact_id = touched.contact_id
    left join cart_sum cs on cs.contact_id = touched.contact_id
    left join left_cart lc on lc.contact_id = touched.contact_id
    left join account_sum acc on acc.contact_id = touched.contact_id
    left join consent con on con.contact_id = touched.contact_id
    left join step on step.contact_id = touched.contact_id
    left join known k on k.contact_id = touched.contact_id
    left join subscribed sub on sub.contact_id = touched.contact_id
),
-- What people said themselves goes before the shop's word; without ``own`` only the shop's is asked for.
told as (
    select base.*, mine.*,
        case mine.lifecyclestage when 'subscriber' then 1 when 'lead' then 2 when 'marketingqualifiedlead' then 3
            when 'salesqualifiedlead' then 4 when 'opportunity' then 5 when 'customer' then 6 when 'evangelist' then 7
            else 0 end as my_stage,
        -- The furthest stage facts lead to; once people set one, only facts after that moment.
        case when base.n_ever >= 5 and base.last_ever > mine.since then 7
             when base.n_ever > 0 and base.last_ever > mine.since then 6
             when base.last_placed > mine.since then 5
             when base.last_checkout > mine.since then 3
             when greatest(base.account_last, base.cart_last_created) > mine.since then 2
             when base.registered and mine.since = '-infinity' then 2
             when base.last_granted > mine.since then 1
             else 0 end as stage
    from base
    cross join lateral (
        select max(firstname) as my_firstname, max(lastname) as my_lastname, max(phone) as my_phone,
            max(address) as my_address, max(city) as my_city, max(state) as my_state, max(zip) as my_zip,
            max(country) as my_country, max(company) as my_company, max(hs_language) as my_language,
            max(lifecyclestage) as lifecyclestage, coalesce(max(lifecyclestage_set_at), '-infinity') as since,
            max(hs_lifecyclestage_subscriber_date) as my_subscriber_date,
            max(hs_lifecyclestage_lead_date) as my_lead_date,
            max(hs_lifecyclestage_marketingqualifiedlead_date) as my_marketing_date,
            max(hs_lifecyclestage_salesqualifiedlead_date) as my_sales_date,
            max(hs_lifecyclestage_opportunity_date) as my_opportunity_date,
            max(hs_lifecyclestage_customer_date) as my_customer_date,
            max(hs_lifecyclestage_evangelist_date) as my_evangelist_date,
            max(hs_lifecyclestage_other_date) as my_other_date,
            max(last_subscription_order_number) as my_sub_order_number, max(last_subscription_parent_order_number) as my_sub_parent_order_number,
            max(last_subscription_order_status) as my_sub_order_status, max(last_subscription_order_creation_date) as my_sub_order_creation_date,
            max(last_subscription_order_paid_date) as my_sub_order_paid_date, max(last_subscription_order_completed_date) as my_sub_order_completed_date,
            max(related_last_order_creation_date) as my_renewal_creation_date, max(related_last_order_paid_date) as my_renewal_paid_date,
            max(related_last_order_completed_date) as my_renewal_completed_date, max(last_subscription_trial_end_date) as my_sub_trial_end_date,
            max(last_subscription_next_payment_date) as my_sub_next_payment_date, max(last_subscription_billing_period) as my_sub_billing_period,
            max(last_subscription_billing_interval) as my_sub_billing_interval, max(last_subscription_products) as my_sub_products
        from contact_custom where contact_custom.contact_id = base.contact_id and %(own)s::boolean
    ) mine
)
select contact_id,
    status_raw as last_order_status,
    fulfilment_status as last_order_fulfillment_status,
    tracking_number as last_order_tracking_number,
    web_url(tracking_url) as last_order_tracking_url,
    tracking_carrier as last_order_shipment_carrier,
    shipped_at as last_order_shipment_date,
    number as last_order_order_number,
    last_currency as last_order_currency,
    coalesce(pending, 0) as total_number_of_current_orders,
    last_token as last_product_bought,
    last_tokens as last_products_bought,
    last_types as last_product_types_bought,
    last_html as last_products_bought_html,
    last_units as last_total_number_of_products_bought,
    tokens as products_bought,
    types as product_types_bought,
    coalesce(units, 0) as total_number_of_products_bought,
    image_urls[1] as last_products_bought_product_1_image_url,
    names[1] as last_products_bought_product_1_name,
    round(prices[1], decimals) as last_products_bought_product_1_price,
    urls[1] as last_products_bought_product_1_url,
    image_urls[2] as last_products_bought_product_2_image_url,
    names[2] as last_products_bought_product_2_name,
    round(prices[2], decimals) as last_products_bought_product_2_price,
    urls[2] as last_products_bought_product_2_url,
    image_urls[3] as last_products_bought_product_3_image_url,
    names[3] as last_products_bought_product_3_name,
    round(prices[3], decimals) as last_products_bought_product_3_price,
    urls[3] as last_products_bought_product_3_url,
    case when last_categories is not null then array(select distinct s collate "C" as s from unnest(string_to_array(last_categories, E'\x1f')) s
        order by s) end as last_categories_bought,
    case when categories is not null then array(select distinct s collate "C" as s from unnest(string_to_array(categories, E'\x1f')) s
        order by s) end as categories_bought,
    last_skus as last_skus_bought,
    skus as skus_bought,
    nullif(shipping->>'line1', '') as shipping_address_line_1,
    nullif(shipping->>'line2', '') as shipping_address_line_2,
    nullif(shipping->>'city', '') as shipping_city,
    nullif(shipping->>'state', '') as shipping_state,
    nullif(shipping->>'postal_code', '') as shipping_postal_code,
    nullif(shipping->>'country', '') as shipping_country,
    nullif(billing->>'line1', '') as billing_address_line_1,
    nullif(billing->>'line2', '') as billing_address_line_2,
    nullif(billing->>'city', '') as billing_city,
    nullif(billing->>'state', '') as billing_state,
    nullif(billing->>'postal_code', '') as billing_postal_code,
    nullif(billing->>'country', '') as billing_country,
    coalesce(case when groups is not null then array(select distinct s collate "C" as s from unnest(string_to_array(groups, E'\x1f')) s
        order by s) end,
        case when registered is not true and as_guest then array['guest'] end) as customer_group,
    case when granted then 'yes' when withdrawn_at is not null then 'no' end as newsletter_subscription,
    sources as marketing_newsletter,
    account_id as shopping_cart_customer_id,
    (select name from store_rule where store_id = source_store) as customer_source_store,
    round(value, decimals) as total_value_of_orders,
    round(value / nullif(n_value, 0), decimals) as average_order_value,
    coalesce(n, 0) as total_number_of_orders,
    round(first_value, decimals) as first_order_value,
    first_at as first_order_date,
    round(last_value, decimals) as last_order_value,
    last_at as last_order_date,
    case when n > 1 then round(extract(epoch from last_at - first_at) / (n - 1) / 86400, 2) end
        as average_days_between_orders,
    account_at as account_creation_date,
    case when value is null then null when round(value, decimals) > 1000 then '5' when round(value, decimals) >= 750 then '4'
         when round(value, decimals) >= 500 then '3' when round(value, decimals) >= 250 then '2' else '1' end
        as monetary_rating,
    case when coalesce(n, 0) = 0 then null when n > 20 then '5' when n >= 10 then '4' when n >= 5 then '3' when n >= 2 then '2'
         else '1' end as order_frequency_rating,
    -- In hours: a day of an interval would follow the session's time zone.
    case when last_at is null then null
         when %(at)s < last_at + interval '744 hours' then '5' when %(at)s < last_at + interval '2184 hours' then '4'
         when %(at)s < last_at + interval '4344 hours' then '3' when %(at)s < last_at + interval '8664 hours' then '2'
         else '1' end as order_recency_rating,
    case when abandoned then 'yes' else 'no' end as current_abandoned_cart,
    abandoned_at as abandoned_cart_date,
    coalesce(cart_units, 0) as abandoned_cart_counter,
    web_url(cart_url) as abandoned_cart_url,
    cart_skus as abandoned_cart_products_skus,
    case when cart_categories is not null then array(select distinct s collate "C" as s from unnest(string_to_array(cart_categories, E'\x1f')) s
        order by s) end as abandoned_cart_products_categories,
    cart_tokens as abandoned_cart_products,
    cart_html as abandoned_cart_products_html,
    cart_tax as abandoned_cart_tax_value,
    cart_subtotal as abandoned_cart_subtotal,
    cart_total as abandoned_cart_total_value,
    cart_currency as abandoned_cart_currency,
    coalesce(my_sub_order_number, sub_number) as last_subscription_order_number,
    coalesce(my_sub_parent_order_number, sub_parent) as last_subscription_parent_order_number,
    coalesce(my_sub_order_status, sub_status) as last_subscription_order_status,
    coalesce(my_sub_order_creation_date, sub_at) as last_subscription_order_creation_date,
    coalesce(my_sub_order_paid_date, sub_paid) as last_subscription_order_paid_date,
    coalesce(my_sub_order_completed_date, sub_completed) as last_subscription_order_completed_date,
    coalesce(my_renewal_creation_date, renewed_at) as related_last_order_creation_date,
    coalesce(my_renewal_paid_date, renewal_paid_at) as related_last_order_paid_date,
    coalesce(my_renewal_completed_date, renewal_completed_at) as related_last_order_completed_date,
    coalesce(my_sub_trial_end_date, (sub_terms->>'trial_ends_at')::timestamptz) as last_subscription_trial_end_date,
    coalesce(my_sub_next_payment_date, (sub_terms->>'next_payment_at')::timestamptz) as last_subscription_next_payment_date,
    coalesce(my_sub_billing_period, sub_terms->>'period') as last_subscription_billing_period,
    coalesce(my_sub_billing_interval, sub_terms->>'interval') as last_subscription_billing_interval,
    coalesce(my_sub_products, sub_products) as last_subscription_products,
    coalesce(my_firstname, nullif(btrim(given), '')) as firstname,
    coalesce(my_lastname, nullif(btrim(family), '')) as lastname,
    mail as email,
    nullif(array_remove(emails, lower(normalize(mail, NFC))), '{}') as hs_additional_emails,
    nullif(split_part(lower(mail), '@', 2), '') as hs_email_domain,
    coalesce(my_phone, tel) as phone,
    coalesce(my_address, nullif(concat_ws(', ', nullif(billing->>'line1', ''), nullif(billing->>'line2', '')), '')) as address,
    coalesce(my_city, nullif(billing->>'city', '')) as city,
    coalesce(my_state, nullif(billing->>'state', '')) as state,
    coalesce(my_zip, nullif(billing->>'postal_code', '')) as zip,
    coalesce(my_country, nullif(billing->>'country', '')) as country,
    coalesce(my_company, firm) as company,
    coalesce(my_language, language) as hs_language,
    coalesce(case greatest(stage, my_stage) when 7 then 'evangelist' when 6 then 'customer' when 5 then 'opportunity'
        when 4 then 'salesqualifiedlead' when 3 then 'marketingqualifiedlead' when 2 then 'lead' when 1 then 'subscriber'
        end, 'other') as lifecyclestage,
    least(first_granted, my_subscriber_date) as hs_lifecyclestage_subscriber_date,
    least(account_at, cart_first, my_lead_date) as hs_lifecyclestage_lead_date,
    least(first_checkout, my_marketing_date) as hs_lifecyclestage_marketingqualifiedlead_date,
    my_sales_date as hs_lifecyclestage_salesqualifiedlead_date,
    least(first_placed, my_opportunity_date) as hs_lifecyclestage_opportunity_date,
    least(first_ever, my_customer_date) as hs_lifecyclestage_customer_date,
    least(fifth_at, my_evangelist_date) as hs_lifecyclestage_evangelist_date,
    coalesce(my_other_date, case when greatest(stage, my_stage) = 0
        then coalesce(least(first_placed, consent_at), first_seen) end) as hs_lifecyclestage_other_date,
    coalesce(least(account_at, first_placed, cart_first, consent_at), first_seen) as createdate,
    contact_id as hs_object_id,
    case when granted then 'true' else 'false' end as hs_marketable_status,
    step_first_name as first_conversion_event_name,
    step_first as first_conversion_date,
    step_last_name as recent_conversion_event_name,
    step_last as recent_conversion_date,
    coalesce(steps, 0) as num_conversion_events,
    coalesce(step_names, 0) as num_unique_conversion_events,
    withdrawn_at is not null and granted is not true as hs_email_optout,
    case when confirmed then 'CONFIRMED' when asked and granted is not true then 'PENDING' end
        as hs_emailconfirmationstatus,
    traffic_source(came) as hs_analytics_source,
    came->>'source' as hs_analytics_source_data_1,
    coalesce(came->>'campaign', came->>'medium') as hs_analytics_source_data_2,
    traffic_source(came_last) as hs_latest_source,
    came_last->>'source' as hs_latest_source_data_1,
    coalesce(came_last->>'campaign', came_last->>'medium') as hs_latest_source_data_2,
    came_last_at as hs_latest_source_timestamp,
    least(first_placed, cart_first) as hs_analytics_first_timestamp,
    greatest(last_placed, cart_last) as hs_analytics_last_timestamp,
    came_at as hs_analytics_first_visit_timestamp,
    came_last_at as hs_analytics_last_visit_timestamp,
    web_url(came->>'entry_url') as hs_analytics_first_url,
    web_url(came_last->>'entry_url') as hs_analytics_last_url,
    web_url(came->>'referrer') as hs_analytics_first_referrer,
    web_url(came_last->>'referrer') as hs_analytics_last_referrer,
    page_views as hs_analytics_num_page_views,
    sessions as hs_analytics_num_visits,
    round(page_views::numeric / nullif(sessions, 0), 2) as hs_analytics_average_page_views,
    round(value, decimals) as hs_analytics_revenue,
    came->>'campaign' as hs_analytics_first_touch_converting_campaign,
    came_last->>'campaign' as hs_analytics_last_touch_converting_campaign,
    coalesce(orders, 0) as num_associated_deals,
    first_placed as first_deal_created_date,
    first_at as closedate,
    floor(extract(epoch from first_at - least(account_at, first_placed, cart_first, consent_at)) / 86400)::bigint
        as days_to_close,
    last_at as recent_deal_close_date,
    round(last_value, decimals) as recent_deal_amount,
    round(value, decimals) as total_revenue,
    stores as _stores,
    numbers as _numbers,
    emails as _emails,
    least(due_at,
        case when %(at)s < last_at + interval '744 hours' then last_at + interval '744 hours'
             when %(at)s < last_at + interval '2184 hours' then last_at + interval '2184 hours'
             when %(at)s < last_at + interval '4344 hours' then last_at + interval '4344 hours'
             when %(at)s < last_at + interval '8664 hours' then last_at + interval '8664 hours' end) as _due
from told

-- :name write
-- Writes what differs from what is stored: the values, one line of history per contact that changed, its row of
-- the list, and when the clock alone will change something. ``fresh`` holds the statement above beside the
-- stored row; ``changes`` is the difference as JSON text. compute.py puts the catalogue's columns in.
with fresh as materialized (
    select v.*, old.contact_id is null as is_new, __CHANGES__ as changes
    from (__VALUES__) v
        left join lateral (select * from contact_property p where p.contact_id = v.contact_id offset 0) old on true
),
written as (
    insert into contact_property (contact_id, computed_at, __COLUMNS__)
    select contact_id, %(at)s, __COLUMNS__ from fresh where is_new or changes <> ''
    on conflict (contact_id) do update set computed_at = excluded.computed_at, __SET__
    returning contact_id
),
noted as (
    insert into property_history (contact_id, at, source, source_id, by, changes)
    select contact_id, %(at)s, %(source)s, %(source_id)s, %(by)s, ('{' || changes || '}')::jsonb
    from fresh where changes <> ''
),
row as materialized (
    select contact_id, createdate, nullif(concat_ws(' ', firstname, lastname), '') as name, lower(email) as email, phone,
        recent_conversion_event_name, recent_conversion_date, last_order_date, total_value_of_orders,
        total_number_of_orders::integer as total_number_of_orders, _stores as store_ids,
        -- Words as people type them: cut at spaces and at the marks within addresses and names. The vector is a set.
        array_to_tsvector(array_remove(array_remove(
            string_to_array(translate(lower(concat_ws(' ', left(firstname, 200), left(lastname, 200),
                left(company, 200), email, array_to_string(_emails, ' '), array_to_string(_numbers, ' '),
                array_to_string(skus_bought[1:200], ' '))),
                '@._-+,;/#()', '           '), ' ')
            || string_to_array(lower(concat_ws(' ', left(firstname, 200), left(lastname, 200), left(company, 200))), ' ')
            || lower(left(email, 400)) || phone_words(phone) || _emails || lower(_numbers::text)::text[],
            ''), null)) as search
    from fresh
),
listed as (
    insert into contact_list (contact_id, createdate, name, email, phone, recent_conversion_event_name,
        recent_conversion_date, last_order_date, total_value_of_orders, total_number_of_orders, store_ids, search)
    select row.* from row
        left join lateral (select * from contact_list where contact_list.contact_id = row.contact_id offset 0) l on true
    where (row.*) is distinct from (l.*)
    on conflict (contact_id) do update set createdate = excluded.createdate, name = excluded.name,
        email = excluded.email, phone = excluded.phone,
        recent_conversion_event_name = excluded.recent_conversion_event_name,
        recent_conversion_date = excluded.recent_conversion_date, last_order_date = excluded.last_order_date,
        total_value_of_orders = excluded.total_value_of_orders,
        total_number_of_orders = excluded.total_number_of_orders, store_ids = excluded.store_ids,
        search = excluded.search
),
-- Orders kept ready by other properties (sorting.py) follow what changed; mostly there are none.
sorted as (
    insert into contact_sort (contact_id, sort_id, word, number)
    select contact_id, sort_id, sort_word(kind, value), sort_number(kind, value)
    from (
        select f.contact_id, s.sort_id, s.kind, ('{' || f.changes || '}')::jsonb ->> s.name as value
        from sorted_property s cross join fresh f
        where f.is_new or case when strpos(f.changes, '"' || s.name || '":') > 0
            then jsonb_exists(('{' || f.changes || '}')::jsonb, s.name) end
    ) changed
    on conflict (contact_id, sort_id) do update set word = excluded.word, number = excluded.number
),
timed as (
    insert into contact_due (contact_id, due_at) select contact_id, _due from fresh where _due is not null
    on conflict (contact_id) do update set due_at = excluded.due_at where contact_due.due_at <> excluded.due_at
),
untimed as (
    delete from contact_due using fresh where contact_due.contact_id = fresh.contact_id and fresh._due is null
)
select count(*) from written

-- :name stored
-- Both rows of a contact: what people set, and what counts of the computed ones (their names go first where both
-- tables have one: a reader by name keeps the last column).
select c.*, p.* from (select %(contact)s::bigint as contact_id) asked
left join contact_custom c using (contact_id) left join contact_property p using (contact_id)

-- :name history
-- Changes of a contact, newest first; with a name only those of that property.
select change_id, at, source, source_id, changes, by from property_history
where contact_id = %(contact)s and (%(name)s::text is null or jsonb_exists(changes, %(name)s::text))
order by at desc, change_id desc limit %(limit)s

-- :name move_history
-- The history of contacts that are gone continues under those that were kept, under its own numbers (insert, then
-- delete: the rows may live on another server).
insert into property_history (contact_id, change_id, at, source, source_id, by, changes)
overriding system value
select m.kept, h.change_id, h.at, h.source, h.source_id, h.by, h.changes
from unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept)
join property_history h on h.contact_id = m.gone

-- :name note_kept
-- What people said of the kept contacts, where the history that came from the gone told otherwise last: the newest line
-- of a property is what counts. Moments are told apart by no text.
with told as (
    select distinct on (h.contact_id, change.key) h.contact_id, change.key as name, change.value
    from property_history h cross join lateral jsonb_each(h.changes) change
    where h.contact_id = any(%(kept)s::bigint[])
    order by h.contact_id, change.key, h.change_id desc
),
has as (
    select kept.contact_id, jsonb_strip_nulls(coalesce(
        (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(p)) where key = any(%(own)s::text[])), '{}')
        || jsonb_strip_nulls(coalesce(to_jsonb(c), '{}'))) as row
    from (select distinct unnest(%(kept)s::bigint[]) as contact_id) kept
    left join contact_property p on p.contact_id = kept.contact_id
    left join contact_custom c on c.contact_id = kept.contact_id
)
insert into property_history (contact_id, at, source, changes)
select has.contact_id, %(at)s, 'merge', jsonb_object_agg(told.name, has.row -> told.name)
from has join told on told.contact_id = has.contact_id
where has.row -> told.name <> told.value and not (told.value #>> '{}') ~ '^\d{4}-\d\d-\d\dT'
group by has.contact_id

-- :name remember_merge
-- The kept contacts keep the numbers of those that are gone.
insert into contact_custom (contact_id, hs_merged_object_ids)
select kept, array_agg(gone::text order by gone)
from unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as m (gone, kept) group by kept
on conflict (contact_id) do update
set hs_merged_object_ids = array(
    select distinct x from unnest(contact_custom.hs_merged_object_ids || excluded.hs_merged_object_ids) x order by x)

-- :name forget_history
delete from property_history where contact_id = any(%(gone)s)

-- :name forget_mentions
-- Changes of other contacts that tell an address of an erased person.
update property_history h set changes = (
    select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(h.changes)
    where not exists (select from unnest(%(emails)s::text[]) e where strpos(lower(value::text), e) > 0))
where exists (select from unnest(%(emails)s::text[]) e where strpos(lower(h.changes::text), e) > 0)
returning contact_id

-- :name forget_values
delete from contact_property where contact_id = any(%(gone)s)

-- :name forget_custom
delete from contact_custom where contact_id = any(%(gone)s)

-- :name forget_list
delete from contact_list where contact_id = any(%(gone)s)

-- :name forget_sort
delete from contact_sort where contact_id = any(%(gone)s)

-- :name forget_due
delete from contact_due where contact_id = any(%(gone)s)
