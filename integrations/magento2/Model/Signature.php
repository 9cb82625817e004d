<?php
/**
 * The Standard Webhooks signature; needs nothing of Magento, so it is tested against Cartfolk's own.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Model;

final class Signature
{
    /** The key inside `whsec_<base64>`, or null when it is none. */
    public static function key(string $secret): ?string
    {
        if (!str_starts_with($secret, 'whsec_')) {
            return null;
        }
        $key = base64_decode(substr($secret, 6), true);
        return $key === false || $key === '' ? null : $key;
    }

    /**
     * Headers of one message: `$timestamp` in seconds, `$body` exactly as it will be sent.
     *
     * @return array<string, string>
     */
    public static function headers(string $secret, string $id, int $timestamp, string $body): array
    {
        $digest = hash_hmac('sha256', "$id.$timestamp.$body", (string) self::key($secret), true);
        return [
            'content-type' => 'application/json',
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $timestamp,
            'webhook-signature' => 'v1,' . base64_encode($digest),
        ];
    }
}
