-- :name shops
-- Every store with what a condition must know of it, and its time zone.
select s.id, coalesce(r.name, s.name), coalesce(r.counted, '{completed,refunded}'), coalesce(r.home_currency, s.home_currency),
    s.timezone
from stores_store s left join store_rule r on r.store_id = s.id
order by s.id

-- :name cuts
-- The values between the fifths of properties, as last worked out.
select property, numbers, moments from segment_cut
