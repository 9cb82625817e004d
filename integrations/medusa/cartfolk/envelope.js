"use strict"

/** A cart as Medusa reads it -> the envelope of Cartfolk's ingest door (docs/ingest.md). */

const FIELDS = [
  "id", "email", "customer_id", "customer.has_account", "currency_code", "created_at", "completed_at", "total",
  "subtotal", "tax_total", "items.*", "billing_address.*", "shipping_address.*", "shipping_methods.id",
  "payment_collection.id",
]

/** An amount as text: its exact value where Medusa has one, which it writes with up to twenty digits. */
function amount(parent, name) {
  const raw = parent[`raw_${name}`]
  const value = raw && raw.value !== undefined ? raw.value : parent[name]
  if (value === undefined || value === null) {
    return undefined
  }
  const text = String(value)
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text
}

function line(item) {
  const plain = !item.variant_title || /^default/i.test(item.variant_title) || item.variant_title === item.title
  return {
    id: item.id,
    product_id: item.product_id || undefined,
    variant_id: item.variant_id || undefined,
    sku: item.variant_sku || undefined,
    name: (plain ? item.title : `${item.title} - ${item.variant_title}`) || item.product_title || item.id,
    quantity: amount(item, "quantity"),
    total: amount(item, "total"),
    tax: amount(item, "tax_total"),
    discount: amount(item, "discount_total"),
    image_url: /^https?:\/\//.test(item.thumbnail || "") ? item.thumbnail : undefined,
  }
}

/**
 * `at` is when it was read, for a cart's own time of change stands still while its lines change. `url` is where the
 * storefront brings a cart back, with {id} for its id. Null for a cart that became an order.
 */
function envelope(cart, at, url) {
  if (cart.completed_at) {
    return null
  }
  const address = cart.billing_address || cart.shipping_address || {}
  const checkout = Boolean(
    cart.billing_address || cart.shipping_address || cart.payment_collection || (cart.shipping_methods || []).length,
  )
  const account = Boolean(cart.customer && cart.customer.has_account)
  return {
    id: `${cart.id}-${at.getTime()}`,
    kind: checkout ? "checkout" : "cart",
    occurred_at: at.toISOString(),
    object: {
      cart_id: cart.id,
      email: cart.email || undefined,
      phone: address.phone || undefined,
      customer_id: account ? cart.customer_id : undefined,
      first_name: address.first_name || undefined,
      last_name: address.last_name || undefined,
      currency: String(cart.currency_code).toUpperCase(),
      total: amount(cart, "total"),
      subtotal: amount(cart, "subtotal"),
      tax: amount(cart, "tax_total"),
      created_at: cart.created_at ? new Date(cart.created_at).toISOString() : undefined,
      url: url ? url.replace("{id}", encodeURIComponent(cart.id)) : undefined,
      lines: (cart.items || []).filter(Boolean).map(line),
    },
  }
}

module.exports = { FIELDS, envelope }
