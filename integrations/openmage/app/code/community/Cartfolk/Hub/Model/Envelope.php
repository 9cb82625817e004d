<?php
/**
 * From Magento's rows to the envelopes of Cartfolk's ingest door (docs/ingest.md). Plain arrays in and out, nothing
 * of Magento, so it is tested without one. An order becomes exactly what Cartfolk reads of it by the API.
 */
class Cartfolk_Hub_Model_Envelope
{
    /** A state says what an order is worth; the status is only how the shop calls it. */
    private static $states = array(
        'new' => 'pending',
        'pending_payment' => 'pending',
        'payment_review' => 'pending',
        'holded' => 'pending',
        'processing' => 'completed',
        'complete' => 'completed',
        'closed' => 'refunded',
        'canceled' => 'cancelled',
    );

    public static function wrap($kind, $id, $at, array $object)
    {
        $filled = array();
        foreach ($object as $name => $value) {
            if (null !== $value && '' !== $value) {
                $filled[$name] = $value;
            }
        }
        return array('id' => $kind . '-' . $id, 'kind' => $kind, 'occurred_at' => self::time($at), 'object' => $filled);
    }

    /**
     * Says with every envelope where the shop is configured to be, so that a copy of it is noticed. A base URL that is
     * made from the request ({{base_url}}) tells nothing.
     */
    public static function sited(array $envelopes, $baseUrl)
    {
        if (preg_match('~^https?://[^{}\s]+$~', (string) $baseUrl)) {
            foreach ($envelopes as $place => $envelope) {
                $envelopes[$place]['site'] = (string) $baseUrl;
            }
        }
        return $envelopes;
    }

    /**
     * @param string $kind    cart or checkout
     * @param array  $quote   the quote's row
     * @param array  $items   rows of its items, parents and children
     * @param array  $billing the billing address' row, as far as it is filled in
     * @param array  $more    url, order_id, recovered
     * @param string $at      now, UTC
     */
    public static function cart($kind, array $quote, array $items, array $billing, array $more, $at)
    {
        $email = self::of($quote, 'customer_email');
        $lines = self::lines($items, 'qty');
        $tax = 0;
        foreach ($lines as $line) {
            $tax += $line['tax'];
        }
        return self::wrap($kind, self::of($quote, 'entity_id') . '-' . self::seconds($at), $at, array(
            'cart_id' => (string) self::of($quote, 'entity_id'),
            'email' => self::email($email ? $email : self::of($billing, 'email')),
            'customer_id' => self::number(self::of($quote, 'customer_id')),
            'first_name' => self::either($billing, 'firstname', $quote, 'customer_firstname'),
            'last_name' => self::either($billing, 'lastname', $quote, 'customer_lastname'),
            'phone' => self::of($billing, 'telephone'),
            'currency' => self::of($quote, 'quote_currency_code'),
            'total' => self::money(self::of($quote, 'grand_total')),
            'subtotal' => self::money(self::of($quote, 'subtotal')),
            'tax' => self::money($tax),
            'created_at' => self::time(self::of($quote, 'created_at')),
            'lines' => $lines,
        ) + $more);
    }

