-- What "contains" looks words of contact_sort up by: a number for every three letters that follow each other, apart
-- for every property; of a word that was cut also a mark, since what was cut off could contain anything. Not for parallel plans: what it finds is read sooner than a worker starts.
create function sort_grams(place smallint, word text) returns integer[] language sql immutable parallel unsafe as $$
    select array_agg(hashtext(gram)) from (
        select place || ':' || substr(word, i, 3) from generate_series(1, length(word) - 2) i
        union all select place || '*' where length(word) = 200) grams (gram)
$$;
create index contact_sort_grams on contact_sort using gin (sort_grams(sort_id, word)) where number is null;
