// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

/**
 * What changed waits here for a moment, so that one checkout becomes one message, and goes to Cartfolk signed.
 * A message is a hint: `{"stream": "orders", "ids": ["12", "15"]}`. It carries nobody's data.
 */

const { randomUUID } = require('node:crypto');
const { signedHeaders } = require('./signature');

const GATHER = 200; // milliseconds
const PAUSES = [0, 1, 5, 25, 120]; // seconds before each try
const MOST_IDS = 500; // in one message
const MOST_WAITING = 20000; // while Cartfolk cannot be reached; its poll finds the rest

class Hints {
    /** `target()` answers {address, store, secret}, or null while nothing is set up; `log` takes a sentence. */
    constructor(target, log, { fetch = globalThis.fetch, pauses = PAUSES } = {}) {
        this.target = target;
        this.log = log;
        this.fetch = fetch;
        this.pauses = pauses;
        this.waiting = new Map(); // stream -> ids
        this.timer = null;
        this.sending = Promise.resolve();
    }

    /** Notes that these objects changed; what is noted already is sent once. */
    note(stream, ids) {
        if (!this.target()) {
            return;
        }
        const known = this.waiting.get(stream) || new Set();
        this.waiting.set(stream, known);
        for (const id of ids) {
            if (known.size < MOST_WAITING) {
                known.add(String(id));
            }
        }
        if (!this.timer) {
            this.timer = setTimeout(() => this.flush(), GATHER);
            this.timer.unref();
        }
    }

    /** Sends what waits; resolves when it is delivered or given up. */
    flush() {
        clearTimeout(this.timer);
        this.timer = null;
        const messages = [];
        for (const [stream, ids] of this.waiting) {
            const all = [...ids];
            for (let start = 0; start < all.length; start += MOST_IDS) {
                messages.push(JSON.stringify({ stream, ids: all.slice(start, start + MOST_IDS) }));
            }
        }
        this.waiting.clear();
        this.sending = this.sending.then(() => Promise.all(messages.map((body) => this.deliver(body))));
        return this.sending;
    }

    async deliver(body) {
        const id = `evt_${randomUUID()}`;
        for (const pause of this.pauses) {
            await new Promise((done) => setTimeout(done, pause * 1000).unref());
            const target = this.target();
            if (!target) {
                return false;
            }
            const url = `${target.address.replace(/\/+$/, '')}/hooks/${encodeURIComponent(target.store)}`;
            const headers = signedHeaders(target.secret, id, Math.floor(Date.now() / 1000), body);
            try {
                const answer = await this.fetch(url, {
                    method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(10000),
                });
                await answer.arrayBuffer();
                if (answer.ok) {
                    return true;
                }
                if (answer.status < 500 && answer.status !== 429) {
                    this.log(`Cartfolk refuses our events (${answer.status}): check address, store key and secret.`);
                    return false;
                }
            } catch {
                // Not reached: the next try, and after the last one Cartfolk's poll.
            }
        }
        this.log('Cartfolk could not be reached; its poll will find what changed.');
        return false;
    }
}

module.exports = { Hints };
