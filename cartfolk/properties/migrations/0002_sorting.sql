-- Two more columns of the list that people sort by as often as by the others.
create index contact_list_orders on contact_list (total_number_of_orders desc nulls last, contact_id desc);
create index contact_list_conversion on contact_list (recent_conversion_event_name collate "C", contact_id);
-- The properties outside contact_list whose order is kept ready, since somebody sorted by them lately.
create table sorted_property (
    name     text primary key,
    sort_id  smallint generated always as identity (cycle) unique,
    kind     text not null check (kind in ('word', 'number', 'time', 'bool', 'date')),
    ready    boolean not null default false,  -- every contact has its row
    asked_at timestamptz not null
);
-- One narrow row per contact and sorted property, with or without a value: the wide table stays free of indexes.
create table contact_sort (
    contact_id bigint not null,
    sort_id    smallint not null,
    word       text collate "C",
    number     numeric,
    primary key (contact_id, sort_id)
);
create index contact_sort_word on contact_sort (sort_id, word, contact_id) where number is null;
create index contact_sort_number on contact_sort (sort_id, number, contact_id) where word is null;
-- What a property's value, as JSON tells it, is sorted by: words without case, cut to what an index entry holds.
create function sort_word(kind text, value text) returns text language sql immutable parallel safe as $$
    select case when kind = 'word' then left(lower(value), 200) end
$$;
-- And everything else as a number: moments and days in seconds since 1970.
create function sort_number(kind text, value text) returns numeric language sql stable parallel safe as $$
    select case kind
        when 'number' then value::numeric
        when 'time' then extract(epoch from value::timestamptz)
        when 'bool' then value::boolean::integer::numeric
        when 'date' then extract(epoch from value::date::timestamp)
    end
$$;