    /**
     * @param array  $order    the order's row; its time of change is the version
     * @param array  $items    rows of its items
     * @param array  $billing  row of the billing address
     * @param array  $shipping row of the shipping address
     * @param array  $memos    rows of its credit memos, each with `reason` where there is a comment
     * @param array  $history  rows of its status history
     * @param string $payment  code of the payment method
     */
    public static function order(array $order, array $items, array $billing, array $shipping, array $memos, array $history, $payment)
    {
        $state = self::of($order, 'state');
        $currency = self::of($order, 'order_currency_code');
        $rate = (float) self::of($order, 'base_to_order_rate');
        $freight = self::of($order, 'shipping_incl_tax');
        if (null === $freight) {
            $freight = self::of($order, 'shipping_amount') + self::of($order, 'shipping_tax_amount');
        }
        $refunds = array();
        foreach ($memos as $memo) {
            if (!in_array((string) self::of($memo, 'state'), array('1', '3'), true) && self::of($memo, 'grand_total') > 0) {
                $refunds[] = array_filter(array(
                    'id' => (string) self::of($memo, 'entity_id'),
                    'amount' => self::money(self::of($memo, 'grand_total')),
                    'created_at' => self::time(self::of($memo, 'created_at')),
                    'reason' => self::of($memo, 'reason'),
                ));
            }
        }
        $coupon = self::of($order, 'coupon_code');
        $fulfilled = array('complete' => 'fulfilled', 'processing' => 'unfulfilled');
        return self::wrap('order', self::of($order, 'entity_id') . '-' . self::seconds(self::of($order, 'updated_at')), self::of($order, 'updated_at'), array(
            'order_id' => (string) self::of($order, 'entity_id'),
            'number' => (string) self::of($order, 'increment_id'),
            'status' => isset(self::$states[$state]) ? self::$states[$state] : 'pending',
            'status_raw' => self::either($order, 'status', $order, 'state'),
            'currency' => $currency,
            'total' => self::money(self::of($order, 'grand_total')),
            'placed_at' => self::time(self::of($order, 'created_at')),
            'tax' => self::money(self::of($order, 'tax_amount')),
            'shipping' => self::money($freight),
            'discount' => self::money(abs((float) self::of($order, 'discount_amount'))),
            'rate' => $currency === self::of($order, 'base_currency_code') ? '1' : ($rate > 0 ? sprintf('%.12F', 1 / $rate) : null),
            'paid_at' => self::first($history, array('processing', 'complete')),
            'completed_at' => self::first($history, array('complete')),
            'customer_id' => self::of($order, 'customer_is_guest') ? null : self::number(self::of($order, 'customer_id')),
            'email' => self::email(self::either($order, 'customer_email', $billing, 'email')),
            'phone' => self::of($billing, 'telephone'),
            'billing' => self::address($billing),
            'shipping_address' => self::address($shipping),
            'lines' => self::lines($items, 'qty_ordered'),
            'refunds' => $refunds,
            'coupons' => $coupon ? array($coupon) : array(),
            'payment_method' => $payment,
            'cart_id' => self::number(self::of($order, 'quote_id')),
            'fulfilment_status' => isset($fulfilled[$state]) ? $fulfilled[$state] : null,
        ));
    }

    /** @param string $group the customer group's code */
    public static function customer(array $row, array $billing, array $shipping, $group)
    {
        $at = self::of($row, 'updated_at');
        return self::wrap('customer', self::of($row, 'entity_id') . '-' . self::seconds($at), $at, array(
            'customer_id' => (string) self::of($row, 'entity_id'),
            'email' => self::email(self::of($row, 'email')),
            'created_at' => self::time(self::of($row, 'created_at')),
            'first_name' => self::of($row, 'firstname'),
            'last_name' => self::of($row, 'lastname'),
            'company' => self::of($billing, 'company'),
            'phone' => self::of($billing, 'telephone'),
            'groups' => $group ? array($group) : array(),
            'billing' => self::address($billing),
            'shipping' => self::address($shipping),
        ));
    }

    /**
     * Whether a subscriber's status is new. Subscribing sets Magento's own flag; unsubscribing does not, but then the
     * subscriber was loaded and the status of before is known. Looked up by e-mail or customer it is not known.
     */
    public static function isChanged($flag, $before, $now)
    {
        return $flag || (null !== $before && (string) $before !== (string) $now);
    }

    /** A subscriber as consent; null where nothing was said for certain (not confirmed, not active, no date). */
    public static function consent(array $row, $at)
    {
        $told = array('1' => 'granted', '3' => 'withdrawn');
        $status = (string) self::of($row, 'subscriber_status');
        $email = self::email(self::of($row, 'subscriber_email'));
        if (!isset($told[$status]) || !$email || !$at) {
            return null;
        }
        return self::wrap('consent', self::of($row, 'subscriber_id') . '-' . $status . '-' . self::seconds($at), $at, array(
            'status' => $told[$status],
            'source' => 'newsletter',
            'email' => $email,
            'customer_id' => self::number(self::of($row, 'customer_id')),
            'evidence' => array('subscriber' => (string) self::of($row, 'subscriber_id'), 'store_view' => (string) self::of($row, 'store_id')),
        ));
    }

