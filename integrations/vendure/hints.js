// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

/**
 * What changed waits here for a moment, so that one checkout becomes one message, and goes to Cartfolk signed.
 * A message is a hint: `{"stream": "orders", "ids": ["12", "15"], "site": "https://shop.example.com"}`. It carries
 * nobody's data.
 */

const { randomUUID } = require('node:crypto');
const { signedHeaders } = require('./signature');

const GATHER = 200; // milliseconds
const PAUSES = [1, 5, 25, 120]; // seconds before each further try
const MOST_IDS = 500; // in one message
const MOST_WAITING = 20000; // of a stream, while Cartfolk cannot be reached; its poll finds the rest

class Hints {
    /** `target()` answers {address, store, secret, site}, or null while nothing is set up; `log` takes a sentence. */
    constructor(target, log, { fetch = globalThis.fetch, pauses = PAUSES } = {}) {
        this.target = target;
        this.log = log;
        this.fetch = fetch;
        this.pauses = pauses;
        this.waiting = new Map(); // stream -> ids
        this.timer = null;
        this.running = null;
        this.closing = false;
        this.wake = () => {};
    }

    /** Notes that these objects changed; what is noted already is sent once. */
    note(stream, ids) {
        if (!this.target()) {
            return;
        }
        this.keep(stream, ids);
        if (!this.timer) {
            this.timer = setTimeout(() => this.flush(), GATHER);
            this.timer.unref();
        }
    }

    keep(stream, ids) {
        const known = this.waiting.get(stream) || new Set();
        this.waiting.set(stream, known);
        for (const id of ids) {
            if (known.size < MOST_WAITING) {
                known.add(String(id));
            }
        }
    }

    /** Sends what waits; resolves when it is delivered or given up. What comes meanwhile goes along. */
    flush() {
        clearTimeout(this.timer);
        this.timer = null;
        this.running = this.running || this.run().finally(() => { this.running = null; });
        return this.running;
    }

    /** The last try, for a server that goes down. */
    close() {
        this.closing = true;
        this.wake();
        return this.flush();
    }

    async run() {
        let failures = 0;
        while (this.waiting.size) {
            if (await this.sendAll()) {
                failures = 0;
            } else if (this.closing || failures === this.pauses.length) {
                this.waiting.clear();
                this.log('Cartfolk could not be reached; its poll will find what changed.');
            } else {
                await this.pause(this.pauses[failures++]);
            }
        }
    }

    pause(seconds) {
        return new Promise((done) => {
            this.wake = done;
            setTimeout(done, seconds * 1000);
        });
    }

    /** Everything once. False = something waits again. */
    async sendAll() {
        const taken = this.waiting;
        this.waiting = new Map();
        let well = true;
        for (const [stream, known] of taken) {
            const ids = [...known];
            for (let start = 0; start < ids.length; start += MOST_IDS) {
                const some = ids.slice(start, start + MOST_IDS);
                const { site } = this.target() || {};
                if (!(await this.send(JSON.stringify({ stream, ids: some, site: site || undefined })))) {
                    this.keep(stream, some);
                    well = false;
                }
            }
        }
        return well;
    }

    /** One message. False = worth another try. */
    async send(body) {
        const target = this.target();
        if (!target) {
            return true;
        }
        const url = `${target.address.replace(/\/+$/, '')}/hooks/${encodeURIComponent(target.store)}`;
        const headers = signedHeaders(target.secret, `evt_${randomUUID()}`, Math.floor(Date.now() / 1000), body);
        try {
            const answer = await this.fetch(url, {
                method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(10000),
            });
            await answer.arrayBuffer();
            if (!answer.ok && answer.status < 500 && answer.status !== 429) {
                this.log(`Cartfolk refuses our events (${answer.status}): check address, store key and secret.`);
                return true;
            }
            return answer.ok;
        } catch {
            return false; // not reached
        }
    }
}

module.exports = { Hints };
