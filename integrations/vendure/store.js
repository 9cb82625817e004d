// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

/**
 * A real Vendure shop in memory (SQLite compiled to WebAssembly), for tests and for looking at: scripts/vendure-store.
 *
 * Says where it is in one line of JSON on standard output. A line of JSON on standard input sets the plugin up:
 * {"address", "store", "secret"}. It ends when standard input closes.
 */

process.env.VENDURE_DISABLE_TELEMETRY = 'true';

const readline = require('node:readline');
const core = require('@vendure/core');
const { lastValueFrom } = require('rxjs');
const { CartfolkPlugin } = require('./cartfolk');

const ADMIN = { identifier: 'superadmin', password: 'superadmin' };
const GOODS = [
    ['Enamel mug', 'enamel-mug', 'kitchen', [['MUG-W', 'white', '14.90'], ['MUG-B', 'blue', '15.90']]],
    ['Oak board', 'oak-board', 'kitchen', [['BOARD', '', '39.00']]],
    ['Linen towel', 'linen-towel', 'kitchen', [['TOWEL', '', '9.95']]],
    ['Wool blanket', 'wool-blanket', 'living', [['BLANKET-G', 'grey', '89.00'], ['BLANKET-R', 'red', '89.00']]],
    ['Candle', 'candle', 'living', [['CANDLE', '', '4.50']]],
];

/** Hashing a password is meant to be slow; the accounts of a test need none of that. */
class QuickHash {
    async hash(password) {
        return `quick:${password}`;
    }

    async check(password, hash) {
        return hash === `quick:${password}`;
    }
}

function config(port) {
    return {
        apiOptions: { port, hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
        authOptions: {
            tokenMethod: ['bearer', 'api-key'],
            superadminCredentials: ADMIN,
            requireVerification: false,
            passwordHashingStrategy: new QuickHash(),
        },
        dbConnectionOptions: { type: 'sqljs', synchronize: true, logging: false },
        defaultChannelToken: 'cartfolk-test-channel',
        orderOptions: {
            guestCheckoutStrategy: new core.DefaultGuestCheckoutStrategy({ allowGuestCheckoutForRegisteredCustomers: true }),
        },
        paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
        logger: new core.DefaultLogger({ level: core.LogLevel.Error }),
        plugins: [core.DefaultJobQueuePlugin.init({ pollInterval: 100 }), CartfolkPlugin.init({})],
    };
}

const SETTINGS = {
    defaultLanguage: core.LanguageCode.en,
    defaultZone: 'Europe',
    countries: [
        { name: 'Germany', code: 'DE', zone: 'Europe' },
        { name: 'France', code: 'FR', zone: 'Europe' },
    ],
    taxRates: [{ name: 'Standard Tax', percentage: 19 }],
    shippingMethods: [{ name: 'Parcel', price: 490, taxRate: 0 }],
    paymentMethods: [
        { name: 'Card', handler: { code: core.dummyPaymentHandler.code, arguments: [{ name: 'automaticSettle', value: 'true' }] } },
        { name: 'Invoice', handler: { code: core.dummyPaymentHandler.code, arguments: [{ name: 'automaticSettle', value: 'false' }] } },
    ],
    collections: ['kitchen', 'living'].map((name) => ({
        name, filters: [{ code: 'facet-value-filter', args: { facetValueNames: [name], containsAny: false } }],
    })),
};

/** The goods in the form Vendure imports. */
function goods() {
    const rows = ['name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets'];
    for (const [name, slug, room, variants] of GOODS) {
        variants.forEach(([sku, colour, price], place) => {
            const own = place ? ',,,,' : `${name},${slug},,,room:${room}`;
            rows.push(`${own},${place || !colour ? '' : 'colour'},${colour},${sku},${price},standard,1000,false,,`);
        });
    }
    return rows.join('\n');
}

async function main() {
    const app = await core.bootstrap(config(Number(process.env.PORT || 0)));
    await app.get(core.Populator).populateInitialData(SETTINGS);
    const ctx = await app.get(core.RequestContextService).create({ apiType: 'admin' });
    const channels = app.get(core.ChannelService);
    const channel = await channels.getDefaultChannel();
    await channels.update(ctx, { id: channel.id, pricesIncludeTax: true, defaultCurrencyCode: 'EUR', availableCurrencyCodes: ['EUR'] });
    await app.get(core.JobQueueService).start();
    const fresh = await app.get(core.RequestContextService).create({ apiType: 'admin' }); // knows the new channel
    const imported = await lastValueFrom(app.get(core.Importer).parseAndImport(goods(), fresh));
    if (imported.errors.length) {
        throw new Error(imported.errors.join('; '));
    }
    await app.get(core.Populator).populateCollections(SETTINGS);
    const { port } = app.getHttpServer().address();
    const url = `http://127.0.0.1:${port}`;
    process.stdout.write(`${JSON.stringify({ url, username: ADMIN.identifier, password: ADMIN.password })}\n`);
    const lines = readline.createInterface({ input: process.stdin });
    lines.on('line', (line) => {
        CartfolkPlugin.init(JSON.parse(line));
        process.stdout.write('{"plugin":"ready"}\n');
    });
    lines.on('close', () => app.close().finally(() => process.exit(0)));
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
