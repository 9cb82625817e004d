"use strict"

/** The Standard Webhooks signature; needs nothing of Medusa, so it is tested against Cartfolk's own. */

const { createHmac } = require("node:crypto")

/** The key inside `whsec_<base64>`, or null when it is none. */
function keyOf(secret) {
  const found = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(String(secret || ""))
  return found && found[1].length % 4 === 0 ? Buffer.from(found[1], "base64") : null
}

/** Headers of one message: `timestamp` in seconds, `body` exactly as it will be sent. */
function signedHeaders(secret, id, timestamp, body) {
  const digest = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${digest}`,
  }
}

module.exports = { keyOf, signedHeaders }
