"use strict"

/**
 * Cartfolk for Medusa 2: tells your own Cartfolk what happens in the shop. Copy `subscribers` and `cartfolk` into the
 * `src` of your Medusa project and set CARTFOLK_URL, CARTFOLK_STORE and CARTFOLK_SECRET (all on the store's page there);
 * CARTFOLK_CART_URL, where your storefront brings a cart back, may have {id} in it. Without them it does nothing.
 * CARTFOLK_SITE is the shop's own address, another one in every copy of it; else MEDUSA_BACKEND_URL tells.
 */

const { FIELDS, envelope } = require("../cartfolk/envelope")
const { keyOf } = require("../cartfolk/signature")
const { Teller } = require("../cartfolk/teller")

/** Event -> the stream of Cartfolk its `id` (or `order_id`) belongs to. */
const TOLD = {
  "cart.created": "carts", "cart.updated": "carts", "cart.customer_updated": "carts", "cart.region_updated": "carts",
  "cart.customer_transferred": "carts",
  "customer.created": "customers", "customer.updated": "customers", "customer.deleted": "customers",
  "order.placed": "orders", "order.updated": "orders", "order.canceled": "orders", "order.completed": "orders",
  "order.archived": "orders", "order.fulfillment_created": "orders", "order.fulfillment_canceled": "orders",
  "order.return_received": "orders", "order.claim_created": "orders", "order.exchange_created": "orders",
  "order.transfer_requested": "orders", "order-edit.confirmed": "orders",
  "product.created": "products", "product.updated": "products", "product.deleted": "products",
  "product-category.created": "categories", "product-category.updated": "categories",
  "product-category.deleted": "categories",
}
/** Event -> whose `id` it has, and where from there the object of the stream is found. */
const PARTS = {
  "payment.captured": ["payment", "payment_collection.order.id", "orders"],
  "payment.refunded": ["payment", "payment_collection.order.id", "orders"],
  "shipment.created": ["fulfillment", "order.id", "orders"],
  "delivery.created": ["fulfillment", "order.id", "orders"],
  "product-variant.created": ["product_variant", "product_id", "products"],
  "product-variant.updated": ["product_variant", "product_id", "products"],
}

let teller

/** The one teller of this process; null while it is not set up. */
function telling(container) {
  if (teller === undefined) {
    const { CARTFOLK_URL: address, CARTFOLK_STORE: store, CARTFOLK_SECRET: secret, CARTFOLK_CART_URL: url } = process.env
    const { CARTFOLK_SITE, MEDUSA_BACKEND_URL } = process.env
    const site = CARTFOLK_SITE || MEDUSA_BACKEND_URL || ""
    const logger = container.resolve("logger")
    const query = container.resolve("query")
    const readCarts = async (ids) => {
      const { data } = await query.graph({ entity: "cart", fields: FIELDS, filters: { id: ids } })
      const at = new Date()
      return data.map((cart) => envelope(cart, at, url)).filter(Boolean)
    }
    teller = null
    if (address && store && keyOf(secret)) {
      teller = new Teller({ address, store, secret, site }, readCarts, (sentence) => logger.warn(sentence))
    } else if (address || store || secret) {
      logger.warn("Cartfolk needs CARTFOLK_URL, CARTFOLK_STORE and CARTFOLK_SECRET (whsec_...): copy them again.")
    }
  }
  return teller
}

/** `order.id` of an object by that path. */
function inside(value, path) {
  return path.split(".").reduce((part, name) => (part ? part[name] : undefined), value)
}

async function tell({ event: { name, data }, container }) {
  const known = telling(container)
  if (!known || !data) {
    return
  }
  if (!PARTS[name]) {
    known.note(TOLD[name], [TOLD[name] === "orders" ? data.order_id || data.id : data.id])
    return
  }
  const [entity, path, stream] = PARTS[name]
  const { data: found } = await container
    .resolve("query")
    .graph({ entity, fields: ["id", path], filters: { id: data.id } })
  known.note(stream, found.map((each) => inside(each, path)))
}

module.exports = {
  default: tell,
  config: { event: [...Object.keys(TOLD), ...Object.keys(PARTS)], context: { subscriberId: "cartfolk" } },
}
