-- Facts: what happened in a shop, stored once. Money in major units of the row's currency. No foreign key
-- crosses from one contact's rows to another's, so the tables can be distributed by contact_id.

create table customer (
    contact_id  bigint not null,
    store_id    bigint not null,
    external_id text not null,
    version     timestamptz not null,   -- the shop's updated_at
    received_at timestamptz not null,   -- breaks ties between equal versions
    email       text,                   -- as the shop wrote it
    first_name  text,
    last_name   text,
    company     text,
    phone       text,
    groups      text[] not null default '{}',
    registered  boolean not null default true,
    language    text,
    created_at  timestamptz,
    billing     jsonb,                  -- Address
    shipping    jsonb,
    deleted_at  timestamptz,
    primary key (contact_id, store_id, external_id)
);

create table orders (
    contact_id   bigint not null,
    order_id     bigint not null,
    store_id     bigint not null,
    external_id  text not null,
    version      timestamptz not null,
    received_at  timestamptz not null,
    number       text not null,
    status       text not null,         -- pending completed refunded cancelled failed ignored
    status_raw   text not null,
    fulfilment_status text,
    currency     text not null,
    total        numeric not null,
    tax          numeric not null,
    shipping     numeric not null,
    discount     numeric not null,
    refunded     numeric not null default 0,  -- sum of its refunds, kept by the statement that writes them
    rate         numeric,               -- home currency for one unit of currency; null = not known
    rate_version timestamptz,           -- version that told the rate: a later one without a rate leaves it
    detail       bigint not null,       -- fingerprint of its lines and refunds: shows a change at an equal version
    placed_at    timestamptz not null,
    paid_at      timestamptz,
    completed_at timestamptz,
    customer_id  text,                  -- the shop's account id; null = guest
    email        text,
    first_name   text,
    last_name    text,
    phone        text,
    billing      jsonb,
    shipping_address jsonb,
    coupons      text[] not null default '{}',
    payment_method text,
    cart_token   text,
    tracking_number text,
    tracking_url text,
    tracking_carrier text,
    shipped_at   timestamptz,
    attribution  jsonb,
    deleted_at   timestamptz,
    primary key (contact_id, order_id)
);

create table order_line (
    contact_id  bigint not null,
    order_id    bigint not null,
    position    integer not null,       -- from 1, in the shop's order
    store_id    bigint not null,
    product_id  text,
    variant_id  text,
    sku         text,
    name        text not null,
    quantity    numeric not null,
    price       numeric,
    total       numeric not null,       -- after discount, with tax
    tax         numeric not null,
    discount    numeric not null,
    url         text,
    image_url   text,
    primary key (contact_id, order_id, position)
);

create table refund (
    contact_id  bigint not null,
    order_id    bigint not null,
    external_id text not null,
    amount      numeric not null,       -- positive, in the order's currency
    created_at  timestamptz,
    reason      text,
    primary key (contact_id, order_id, external_id)
);

create table cart (
    contact_id   bigint not null,
    cart_id      bigint not null,
    store_id     bigint not null,
    external_id  text not null,
    version      timestamptz not null,  -- last moment known
    received_at  timestamptz not null,
    created_at   timestamptz not null,
    checkout_at  timestamptz,           -- first moment in the checkout
    identified_at timestamptz,          -- first moment with an e-mail, phone or account
    currency     text,
    total        numeric not null,
    subtotal     numeric not null,
    tax          numeric not null,
    url          text,
    email        text,
    phone        text,
    customer_id  text,
    first_name   text,
    last_name    text,
    order_external_id text,             -- the shop says it became this order
    attribution  jsonb,
    detail       bigint not null,       -- fingerprint of its lines
    -- derived by commerce/carts.py from the cart's moments, the contact's orders and the clock:
    state        text not null default 'open',  -- open checkout abandoned recovered ordered purchased expired emptied
    state_at     timestamptz,
    abandoned_at timestamptz,           -- start of the current or last abandonment
    due_at       timestamptz,           -- when the clock alone changes the state
    primary key (contact_id, cart_id)
);

create table cart_line (
    contact_id bigint not null,
    cart_id    bigint not null,
    position   integer not null,
    product_id text,
    variant_id text,
    sku        text,
    name       text not null,
    quantity   numeric not null,
    price      numeric,
    total      numeric not null,
    tax        numeric not null default 0,
    url        text,
    image_url  text,
    primary key (contact_id, cart_id, position)
);

-- Is there any line of this shop at all, and which pages could hold them: tiny, and cheap to write.
create index order_line_store on order_line using brin (store_id) with (autosummarize = on);

-- Has this shop any cart at all: as tiny as the one above.
create index cart_store on cart using brin (store_id) with (autosummarize = on);

-- Every moment a cart was seen: the history that abandonment is derived from.
create table cart_event (
    contact_id bigint not null,
    cart_id    bigint not null,
    at         timestamptz not null,
    kind       text not null,           -- updated emptied checkout recovered
    received_at timestamptz not null,   -- the latest report of the same moment wins
    identified boolean not null,
    checkout   boolean not null,        -- it happened in the checkout, whatever its kind
    has_lines  boolean not null,
    total      numeric not null,
    created_at timestamptz not null,    -- of the cart, as this moment told it
    known      jsonb not null,          -- e-mail, name, currency ...: what a later, silent moment does not take back
    primary key (contact_id, cart_id, at, kind)
);

-- Carts nobody can be named for yet; adopted with all their moments when an identity appears.
create table anonymous_cart (
    store_id    bigint not null,
    external_id text not null,
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    moments     jsonb not null,         -- list of {received: microseconds since 1970, cart: canonical cart}
    primary key (store_id, external_id)
);
create index anonymous_cart_age on anonymous_cart (last_at);

