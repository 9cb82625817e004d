<?php
/**
 * The Standard Webhooks signature, and the token of a recovery link. Needs nothing of Magento, so it is tested
 * against Cartfolk's own.
 */
class Cartfolk_Hub_Model_Signature
{
    /** The key inside `whsec_<base64>`, or null when it is none. */
    public static function key($secret)
    {
        if (0 !== strpos((string) $secret, 'whsec_')) {
            return null;
        }
        $key = base64_decode(substr($secret, 6), true);
        return false === $key || '' === $key ? null : $key;
    }

    /** Headers of one message: `$timestamp` in seconds, `$body` exactly as it will be sent. */
    public static function headers($secret, $id, $timestamp, $body)
    {
        $digest = hash_hmac('sha256', $id . '.' . $timestamp . '.' . $body, (string) self::key($secret), true);
        return array(
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $timestamp,
            'webhook-signature' => 'v1,' . base64_encode($digest),
        );
    }

    /** Who holds a cart's link may see its goods: the link is known to Cartfolk and the mail's reader only. */
    public static function link($secret, $cart)
    {
        return hash_hmac('sha256', 'restore cart ' . $cart, (string) self::key($secret));
    }
}
