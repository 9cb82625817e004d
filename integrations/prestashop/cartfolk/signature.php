<?php
/**
 * The Standard Webhooks signature; needs nothing of PrestaShop, so it is tested against Cartfolk's own.
 *
 * License: Apache-2.0
 */

/** The key inside `whsec_<base64>`, or null when it is none. */
function cartfolk_key($secret)
{
    if (0 !== strpos((string) $secret, 'whsec_')) {
        return null;
    }
    $key = base64_decode(substr($secret, 6), true);

    return false === $key || '' === $key ? null : $key;
}

/** Header lines of one message: `$timestamp` in seconds, `$body` exactly as it will be sent. */
function cartfolk_signed_headers($secret, $id, $timestamp, $body)
{
    $digest = hash_hmac('sha256', $id . '.' . $timestamp . '.' . $body, (string) cartfolk_key($secret), true);

    return [
        'webhook-id' => $id,
        'webhook-timestamp' => (string) $timestamp,
        'webhook-signature' => 'v1,' . base64_encode($digest),
    ];
}
