-- The contact a formula is tried with (views/formulas.py).

-- :name sample
-- By its number or an address.
select l.contact_id, l.name, l.email from contact_list l
where l.contact_id = %(number)s
    or l.contact_id = (select contact_id from identity where kind = 'email' and value = %(email)s limit 1)
limit 1

-- :name newest
select contact_id, name, email from contact_list order by createdate desc, contact_id desc limit 1
