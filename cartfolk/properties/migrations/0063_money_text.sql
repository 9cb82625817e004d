-- Decimals of a currency's amounts (ISO 4217, minor unit).
create function decimals_of(currency text) returns integer language sql immutable parallel safe as $$
    select case
        when currency in ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF',
                          'XOF','XPF') then 0
        when currency in ('BHD','IQD','JOD','KWD','LYD','OMR','TND') then 3
        else 2 end
$$;
-- An amount as a reader of an e-mail expects it, with its currency where that is known; '' without an amount. Shops keep
-- prices of single units with up to six decimals.
create function money_text(amount numeric, currency text) returns text language sql immutable parallel safe as $$
    select coalesce(round(amount, decimals_of(currency)) || coalesce(' ' || html_text(currency), ''), '')
$$;
