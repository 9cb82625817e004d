// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';

/**
 * Cartfolk for Vendure: listens to the event bus and tells Cartfolk which objects changed, nothing else. Events come
 * after the transaction, but what they carry may be old already: so only ids are sent, and Cartfolk reads the object.
 */

const core = require('@vendure/core');
const { Hints } = require('./hints');
const { keyOf } = require('./signature');

const CONTEXT = 'Cartfolk';

/** A cart is an order that was not placed yet. */
function ofOrder(order) {
    return order ? [[order.orderPlacedAt ? 'orders' : 'carts', [order.id]]] : [];
}

function ofPeople(customers) {
    return [['customers', customers.filter(Boolean).map((customer) => customer.id)]];
}

/** Class of an event -> which objects of which streams it is about. */
const TOLD = {
    CustomerEvent: (event) => ofPeople([event.entity]),
    CustomerAddressEvent: (event) => ofPeople([event.entity.customer]),
    CustomerGroupChangeEvent: (event) => ofPeople(event.customers),
    AccountVerifiedEvent: (event) => ofPeople([event.customer]),
    HistoryEntryEvent: (event) => [...ofPeople([event.entity.customer]), ...ofOrder(event.entity.order)],
    OrderEvent: (event) => ofOrder(event.entity),
    OrderLineEvent: (event) => ofOrder(event.order),
    OrderStateTransitionEvent: (event) => ofOrder(event.order),
    OrderPlacedEvent: (event) => [['orders', [event.order.id]]],
    PaymentStateTransitionEvent: (event) => ofOrder(event.order),
    RefundEvent: (event) => ofOrder(event.order),
    RefundStateTransitionEvent: (event) => ofOrder(event.order),
    CouponCodeEvent: (event) => [['carts', [event.orderId]]],
    ProductEvent: (event) => [['products', [event.entity.id]]],
    ProductVariantEvent: (event) => [['products', event.entity.map((variant) => variant.productId)]],
    CollectionEvent: (event) => [['categories', [event.entity.id]]],
    PromotionEvent: (event) => [['coupons', [event.entity.id]]],
};

class CartfolkPlugin {
    static options = null;

    /**
     * `address` of your Cartfolk, `store` (its key) and `secret` (whsec_...): all three are on the store's page there.
     * Without them the plugin does nothing. `site` is the shop's own address, another one in every copy (staging): by
     * it Cartfolk notices a copied shop that sends with the same secret.
     */
    static init(options) {
        const { address, store, secret, site } = options || {};
        if (secret && !keyOf(secret)) {
            throw new Error('Cartfolk: the secret is whsec_ followed by base64; copy it again from the store\'s page.');
        }
        CartfolkPlugin.options = address && store && secret ? { address, store, secret, site } : null;
        return CartfolkPlugin;
    }

    constructor(eventBus, configService) {
        this.eventBus = eventBus;
        this.ids = (configService.entityOptions && configService.entityOptions.entityIdStrategy)
            || configService.entityIdStrategy;
        this.hints = new Hints(() => CartfolkPlugin.options, (sentence) => core.Logger.warn(sentence, CONTEXT));
        this.subscriptions = [];
    }

    onApplicationBootstrap() {
        for (const [name, about] of Object.entries(TOLD)) {
            if (!core[name]) {
                continue; // an older Vendure without this event
            }
            this.subscriptions.push(
                this.eventBus.ofType(core[name]).subscribe((event) => {
                    for (const [stream, ids] of about(event)) {
                        const known = ids.filter((id) => id !== undefined && id !== null);
                        this.hints.note(stream, known.map((id) => this.ids.encodeId(id)));
                    }
                }),
            );
        }
    }

    async onApplicationShutdown() {
        this.subscriptions.forEach((subscription) => subscription.unsubscribe());
        await this.hints.close();
    }
}

// What decorators would say in TypeScript; so the plugin needs no build.
Reflect.defineMetadata('design:paramtypes', [core.EventBus, core.ConfigService], CartfolkPlugin);
core.VendurePlugin({ imports: [core.PluginCommonModule], compatibility: '^3.0.0' })(CartfolkPlugin);

module.exports = { CartfolkPlugin };