    /** Parents only, gross after discount: children keep a bundle's tax and discount, and name the variant. */
    private static function lines(array $items, $quantity)
    {
        $children = array();
        foreach ($items as $item) {
            if (self::of($item, 'parent_item_id')) {
                $children[self::of($item, 'parent_item_id')][] = $item;
            }
        }
        $lines = array();
        foreach ($items as $item) {
            if (self::of($item, 'parent_item_id')) {
                continue;
            }
            $own = isset($children[self::of($item, 'item_id')]) ? $children[self::of($item, 'item_id')] : array();
            $tax = $discount = 0;
            foreach (array_merge(array($item), $own) as $part) {
                $tax += (float) self::of($part, 'tax_amount') + (float) self::of($part, 'hidden_tax_amount');
                $discount += (float) self::of($part, 'discount_amount');
            }
            $lines[] = array_filter(array(
                'id' => self::number(self::of($item, 'item_id')),
                'product_id' => self::number(self::of($item, 'product_id')),
                'variant_id' => 'configurable' === self::of($item, 'product_type') && $own ? self::number(self::of($own[0], 'product_id')) : null,
                'sku' => self::of($item, 'sku'),
                'name' => (string) self::of($item, 'name') === '' ? '-' : self::of($item, 'name'),
                'quantity' => (string) (float) self::of($item, $quantity),
                'total' => self::money((float) self::of($item, 'row_total') + $tax - $discount),
                'tax' => self::money($tax),
                'discount' => self::money($discount),
                'url' => self::of($item, 'url'),
                'image_url' => self::of($item, 'image_url'),
            ), array(__CLASS__, 'told'));
        }
        return $lines;
    }

    private static function address(array $row)
    {
        $street = preg_split('/\R/', is_array(self::of($row, 'street')) ? implode("\n", $row['street']) : (string) self::of($row, 'street'));
        $street = array_values(array_filter(array_map('trim', $street)));
        $country = (string) self::of($row, 'country_id');
        $address = array_filter(array(
            'first_name' => self::of($row, 'firstname'),
            'last_name' => self::of($row, 'lastname'),
            'company' => self::of($row, 'company'),
            'line1' => isset($street[0]) ? $street[0] : null,
            'line2' => implode(', ', array_slice($street, 1)),
            'city' => self::of($row, 'city'),
            'state' => self::of($row, 'region'),
            'postal_code' => self::of($row, 'postcode'),
            'country' => preg_match('/^[A-Za-z]{2}$/', $country) ? strtoupper($country) : null,
            'phone' => self::of($row, 'telephone'),
        ), array(__CLASS__, 'told'));
        return $address ? $address : null;
    }

    /** When the order first had one of these statuses. */
    private static function first(array $history, array $statuses)
    {
        $times = array();
        foreach ($history as $row) {
            if (in_array(self::of($row, 'status'), $statuses, true) && self::of($row, 'created_at')) {
                $times[] = self::of($row, 'created_at');
            }
        }
        return $times ? self::time(min($times)) : null;
    }

    public static function told($value)
    {
        return null !== $value && '' !== $value;
    }

    private static function of(array $row, $name)
    {
        return isset($row[$name]) && '' !== $row[$name] ? $row[$name] : null;
    }

    private static function either(array $row, $name, array $other, $second)
    {
        $found = self::of($row, $name);
        return null === $found ? self::of($other, $second) : $found;
    }

    /** An id; Magento's 0 is nobody. */
    private static function number($value)
    {
        return $value ? (string) $value : null;
    }

    /** Half an address, while it is typed, is none. */
    private static function email($value)
    {
        $value = trim((string) $value);
        return preg_match('/^[^@\s]+@[^@\s]+$/u', $value) ? $value : null;
    }

    private static function money($value)
    {
        return null === $value ? null : number_format((float) $value, 4, '.', '');
    }

    private static function seconds($value)
    {
        return strtotime(self::time($value));
    }

    /** ISO 8601 in UTC, of UTC without a zone (a saved row) or of the shop's time with one (a loaded customer). */
    private static function time($value)
    {
        if (!$value) {
            return null;
        }
        $plain = preg_match('/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/', $value);
        return gmdate('Y-m-d\TH:i:s\Z', strtotime($plain ? $value . ' UTC' : $value));
    }
}
