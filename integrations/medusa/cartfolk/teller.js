"use strict"

/**
 * What changed waits here for a moment, so that one checkout becomes one message, and goes to Cartfolk signed.
 *
 * Customers, orders and goods go as hints, `{"stream": "orders", "ids": [...], "site": "https://..."}`: nobody's data leaves the shop, Cartfolk
 * reads the object by its key. Carts go as envelopes, because the Admin API cannot list them.
 */

const { randomUUID } = require("node:crypto")
const { signedHeaders } = require("./signature")

const GATHER = 200 // milliseconds
const PAUSES = [0, 1, 5, 25, 120] // seconds before each try
const MOST = 500 // ids or envelopes in one message
const MOST_WAITING = 20000 // while Cartfolk cannot be reached; its poll finds the rest

class Teller {
  /** `target` is {address, store, secret, site}; `readCarts(ids)` answers envelopes; `log` takes a sentence. */
  constructor(target, readCarts, log, { fetch = globalThis.fetch, pauses = PAUSES } = {}) {
    Object.assign(this, { target, readCarts, log, fetch, pauses })
    this.waiting = new Map() // stream -> ids
    this.timer = null
    this.sending = Promise.resolve()
  }

  /** Notes that these objects of a stream changed; what is noted already is told once. */
  note(stream, ids) {
    const known = this.waiting.get(stream) || new Set()
    this.waiting.set(stream, known)
    for (const id of ids) {
      if (id && known.size < MOST_WAITING) {
        known.add(String(id))
      }
    }
    if (!this.timer) {
      this.timer = setTimeout(() => this.flush(), GATHER)
      this.timer.unref()
    }
  }

  /** Sends what waits; resolves when it is delivered or given up. */
  flush() {
    clearTimeout(this.timer)
    this.timer = null
    const noted = [...this.waiting]
    this.waiting.clear()
    // One after the other: of two moments of a cart the second must not overtake the first.
    this.sending = this.sending.then(() => this.tell(noted)).catch((error) => this.log(`Cartfolk: ${error.message}`))
    return this.sending
  }

  async tell(noted) {
    const site = this.target.site || undefined // where this shop is: a copy of it says another place
    for (const [stream, ids] of noted) {
      const all = [...ids]
      for (let start = 0; start < all.length; start += MOST) {
        const some = all.slice(start, start + MOST)
        if (stream !== "carts") {
          await this.deliver("hooks", { stream, ids: some, site })
          continue
        }
        const carts = await this.readCarts(some)
        if (carts.length) {
          await this.deliver("ingest/v1", carts.map((cart) => ({ ...cart, site })))
        }
      }
    }
  }

  async deliver(door, message) {
    const { address, store, secret } = this.target
    const url = `${address.replace(/\/+$/, "")}/${door}/${encodeURIComponent(store)}`
    const body = JSON.stringify(message)
    const id = `evt_${randomUUID()}`
    for (const pause of this.pauses) {
      await new Promise((done) => setTimeout(done, pause * 1000).unref())
      const headers = signedHeaders(secret, id, Math.floor(Date.now() / 1000), body)
      try {
        const answer = await this.fetch(url, {
          method: "POST", headers, body, redirect: "error", signal: AbortSignal.timeout(10000),
        })
        await answer.arrayBuffer()
        if (answer.ok) {
          return true
        }
        if (answer.status < 500 && answer.status !== 429) {
          this.log(`Cartfolk refuses our events (${answer.status}): check CARTFOLK_URL, CARTFOLK_STORE and CARTFOLK_SECRET.`)
          return false
        }
      } catch {
        // Not reached: the next try, and after the last one Cartfolk's poll.
      }
    }
    this.log("Cartfolk could not be reached; its poll finds customers and orders.")
    return false
  }
}

module.exports = { Teller }
