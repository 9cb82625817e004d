-- What a phone number is found by, however it is spelled: its digits; with a country code (which has one to three of
-- them) also without it, else without the leading zero. search_query (read.py) asks for the same.
create function phone_words(phone text) returns text[] language sql immutable parallel safe as $$
    select case
        when phone ~ '^\s*(\+|00)' then array[d, substr(d, 2), substr(d, 3), substr(d, 4)]
        else array[regexp_replace(phone, '\D', '', 'g'), d] end
    from (select ltrim(regexp_replace(phone, '\D', '', 'g'), '0') as d) digits
$$;
