<?php
/**
 * From rows as Magento stores them to what Cartfolk's ingest door takes; needs nothing of Magento.
 *
 * Ids and times are those the REST API shows, so that what is told here and what Cartfolk reads there are the same
 * records: the version (`occurred_at`) is the row's own `updated_at`.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Model;

final class Envelope
{
    /** Only the state counts; the status is the merchant's invention. */
    private const STATUS = [
        'new' => 'pending',
        'pending_payment' => 'pending',
        'payment_review' => 'pending',
        'holded' => 'pending',
        'processing' => 'completed',
        'complete' => 'completed',
        'closed' => 'refunded',
        'canceled' => 'cancelled',
    ];
    private const SUBSCRIBED = 1;
    private const UNSUBSCRIBED = 3;
    private const PAID_OUT = 2; // state of a credit memo, and of an invoice that is paid
    private const MOST_LINES = 200;

    /**
     * @param array $order     a row of sales_order
     * @param array $items     its rows of sales_order_item
     * @param array $addresses 'billing' and 'shipping' => a row of sales_order_address
     * @param array $papers    'creditmemos', 'invoices' and 'shipments' => its rows; a shipment with its `tracks`
     */
    public static function order(array $order, array $items, array $addresses, array $papers, string $method): array
    {
        $state = (string) ($order['state'] ?? '');
        $paid = self::times(array_filter($papers['invoices'], self::isPaidOut(...)));
        $sent = self::times($papers['shipments']);
        $track = self::track($papers['shipments']);
        return self::wrapped('order', (string) $order['entity_id'], self::time($order['updated_at'] ?? $order['created_at']), [
            'order_id' => (string) $order['entity_id'],
            'number' => self::text($order['increment_id'] ?? null),
            'status' => self::STATUS[$state] ?? 'pending',
            'status_raw' => $state,
            'currency' => $order['order_currency_code'],
            'total' => self::money($order['grand_total']),
            'tax' => self::money($order['tax_amount'] ?? 0),
            'shipping' => self::money($order['shipping_incl_tax'] ?? 0),
            'discount' => self::money(abs((float) ($order['discount_amount'] ?? 0))),
            'placed_at' => self::time($order['created_at']),
            'paid_at' => $paid ? min($paid) : null,
            'completed_at' => $sent && $state === 'complete' ? max($sent) : null,
            'shipped_at' => $sent ? min($sent) : null,
            'tracking_number' => self::text($track['track_number'] ?? null),
            'tracking_carrier' => self::text($track['title'] ?? null) ?? self::text($track['carrier_code'] ?? null),
            'fulfilment_status' => self::fulfilment($items, $state),
            'customer_id' => self::text($order['customer_id'] ?? null),
            'email' => self::text($order['customer_email'] ?? null),
            'phone' => self::text($addresses['billing']['telephone'] ?? null),
            'billing' => self::address($addresses['billing'] ?? []),
            'shipping_address' => self::address($addresses['shipping'] ?? []),
            'lines' => self::lines($items),
            'refunds' => self::refunds($papers['creditmemos']),
            'coupons' => array_values(array_filter([self::text($order['coupon_code'] ?? null)])),
            'payment_method' => self::text($method),
            'cart_id' => self::text($order['quote_id'] ?? null),
        ]);
    }

    /**
     * @param array $quote a row of quote
     * @param array $items its visible items, with `url` added
     */
    public static function cart(array $quote, array $items, ?string $typed, bool $shipped): array
    {
        $email = self::text($quote['customer_email'] ?? null) ?? self::text($typed);
        $account = self::text($quote['customer_id'] ?? null);
        $lines = [];
        foreach (array_slice($items, 0, self::MOST_LINES) as $item) {
            $total = (float) ($item['row_total_incl_tax'] ?? 0) - (float) ($item['discount_amount'] ?? 0);
            $lines[] = self::known([
                'id' => (string) $item['item_id'],
                'product_id' => self::text($item['product_id'] ?? null),
                'sku' => self::text($item['sku'] ?? null),
                'name' => self::text($item['name'] ?? null) ?? '?',
                'quantity' => self::number($item['qty']),
                'price' => self::money($item['price_incl_tax'] ?? 0),
                'total' => self::money($total),
                'tax' => self::money($item['tax_amount'] ?? 0),
                'discount' => self::money($item['discount_amount'] ?? 0),
                'url' => self::text($item['url'] ?? null),
            ]);
        }
        $kind = $lines && ($shipped || ($account === null && $email !== null)) ? 'checkout' : 'cart';
        // Half a second newer than the same cart by REST, which knows neither products nor addresses of pages.
        $at = substr(self::changed($quote), 0, -1) . '.500Z';
        return self::wrapped($kind, (string) $quote['entity_id'], $at, [
            'cart_id' => (string) $quote['entity_id'],
            'customer_id' => $account,
            'email' => $email,
            'first_name' => self::text($quote['customer_firstname'] ?? null),
            'last_name' => self::text($quote['customer_lastname'] ?? null),
            'currency' => self::text($quote['quote_currency_code'] ?? null),
            'total' => self::money($quote['grand_total'] ?? 0),
            'subtotal' => self::money($quote['subtotal'] ?? 0),
            'created_at' => self::time($quote['created_at']),
            'lines' => $lines,
        ]);
    }

    /**
     * @param array $customer  a row of customer_entity
     * @param array $addresses 'billing' and 'shipping' => the default addresses
     */
    public static function customer(array $customer, array $addresses, ?string $group, ?string $locale): array
    {
        return self::wrapped('customer', (string) $customer['entity_id'], self::changed($customer), [
            'customer_id' => (string) $customer['entity_id'],
            'email' => self::text($customer['email'] ?? null),
            'created_at' => self::time($customer['created_at']),
            'first_name' => self::text($customer['firstname'] ?? null),
            'last_name' => self::text($customer['lastname'] ?? null),
            'company' => self::text($addresses['billing']['company'] ?? null),
            'phone' => self::text($addresses['billing']['telephone'] ?? null),
            'groups' => array_values(array_filter([self::text($group)])),
            'registered' => true,
            'language' => $locale ? str_replace('_', '-', $locale) : null,
            'billing' => self::address($addresses['billing'] ?? []),
            'shipping' => self::address($addresses['shipping'] ?? []),
        ]);
    }

    /**
     * A subscription that is confirmed, or ended; null for one that waits for its confirmation, or has no date.
     *
     * @param array $subscriber a row of newsletter_subscriber
     */
    public static function consent(array $subscriber): ?array
    {
        $status = [self::SUBSCRIBED => 'granted', self::UNSUBSCRIBED => 'withdrawn'][(int) ($subscriber['subscriber_status'] ?? 0)] ?? null;
        $at = $subscriber['change_status_at'] ?? null;
        if ($status === null || !$at || empty($subscriber['subscriber_email'])) {
            return null;
        }
        return self::wrapped('consent', $subscriber['subscriber_id'] . '-' . $status, self::time($at), [
            'status' => $status,
            'source' => 'newsletter subscription',
            'email' => $subscriber['subscriber_email'],
            'customer_id' => empty($subscriber['customer_id']) ? null : (string) $subscriber['customer_id'],
            'at' => self::time($at),
            'evidence' => ['subscriber_id' => (string) $subscriber['subscriber_id'], 'store_id' => (string) ($subscriber['store_id'] ?? '')],
        ]);
    }

    private static function wrapped(string $kind, string $key, string $at, array $object): array
    {
        return ['id' => "$kind-$key-$at", 'kind' => $kind, 'occurred_at' => $at, 'object' => self::known($object)];
    }

    /** A configurable or bundle is its parent row; its children are parts of it. */
    private static function lines(array $items): array
    {
        $children = [];
        foreach ($items as $item) {
            if (!empty($item['parent_item_id'])) {
                $children[$item['parent_item_id']][] = $item;
            }
        }
        $lines = [];
        foreach ($items as $item) {
            if (!empty($item['parent_item_id'])) {
                continue;
            }
            $own = $children[$item['item_id']] ?? [];
            $parts = ($item['product_type'] ?? '') === 'bundle' && !(float) ($item['discount_amount'] ?? 0) ? $own : [];
            $sum = static function (string $name) use ($item, $parts): float {
                $value = (float) ($item[$name] ?? 0);
                return $value ?: array_sum(array_map(static fn (array $part): float => (float) ($part[$name] ?? 0), $parts));
            };
            $tax = $sum('tax_amount') + $sum('discount_tax_compensation_amount');
            $total = (float) ($item['row_total'] ?? 0) + $tax - $sum('discount_amount');
            $configured = ($item['product_type'] ?? '') === 'configurable' && $own;
            $lines[] = self::known([
                'id' => (string) $item['item_id'],
                'product_id' => self::text($item['product_id'] ?? null),
                'variant_id' => $configured ? self::text($own[0]['product_id'] ?? null) : null,
                'sku' => self::text($item['sku'] ?? null),
                'name' => self::text($item['name'] ?? null) ?? '?',
                'quantity' => self::number($item['qty_ordered']),
                'total' => self::money($total),
                'tax' => self::money($tax),
                'discount' => self::money($sum('discount_amount')),
            ]);
        }
        return $lines;
    }

    private static function refunds(array $memos): array
    {
        $paid = array_filter($memos, self::isPaidOut(...));
        return array_values(array_map(static fn (array $memo): array => [
            'id' => (string) $memo['entity_id'],
            'amount' => self::money($memo['grand_total']),
            'created_at' => self::time($memo['created_at']),
        ], $paid));
    }

    private static function isPaidOut(array $paper): bool
    {
        return (int) ($paper['state'] ?? 0) === self::PAID_OUT;
    }

    /** @return string[] */
    private static function times(array $papers): array
    {
        return array_values(array_map(static fn (array $paper): string => self::time($paper['created_at']), $papers));
    }

    /** The parcel of the last shipment that names one. */
    private static function track(array $shipments): array
    {
        foreach (array_reverse($shipments) as $shipment) {
            foreach ($shipment['tracks'] ?? [] as $track) {
                if (self::text($track['track_number'] ?? null) !== null) {
                    return $track;
                }
            }
        }
        return [];
    }

    private static function fulfilment(array $items, string $state): ?string
    {
        if ($state === 'complete') {
            return 'fulfilled';
        }
        $sent = array_filter($items, static fn (array $item): bool => (float) ($item['qty_shipped'] ?? 0) > 0);
        return $state === 'processing' ? ($sent ? 'partial' : 'unfulfilled') : null;
    }

    private static function address(array $row): ?array
    {
        $street = preg_split('/\R/', (string) ($row['street'] ?? '')) ?: [];
        $country = strtoupper((string) ($row['country_id'] ?? ''));
        $found = self::known([
            'first_name' => self::text($row['firstname'] ?? null),
            'last_name' => self::text($row['lastname'] ?? null),
            'company' => self::text($row['company'] ?? null),
            'line1' => self::text($street[0] ?? null),
            'line2' => self::text(implode(', ', array_slice($street, 1))),
            'city' => self::text($row['city'] ?? null),
            'state' => self::text(($row['region_code'] ?? null) ?: ($row['region'] ?? null)),
            'postal_code' => self::text($row['postcode'] ?? null),
            'country' => preg_match('/^[A-Z]{2}$/', $country) ? $country : null,
            'phone' => self::text($row['telephone'] ?? null),
        ]);
        return $found ?: null;
    }

    /** A new quote has MySQL's zero date until its first change. */
    private static function changed(array $row): string
    {
        $updated = (string) ($row['updated_at'] ?? '');
        return self::time($updated === '' || str_starts_with($updated, '0000') ? $row['created_at'] : $updated);
    }

    /** The database keeps UTC without saying so. */
    private static function time(string $stored): string
    {
        return (new \DateTimeImmutable($stored, new \DateTimeZone('UTC')))->format('Y-m-d\TH:i:s\Z');
    }

    /**
     * Two to four decimals, as many as the database has.
     *
     * @param mixed $amount
     */
    private static function money($amount): string
    {
        return preg_replace('/0{1,2}$/', '', number_format((float) $amount, 4, '.', ''));
    }

    /** @param mixed $quantity */
    private static function number($quantity): string
    {
        return rtrim(rtrim(number_format((float) $quantity, 4, '.', ''), '0'), '.');
    }

    /** @param mixed $value */
    private static function text($value): ?string
    {
        $text = trim(html_entity_decode((string) $value, ENT_QUOTES | ENT_HTML5, 'UTF-8'));
        return $text === '' ? null : $text;
    }

    private static function known(array $fields): array
    {
        return array_filter($fields, static fn ($value): bool => $value !== null);
    }
}
