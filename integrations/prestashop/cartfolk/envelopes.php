<?php
/**
 * From PrestaShop's rows to Cartfolk's envelopes: plain arrays in, plain arrays out, nothing asked of the shop.
 *
 * Names, numbers and versions are those the connector gives the same objects when it asks the webservice: what is
 * told here first is told there again, and both must mean the same.
 *
 * License: Apache-2.0
 */

/** The time on the shop's wall as an instant; null for none. */
function cartfolk_instant($wall, $zone)
{
    if (!$wall || 0 === strpos($wall, '0000-00-00')) {
        return null;
    }
    $moment = new DateTimeImmutable($wall, new DateTimeZone($zone));

    return $moment->setTimezone(new DateTimeZone('UTC'))->format('Y-m-d\TH:i:s\Z');
}

/** An amount as text, with the decimals PrestaShop keeps. */
function cartfolk_amount($value)
{
    return number_format((float) $value, 6, '.', '');
}

/** What was empty is left out; PrestaShop keeps some texts as HTML. */
function cartfolk_filled(array $fields)
{
    $plain = array_map(static function ($value) {
        return is_string($value) ? html_entity_decode($value, ENT_QUOTES | ENT_HTML5, 'UTF-8') : $value;
    }, $fields);

    return array_filter($plain, static function ($value) {
        return null !== $value && '' !== $value;
    });
}

function cartfolk_envelope($id, $kind, $occurred_at, array $object)
{
    return ['id' => $id, 'kind' => $kind, 'occurred_at' => $occurred_at, 'object' => $object];
}

/**
 * The word for an order state and what it means, by its flags: owners rename and renumber states.
 *
 * @param array  $flags paid, shipped, logable
 * @param string $role  canceled, error, refund or ''
 *
 * @return array word, status
 */
function cartfolk_status(array $flags, $role)
{
    $roles = [
        'canceled' => ['canceled', 'cancelled'],
        'error' => ['payment error', 'failed'],
        'refund' => ['refunded', 'refunded'],
    ];
    if (isset($roles[$role])) {
        return $roles[$role];
    }
    if (!empty($flags['paid'])) {
        return [!empty($flags['shipped']) ? 'shipped' : 'paid', 'completed'];
    }

    return !empty($flags['logable']) ? ['accepted', 'completed'] : ['not paid', 'pending'];
}

/** @param array $row firstname, lastname, company, address1 ... and iso_code, state */
function cartfolk_address(array $row)
{
    $phone = !empty($row['phone']) ? $row['phone'] : (isset($row['phone_mobile']) ? $row['phone_mobile'] : null);

    return cartfolk_filled([
        'first_name' => isset($row['firstname']) ? $row['firstname'] : null,
        'last_name' => isset($row['lastname']) ? $row['lastname'] : null,
        'company' => isset($row['company']) ? $row['company'] : null,
        'line1' => isset($row['address1']) ? $row['address1'] : null,
        'line2' => isset($row['address2']) ? $row['address2'] : null,
        'city' => isset($row['city']) ? $row['city'] : null,
        'state' => isset($row['state']) ? $row['state'] : null,
        'postal_code' => isset($row['postcode']) ? $row['postcode'] : null,
        'country' => isset($row['iso_code']) ? $row['iso_code'] : null,
        'phone' => $phone,
    ]);
}

/**
 * A customer row, and what its newsletter flag says: without its date it says nothing.
 *
 * @return array list of [kind, occurred_at, object]
 */
function cartfolk_customer(array $row, array $groups, $language, array $address, $zone)
{
    $guest = !empty($row['is_guest']);
    $edited = cartfolk_instant($row['date_upd'], $zone);
    $place = cartfolk_address($address);
    $told = [[
        'customer',
        $edited,
        cartfolk_filled([
            'customer_id' => (string) $row['id'],
            'email' => $row['email'],
            'created_at' => cartfolk_instant($row['date_add'], $zone),
            'first_name' => $row['firstname'],
            'last_name' => $row['lastname'],
            'company' => isset($row['company']) ? $row['company'] : null,
            'phone' => isset($place['phone']) ? $place['phone'] : null,
            'groups' => $groups,
            'registered' => !$guest,
            'language' => $language,
            'billing' => $place ? $place : null,
            'shipping' => $place ? $place : null,
        ]),
    ]];
    $asked = cartfolk_instant(isset($row['newsletter_date_add']) ? $row['newsletter_date_add'] : '', $zone);
    if (null !== $asked) {
        $given = !empty($row['newsletter']);
        $at = $given ? $asked : max($asked, $edited);
        $told[] = ['consent', $at, cartfolk_filled([
            'status' => $given ? 'granted' : 'withdrawn',
            'source' => $guest ? 'checkout' : 'account',
            'email' => $row['email'],
            'customer_id' => $guest ? null : (string) $row['id'],
            'at' => $at,
            'evidence' => ['customer' => (string) $row['id'], 'newsletter_date_add' => $row['newsletter_date_add']],
        ])];
    }

    return $told;
}

/**
 * An order.
 *
 * @param array $order    fields of the order's row
 * @param array $customer fields of its customer's row
 * @param array $status   of cartfolk_status
 * @param array $lines    rows of order_detail
 * @param array $slips    rows of order_slip: refunds
 * @param array $codes    of the vouchers used
 *
 * @return array [kind, occurred_at, object]
 */