-- The consent ledger: append only.
create table consent_event (
    contact_id bigint not null,
    store_id   bigint not null,
    channel    text not null,
    purpose    text not null,
    at         timestamptz not null,
    status     text not null,           -- granted | withdrawn
    source     text not null,
    email      text,
    wording    text,
    evidence   jsonb not null default '{}',
    received_at timestamptz not null,   -- of two reports of one act the first received stays
    guest      text not null default '',  -- the e-mail that named the person; '' = an account or a phone did
    primary key (contact_id, store_id, channel, purpose, at, status, source, guest)
);

-- What a shop no longer has, whether we ever saw it or not: a version that is not newer stays deleted, however
-- late it comes. Customers, orders, products, categories, coupons.
create table tombstone (
    store_id    bigint not null,
    kind        text not null,
    external_id text not null,
    deleted_at  timestamptz not null,
    primary key (store_id, kind, external_id)
);

-- Named steps in the purchase, derived from the facts above.
create table conversion (
    contact_id bigint not null,
    at         timestamptz not null,
    name       text not null,           -- Order complete, Abandoned Cart, Last Order Summary ...
    store_id   bigint not null,
    source_id  bigint not null,         -- order_id or cart_id; 0 = the person
    historic   boolean not null,        -- happened before the store was connected: triggers nothing
    primary key (contact_id, at, name, store_id, source_id)
);

-- Small tables of a shop's catalogue.
create table product (
    store_id    bigint not null,
    external_id text not null,
    version     timestamptz not null,
    received_at timestamptz not null,
    name        text not null,
    slug        text,
    sku         text,
    type        text,
    categories  text[] not null default '{}',
    url         text,
    image_url   text,
    price       numeric,
    parent_id   text,
    deleted_at  timestamptz,
    primary key (store_id, external_id)
);
create table category (
    store_id bigint not null, external_id text not null, received_at timestamptz not null,
    name text not null, slug text not null, parent_id text,
    deleted_at timestamptz,
    primary key (store_id, external_id)
);
create table coupon (
    store_id bigint not null, external_id text not null, version timestamptz not null,
    received_at timestamptz not null, code text not null,
    kind text, amount numeric, deleted_at timestamptz,
    primary key (store_id, external_id)
);

-- What commerce needs to know of a store; written when a store is saved.
create table store_rule (
    store_id      bigint primary key,
    home_currency text not null,
    live_from     timestamptz not null,      -- events before it are historic
    idle          interval not null default '60 minutes',  -- after which a cart is abandoned
    expires       interval not null default '30 days',     -- after which an abandoned cart is expired
    counted       text[] not null default '{completed,refunded}',
    statuses      jsonb not null default '{}',  -- the owner's own map: the shop's word -> ours
    label         text not null,             -- platform label, e.g. WooCommerce
    name          text not null,
    url           text not null default ''
);

-- Contacts whose facts changed and whose derived rows must be made again. An append-only queue: two
-- writers never wait for each other; the reader takes each contact once.
create table contact_dirty (
    seq        bigint generated always as identity primary key,
    contact_id bigint not null,
    lane       smallint not null          -- 0 live, 1 bulk
);
create index contact_dirty_lane on contact_dirty (lane, seq);

-- When the clock alone will change something about the contact.
create table contact_due (
    contact_id bigint primary key,
    due_at     timestamptz not null
);
create index contact_due_at on contact_due (due_at);

-- The times a cart stood still: every moment, when it becomes idle, and whether that was an abandonment by
-- the facts alone (the reader adds the clock: idle_at <= now). The rules are published in commerce/carts.py.
-- Ask it with contact_id = any(...): a join would compute it for everybody.
create view cart_gap as
select gap.*,
       (gap.has_lines
        and gap.identified_at <= gap.idle_at
        and (gap.next_at is null or gap.next_at > gap.idle_at)
        and not exists (
            select from orders o
            where o.contact_id = gap.contact_id
              and o.deleted_at is null
              and o.status not in ('failed', 'cancelled', 'ignored')
              and o.placed_at <= gap.idle_at
              and (o.placed_at >= date_trunc('second', gap.at)
                   or (o.store_id = gap.store_id
                       and (o.cart_token = gap.external_id or o.external_id = gap.order_external_id)
                       and o.placed_at >= gap.at - gap.idle)))
       ) as abandoned
from (
    select e.contact_id, e.cart_id, c.store_id, e.at, e.received_at, e.kind, e.has_lines, e.checkout,
           c.identified_at, c.external_id, c.order_external_id, r.idle, r.expires,
           e.at + r.idle as idle_at,
           lead(e.at) over (partition by e.contact_id, e.cart_id
                            order by e.at, e.received_at, e.kind) as next_at
    from cart_event e
    join cart c on c.contact_id = e.contact_id and c.cart_id = e.cart_id
    join store_rule r on r.store_id = c.store_id
) gap;

-- The entries of the consent ledger that count. A withdrawal always does. A grant counts too, but after a
-- withdrawal only with evidence of its own: what an import or a sync merely repeats raises nothing.
create view consent_effective as
select contact_id, store_id, channel, purpose, at, status, source, wording
from (
    select e.*, bool_or(e.status = 'withdrawn') over (
               partition by e.contact_id, e.channel, e.purpose order by e.at) as withdrawn_before
    from consent_event e
) e
where status = 'withdrawn' or not withdrawn_before or source not in ('import', 'sync');
