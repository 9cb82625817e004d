-- :name account
-- What definitions are read against, as one text: as long as it is the same, so is what it means. Stores with what a
-- condition must know of them and their time zone; the values between the fifths of properties, as last worked out;
-- the segments a condition may name, with those their definitions name: found here, as reading 200 definitions for
-- every page would take longer than the rest of it.
select json_build_object(
    'stores', (select coalesce(json_agg(s order by id), '[]') from (
        select s.id, coalesce(r.name, s.name) as name, coalesce(r.counted, '{completed,refunded}') as counted,
            coalesce(r.home_currency, s.home_currency) as currency, s.timezone
        from stores_store s left join store_rule r on r.store_id = s.id) s),
    'cuts', (select coalesce(json_agg(c), '[]') from (select property, numbers, moments from segment_cut) c),
    'segments', (select coalesce(json_agg(g order by id), '[]') from (
        select segment_id as id, name,
            array(select jsonb_path_query(definition, 'strict $.**.segment ? (@.type() == "number")')::int) as uses
        from segment where deleted_at is null) g)
)::text
