-- :name page
-- What happened with a contact, newest first, one kind of event after the other united. Each branch is cut to a
-- page by its own primary key and does nothing when its kind is not asked for, so five thousand events cost what
-- fifty do; ties are cut in the order the whole is sorted in. ``extra`` holds what only one kind needs.
select kind, at, title, amount, currency, store_id, ref, state, extra from (
    (select 'order' as kind, placed_at as at, number as title, total as amount, currency, store_id,
            order_id as ref, status as state, null::jsonb as extra
       from orders where 'order' = any(%(kinds)s) and contact_id = %(contact)s and placed_at <= %(before)s
        and deleted_at is null and status <> 'ignored'
      order by placed_at desc, order_id desc limit %(limit)s)
    union all
    -- Of the versions known of an order each that says something else than the one before it.
    (select 'status', v.at, o.number, null, null, o.store_id, o.order_id, v.status, to_jsonb(v.former)
       from (select order_id, at, status, lag(status) over (partition by order_id order by at) as former
               from (select order_id, at, status from order_event where contact_id = %(contact)s
                      union
                     select o.order_id, o.version, o.status
                       from (select distinct order_id from order_event where contact_id = %(contact)s) e
                       join orders o on o.contact_id = %(contact)s and o.order_id = e.order_id) versions) v
       join orders o on o.contact_id = %(contact)s and o.order_id = v.order_id
      where 'status' = any(%(kinds)s) and v.at <= %(before)s and v.former <> v.status and o.deleted_at is null
        and o.status <> 'ignored'
      order by v.at desc, v.order_id desc limit %(limit)s)
    union all
    (select 'refund', coalesce(r.created_at, o.placed_at), o.number, r.amount, o.currency, o.store_id, r.order_id,
            coalesce(r.reason, ''), null
       from refund r join orders o on o.contact_id = r.contact_id and o.order_id = r.order_id
      where 'refund' = any(%(kinds)s) and r.contact_id = %(contact)s
        and coalesce(r.created_at, o.placed_at) <= %(before)s and o.deleted_at is null
      order by 2 desc, r.order_id desc, r.external_id limit %(limit)s)
    union all
    -- The beginning of a subscription, and each word of the shop's that is another than before.
    (select 'subscription', v.at, v.number, case when v.former is null then v.total end, v.currency, v.store_id,
            v.order_id, v.status_raw, null
       from (select s.order_id, s.number, s.total, s.currency, s.store_id, e.status_raw, e.former,
                    case when e.former is null then s.placed_at else e.at end as at
               from orders s
              cross join lateral (
                    select at, status_raw, lag(status_raw) over (order by at) as former
                      from (select at, status_raw from order_event
                             where contact_id = s.contact_id and order_id = s.order_id
                             union select s.version, s.status_raw) versions) e
              where 'subscription' = any(%(kinds)s) and s.contact_id = %(contact)s and s.subscription is not null
                and s.deleted_at is null) v
      where v.former is distinct from v.status_raw and v.at <= %(before)s
      order by v.at desc, v.order_id desc limit %(limit)s)
    union all
    (select 'cart', created_at, '', total, currency, store_id, cart_id, state, null
       from cart where 'cart' = any(%(kinds)s) and contact_id = %(contact)s and created_at <= %(before)s
      order by created_at desc, cart_id desc limit %(limit)s)
    union all
    (select 'conversion', at, name, null, null, store_id, source_id, case when historic then 'historic' else '' end,
            null
       from conversion where 'conversion' = any(%(kinds)s) and contact_id = %(contact)s and at <= %(before)s
      order by at desc, source_id desc, name limit %(limit)s)
    union all
    (select 'consent', at, channel || ' ' || purpose, null, null, store_id, 0, status,
            jsonb_build_object('channel', channel, 'purpose', purpose, 'source', source)
       from consent_event where 'consent' = any(%(kinds)s) and contact_id = %(contact)s and at <= %(before)s
      order by at desc, 3 limit %(limit)s)
    union all
    -- What people, programs and files changed; what a shop told shows as its orders, carts and consents.
    (select 'edit', at, source || ' ' || source_id, null, null, null, change_id, by, changes
       from property_history where 'edit' = any(%(kinds)s) and contact_id = %(contact)s and at <= %(before)s
        and (by <> '' or source in ('user', 'api', 'restore'))
      order by at desc, change_id desc limit %(limit)s)
    union all
    (select 'merge', merged_at, gone_id::text, null, null, null, merge_id, merged_by, to_jsonb(reason)
       from contact_merge where 'merge' = any(%(kinds)s) and kept_id = %(contact)s and merged_at <= %(before)s
      order by merged_at desc, merge_id desc limit %(limit)s)
    union all
    -- Joins and leaves of segments; of one that was deleted for good the name is gone.
    (select 'segment', l.at, coalesce(s.name, '#' || m.segment_id), null, null, null, l.log_id,
            case when m.segment_id = any(l.joined) then 'joined' else 'left' end,
            jsonb_build_object('segment', case when s.deleted_at is null then s.segment_id end, 'reason', l.reason,
                               'historic', l.historic)
       from (select * from segment_log where 'segment' = any(%(kinds)s) and contact_id = %(contact)s
                and at <= %(before)s
              order by at desc, log_id desc limit %(limit)s) l
       cross join unnest(l.joined || l.parted) m (segment_id)
       left join segment s on s.segment_id = m.segment_id)
    union all
    (select 'note', at, '', null, null, null, note_id, by,
            jsonb_build_object('body', body, 'edited', edited_at is not null)
       from note where 'note' = any(%(kinds)s) and contact_id = %(contact)s and at <= %(before)s
        and deleted_at is null
      order by at desc, note_id desc limit %(limit)s)
) events
order by at desc, kind, ref desc, title
limit %(limit)s offset %(skip)s

-- :name people
-- What to call those who edited and wrote: user numbers and names.
select 'user:' || id, coalesce(nullif(btrim(first_name || ' ' || last_name), ''), email, username)
from auth_user where id = any(%(ids)s)
