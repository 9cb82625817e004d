/* cartfolk.js: tells Cartfolk about carts and checkouts. No dependency, no cookie; nothing is kept in the
 * browser before cartfolk('consent', true). Privacy signals (Do Not Track, Global Privacy Control) switch
 * it off unless the visitor consents.
 *
 *   <script async src="https://cartfolk.example/t/KEY/cartfolk.js"></script>
 *   cartfolk('cart', {currency: 'EUR', total: '59.80', lines: [{name: 'Mug', quantity: 2, price: '29.90'}]})
 *   cartfolk('checkout', {...})   cartfolk('identify', 'a@b.example')   cartfolk('consent', true | false)
 *
 * Calls made before the script arrives wait in a queue:
 *   window.cartfolk = window.cartfolk || function () { (cartfolk.q = cartfolk.q || []).push(arguments) }
 */
(function (window, document) {
  'use strict';
  var tag = document.currentScript;
  var door = tag && tag.src.replace(/\/cartfolk\.js([?#].*)?$/, '');
  if (!door) return;

  var nav = window.navigator;
  var KEY = 'cartfolk';
  var agreed = null; // true, false, or null: not asked yet
  var state = { id: '', email: '', cart: null, kind: 'cart' };
  var sent = '';
  var timer = 0;

  function refused() {
    if (agreed !== null) return !agreed;
    return nav.globalPrivacyControl === true || nav.doNotTrack === '1' || window.doNotTrack === '1';
  }

  function random() {
    var bytes = new Uint8Array(16), text = '';
    window.crypto.getRandomValues(bytes);
    for (var i = 0; i < 16; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }

  function recall() {
    try {
      var kept = JSON.parse(window.localStorage.getItem(KEY) || 'null');
      if (kept && kept.agreed === true) {
        agreed = true;
        state.id = kept.id || '';
        state.email = kept.email || '';
      }
    } catch (error) { /* storage is blocked: memory does */ }
  }

  function remember() {
    if (agreed !== true) return;
    try {
      window.localStorage.setItem(KEY, JSON.stringify({ agreed: true, id: state.id, email: state.email }));
    } catch (error) { /* as above */ }
  }

  function utm() {
    var found = {}, any = false, query = new URLSearchParams(window.location.search);
    ['source', 'medium', 'campaign'].forEach(function (name) {
      var value = query.get('utm_' + name);
      if (value) { found[name] = value.slice(0, 300); any = true; }
    });
    return any ? found : undefined;
  }

  function elsewhere() {
    var from = document.referrer;
    return from && from.indexOf(window.location.origin) !== 0 ? from.slice(0, 2000) : undefined;
  }

  function post(text) {
    // text/plain needs no question beforehand (CORS), and a beacon outlives the page.
    try {
      if (nav.sendBeacon && nav.sendBeacon(door, new Blob([text], { type: 'text/plain' }))) return;
    } catch (error) { /* a blocker: fetch instead */ }
    if (window.fetch) {
      window.fetch(door, { method: 'POST', body: text, keepalive: true, credentials: 'omit',
        headers: { 'content-type': 'text/plain' } }).catch(function () {});
    }
  }

  function report() {
    timer = 0;
    if (refused() || !state.cart) return;
    var object = {}, name;
    for (name in state.cart) if (state.cart[name] !== undefined) object[name] = state.cart[name];
    if (!object.cart_id) object.cart_id = state.id = state.id || random();
    if (!object.email && state.email) object.email = state.email;
    object.lines = object.lines || [];
    var same = state.kind + JSON.stringify(object);
    if (same === sent) return; // nothing new
    sent = same;
    object.page_url = window.location.href.split(/[?#]/)[0];
    object.referrer = elsewhere();
    object.utm = utm();
    post(JSON.stringify({ id: random(), kind: state.kind, object: object }));
    remember();
  }

  function soon() {
    if (!timer) timer = window.setTimeout(report, 300); // several changes are one report
  }

  function identify(text) {
    var email = String(text || '').trim();
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(email) || email.length > 320 || email === state.email) return;
    state.email = email;
    remember();
    soon();
  }

  var commands = {
    cart: function (cart) { state.cart = cart || { lines: [] }; state.kind = 'cart'; soon(); },
    checkout: function (cart) { state.cart = cart || state.cart; state.kind = 'checkout'; soon(); },
    identify: identify,
    consent: function (yes) {
      agreed = yes === true;
      if (agreed) { state.id = state.id || random(); remember(); soon(); return; }
      state.email = state.id = sent = '';
      try { window.localStorage.removeItem(KEY); } catch (error) { /* nothing was kept */ }
    }
  };

  function typed(event) {
    var input = event.target;
    if (refused() || !input || input.tagName !== 'INPUT') return;
    var meant = (input.autocomplete || '').toLowerCase().split(' ').indexOf('email') >= 0;
    if ((input.type === 'email' || meant) && input.type !== 'password') identify(input.value);
  }

  recall();
  document.addEventListener('change', typed, true);
  document.addEventListener('blur', typed, true);
  document.addEventListener('visibilitychange', function () {
    if (timer && document.visibilityState === 'hidden') { window.clearTimeout(timer); report(); }
  });

  var waiting = (window.cartfolk && window.cartfolk.q) || [];
  function cartfolk(name) {
    var command = Object.prototype.hasOwnProperty.call(commands, name) && commands[name];
    if (command) command.apply(null, [].slice.call(arguments, 1));
  }
  window.cartfolk = cartfolk;
  for (var i = 0; i < waiting.length; i++) cartfolk.apply(null, waiting[i]);
})(window, document);