function cartfolk_order(
    array $order, array $customer, array $status, array $lines, array $slips, array $codes, array $billing,
    array $delivery, $currency, $home, $zone
) {
    $guest = !empty($customer['is_guest']);
    $rate = (float) $order['conversion_rate'];
    $total = (float) $order['total_paid_tax_incl'];
    $left = $total;
    $refunds = [];
    $version = cartfolk_instant($order['date_upd'], $zone);
    foreach ($slips as $slip) {
        // PrestaShop sometimes writes slips above what was paid: more than the total never comes back.
        $amount = min($left, (float) $slip['total_products_tax_incl'] + (float) $slip['total_shipping_tax_incl']);
        if ($amount <= 0) {
            continue;
        }
        $left -= $amount;
        $at = cartfolk_instant($slip['date_add'], $zone);
        $version = max($version, $at);
        $refunds[] = ['id' => (string) $slip['id_order_slip'], 'amount' => cartfolk_amount($amount), 'created_at' => $at];
    }
    if ('refunded' === $status[1] && $left > 0.000001) {
        $refunds[] = ['id' => 'order-' . $order['id'], 'amount' => cartfolk_amount($left), 'created_at' => $version];
    }
    $place = cartfolk_address($billing);
    $shipping = cartfolk_address($delivery);

    return ['order', $version, cartfolk_filled([
        'order_id' => (string) $order['id'],
        'number' => $order['reference'],
        'status' => $status[1],
        'status_raw' => $status[0],
        'currency' => $currency,
        'total' => cartfolk_amount($total),
        'tax' => cartfolk_amount(max(0, $total - (float) $order['total_paid_tax_excl'])),
        'shipping' => cartfolk_amount($order['total_shipping_tax_incl']),
        'discount' => cartfolk_amount($order['total_discounts_tax_incl']),
        'rate' => $currency === $home ? '1' : ($rate > 0 ? number_format(1 / $rate, 12, '.', '') : null),
        'placed_at' => cartfolk_instant($order['date_add'], $zone),
        'customer_id' => $guest ? null : (string) $order['id_customer'],
        'email' => $customer['email'],
        'phone' => isset($place['phone']) ? $place['phone'] : null,
        'billing' => $place ? $place : null,
        'shipping_address' => $shipping ? $shipping : null,
        'lines' => array_map(static function ($line) {
            return cartfolk_filled([
                'id' => (string) $line['id_order_detail'],
                'product_id' => $line['product_id'] ? (string) $line['product_id'] : null,
                'variant_id' => $line['product_attribute_id'] ? (string) $line['product_attribute_id'] : null,
                'sku' => $line['product_reference'],
                'name' => $line['product_name'],
                'quantity' => (string) $line['product_quantity'],
                'price' => cartfolk_amount($line['unit_price_tax_incl']),
                'total' => cartfolk_amount($line['total_price_tax_incl']),
            ]);
        }, array_values($lines)),
        'refunds' => $refunds,
        'coupons' => array_values($codes),
        'payment_method' => $order['payment'],
        'cart_id' => $order['id_cart'] ? (string) $order['id_cart'] : null,
        'tracking_number' => isset($order['shipping_number']) ? $order['shipping_number'] : null,
    ])];
}

/**
 * A cart as it stands; it is named by its number, as the connector names it.
 *
 * @param array $cart     id, id_customer, total, currency, url, order_id, checkout, recovered
 * @param array $customer email, firstname, lastname, is_guest; empty for nobody
 * @param array $lines    of Cart::getProducts, with url and image_url
 *
 * @return array [kind, null, object]: it happens now
 */
function cartfolk_cart(array $cart, array $customer, array $lines)
{
    $guest = !empty($customer['is_guest']);

    return [!empty($cart['checkout']) || $guest ? 'checkout' : 'cart', null, cartfolk_filled([
        'cart_id' => (string) $cart['id'],
        'customer_id' => $cart['id_customer'] && !$guest ? (string) $cart['id_customer'] : null,
        'email' => isset($customer['email']) ? $customer['email'] : null,
        'first_name' => isset($customer['firstname']) ? $customer['firstname'] : null,
        'last_name' => isset($customer['lastname']) ? $customer['lastname'] : null,
        'currency' => $cart['currency'],
        'total' => cartfolk_amount($cart['total']),
        'url' => isset($cart['url']) ? $cart['url'] : null,
        'order_id' => !empty($cart['order_id']) ? (string) $cart['order_id'] : null,
        'recovered' => !empty($cart['recovered']),
        'lines' => array_map(static function ($line) {
            return cartfolk_filled([
                'product_id' => (string) $line['id_product'],
                'variant_id' => !empty($line['id_product_attribute']) ? (string) $line['id_product_attribute'] : null,
                'sku' => isset($line['reference']) ? $line['reference'] : null,
                'name' => $line['name'],
                'quantity' => (string) $line['cart_quantity'],
                'price' => cartfolk_amount($line['price_wt']),
                'total' => cartfolk_amount($line['total_wt']),
                'url' => isset($line['url']) ? $line['url'] : null,
                'image_url' => isset($line['image_url']) ? $line['image_url'] : null,
            ]);
        }, array_values($lines)),
    ])];
}

/** A sign-up or sign-off, in the newsletter box of every page or the account. @return array [kind, null, object] */
function cartfolk_newsletter($email, $given, $source)
{
    return ['consent', null, [
        'status' => $given ? 'granted' : 'withdrawn',
        'source' => $source,
        'email' => $email,
    ]];
}
