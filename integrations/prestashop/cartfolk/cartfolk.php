<?php
/**
 * Cartfolk for PrestaShop: tells your own Cartfolk at once what happens to customers, carts, orders and newsletters.
 *
 * How it works: hooks only note numbers. When the page is done and its answer is out, what was noted is read from the
 * database and goes out as one signed request. A request that fails is not repeated: Cartfolk asks the webservice
 * every few minutes anyway. A recovery link carries a token nobody can guess, of which only the hash is stored.
 *
 * License: Apache-2.0
 */

if (!defined('_PS_VERSION_')) {
    exit;
}

require_once __DIR__ . '/signature.php';
require_once __DIR__ . '/envelopes.php';

class Cartfolk extends Module
{
    const HOOKS = [
        'actionCartSave',
        'actionValidateOrder',
        'actionOrderStatusPostUpdate',
        'actionObjectOrderSlipAddAfter',
        'actionCustomerAccountAdd',
        'actionCustomerAccountUpdate',
        'actionObjectCustomerUpdateBefore',
        'actionObjectCustomerUpdateAfter',
        'actionNewsletterRegistrationAfter',
        'actionDispatcher',
    ];
    const FIELDS = ['CARTFOLK_ADDRESS', 'CARTFOLK_STORE', 'CARTFOLK_SECRET'];
    const LINK_DAYS = 30;
    const MAX_LINES = 200;

    /** What happened on this page: kind => number or address => true. */
    protected $noted = ['customer' => [], 'order' => [], 'cart' => [], 'newsletter' => []];
    protected $recovered = 0;
    protected $waiting = false;

    public function __construct()
    {
        $this->name = 'cartfolk';
        $this->tab = 'emailing';
        $this->version = '0.1.0';
        $this->author = 'Cartfolk';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '1.7.1.0', 'max' => '9.99.99'];
        parent::__construct();
        $this->displayName = $this->l('Cartfolk');
        $this->description = $this->l('Tells your own Cartfolk about customers, carts, orders and newsletters at once.');
    }

    public function install()
    {
        $links = 'CREATE TABLE IF NOT EXISTS `' . _DB_PREFIX_ . 'cartfolk_link` (
            `hash` char(64) NOT NULL PRIMARY KEY, `id_cart` int unsigned NOT NULL, `made` datetime NOT NULL
        ) ENGINE=' . _MYSQL_ENGINE_ . ' DEFAULT CHARSET=utf8';

        return parent::install() && Db::getInstance()->execute($links)
            && array_reduce(self::HOOKS, function ($fine, $hook) {
                return $fine && $this->registerHook($hook);
            }, true);
    }

    public function uninstall()
    {
        foreach (self::FIELDS as $name) {
            Configuration::deleteByName($name);
        }
        Db::getInstance()->execute('DROP TABLE IF EXISTS `' . _DB_PREFIX_ . 'cartfolk_link`');

        return parent::uninstall();
    }

    /* --- What happened ---------------------------------------------------------------------------------------- */

    public function hookActionCartSave($params)
    {
        $cart = isset($params['cart']) ? $params['cart'] : null;
        if ($cart && $cart->id) {
            $this->note('cart', (int) $cart->id);
        }
    }

    public function hookActionValidateOrder($params)
    {
        $this->note('order', (int) $params['order']->id);
        $this->note('cart', (int) $params['order']->id_cart);
    }

    public function hookActionOrderStatusPostUpdate($params)
    {
        $this->note('order', (int) $params['id_order']);
    }

    public function hookActionObjectOrderSlipAddAfter($params)
    {
        $this->note('order', (int) $params['object']->id_order);
    }

    public function hookActionCustomerAccountAdd($params)
    {
        $this->note('customer', (int) $params['newCustomer']->id);
    }

    public function hookActionCustomerAccountUpdate($params)
    {
        $this->note('customer', (int) $params['customer']->id);
    }

    /** A flag that is switched on again keeps its first date in the row: only now it can be seen that it changed. */
    public function hookActionObjectCustomerUpdateBefore($params)
    {
        $customer = $params['object'];
        $before = Db::getInstance()->getValue(
            'SELECT `newsletter` FROM `' . _DB_PREFIX_ . 'customer` WHERE `id_customer` = ' . (int) $customer->id
        );
        if (false !== $before && (bool) $before !== (bool) $customer->newsletter) {
            $this->note('newsletter', (string) $customer->email, $customer->newsletter ? 'account on' : 'account off');
        }
    }

    public function hookActionObjectCustomerUpdateAfter($params)
    {
        $this->note('customer', (int) $params['object']->id);
    }

    public function hookActionNewsletterRegistrationAfter($params)
    {
        if (empty($params['error']) && Validate::isEmail($params['email'])) {
            $this->note('newsletter', (string) $params['email'], '1' === (string) $params['action'] ? 'off' : 'on');
        }
    }

    /** The link in the mail that confirms a sign-up tells nobody once it has worked: whose it is is seen before. */
    public function hookActionDispatcher($params)
    {
        $page = isset($params['controller_class']) ? strtolower($params['controller_class']) : '';
        if ('ps_emailsubscriptionverificationmodulefrontcontroller' !== $page) {
            return;
        }
        $token = pSQL((string) Tools::getValue('token'));
        $salt = pSQL((string) Configuration::get('NW_SALT'));
        foreach (['emailsubscription' => 'newsletter_date_add', 'customer' => 'date_add'] as $table => $date) {
            $email = Db::getInstance()->getValue(
                'SELECT `email` FROM `' . _DB_PREFIX_ . $table . '`'
                . " WHERE MD5(CONCAT(`email`, `$date`, '$salt')) = '$token'"
            );
            if ($email) {
                $this->note('newsletter', (string) $email, 'on');
            }
        }
    }

    protected function note($kind, $what, $how = true)
    {
        if (!$what || !$this->isConfigured()) {
            return;
        }
        $this->noted[$kind][$what] = $how;
        if (!$this->waiting) {
            $this->waiting = true;
            register_shutdown_function([$this, 'send']);
        }
    }

    protected function isConfigured()
    {
        foreach (self::FIELDS as $name) {
            if (!Configuration::get($name)) {
                return false;
            }
        }

        return true;
    }

    /* --- What is sent ----------------------------------------------------------------------------------------- */

    /** When the page is done: one request, whatever number of hooks fired. */
    public function send()
    {
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request(); // the shopper does not wait for us
        }
        try {
            $told = $this->told();
            if ($told) {
                $this->post($told);
            }
        } catch (Exception $error) {
            PrestaShopLogger::addLog('Cartfolk: ' . $error->getMessage(), 2);
        }
    }

    /** Everything noted, as envelopes. */
    public function told()
    {
        $told = [];
        foreach (array_keys($this->noted['customer']) as $number) {
            $told = array_merge($told, $this->customer($number));
        }
        foreach (array_keys($this->noted['order']) as $number) {
            $told = array_merge($told, $this->order($number));
        }
        foreach (array_keys($this->noted['cart']) as $number) {
            $told = array_merge($told, $this->cart($number));
        }
        foreach ($this->noted['newsletter'] as $email => $how) {
            // A sign-up that still waits for its confirmation is none.
            $given = false !== strpos($how, 'on');
            if (!$given || $this->isSubscribed($email)) {
                $told[] = cartfolk_newsletter($email, $given, 0 === strpos($how, 'account') ? 'account' : 'newsletter box');
            }
        }
        $this->noted = ['customer' => [], 'order' => [], 'cart' => [], 'newsletter' => []];
        $now = (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.v\Z');

        return array_map(static function ($one) use ($now) {
            return cartfolk_envelope(bin2hex(random_bytes(16)), $one[0], $one[1] ? $one[1] : $now, $one[2]);
        }, $told);
    }

    protected function post(array $envelopes)
    {
        $site = (string) Configuration::getGlobalValue('PS_SHOP_DOMAIN');
        foreach ($envelopes as $place => $envelope) {
            $envelopes[$place] = $envelope + ('' === $site ? [] : ['site' => $site]); // a copy of the shop has another one
        }
        $body = json_encode($envelopes, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
        $headers = cartfolk_signed_headers(
            Configuration::get('CARTFOLK_SECRET'), 'evt_' . bin2hex(random_bytes(16)), time(), $body
        ) + ['content-type' => 'application/json'];
        $address = rtrim(Configuration::get('CARTFOLK_ADDRESS'), '/') . '/ingest/v1/'
            . rawurlencode(Configuration::get('CARTFOLK_STORE'));
        $this->deliver($address, $headers, $body);
    }

    protected function deliver($address, array $headers, $body)
    {
        $lines = [];
        foreach ($headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        $request = curl_init($address);
        curl_setopt_array($request, [
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => $lines,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 2,
            CURLOPT_TIMEOUT => 3,
        ]);
        curl_exec($request);
        curl_close($request);
    }

    protected function zone()
    {
        return (string) Configuration::get('PS_TIMEZONE') ?: 'UTC';
    }

    /** Fields of an object with its number as `id`. */
    protected function fields($object)
    {
        return ['id' => (int) $object->id] + get_object_vars($object);
    }

    protected function customer($number)
    {
        $customer = new Customer($number);
        if (!Validate::isLoadedObject($customer) || $customer->deleted) {
            return [];
        }
        $groups = [];
        foreach ($customer->getGroups() as $group) {
            $found = new Group($group, (int) Configuration::get('PS_LANG_DEFAULT'));
            $groups[] = (string) $found->name;
        }

        return cartfolk_customer(
            $this->fields($customer),
            $groups,
            (string) Language::getIsoById((int) $customer->id_lang),
            $this->address('`id_customer` = ' . (int) $number . ' AND a.`deleted` = 0'),
            $this->zone()
        );
    }

    /** The newest address that fits, with the codes of country and state. */
    protected function address($where)
    {
        $row = Db::getInstance()->getRow(
            'SELECT a.*, c.`iso_code`, s.`iso_code` AS `state` FROM `' . _DB_PREFIX_ . 'address` a
            LEFT JOIN `' . _DB_PREFIX_ . 'country` c ON c.`id_country` = a.`id_country`
            LEFT JOIN `' . _DB_PREFIX_ . 'state` s ON s.`id_state` = a.`id_state`
            WHERE a.' . $where . ' ORDER BY a.`date_upd` DESC'
        );

        return $row ? $row : [];
    }

    protected function order($number)
    {
        $order = new Order($number);
        if (!Validate::isLoadedObject($order)) {
            return [];
        }
        $state = new OrderState((int) $order->current_state);
        $roles = ['PS_OS_CANCELED' => 'canceled', 'PS_OS_ERROR' => 'error', 'PS_OS_REFUND' => 'refund'];
        $role = '';
        foreach ($roles as $name => $word) {
            if ((int) Configuration::get($name) === (int) $state->id) {
                $role = $word;
            }
        }
        $codes = [];
        foreach ($order->getCartRules() as $used) {
            $rule = new CartRule((int) $used['id_cart_rule']);
            $codes[] = $rule->code ? $rule->code : $used['name'];
        }
        $currency = new Currency((int) $order->id_currency);
        $home = new Currency((int) Configuration::get('PS_CURRENCY_DEFAULT'));

        return [cartfolk_order(
            $this->fields($order),
            $this->fields(new Customer((int) $order->id_customer)),
            cartfolk_status(get_object_vars($state), $role),
            OrderDetail::getList($number),
            OrderSlip::getOrdersSlip((int) $order->id_customer, $number),
            $codes,
            $this->address('`id_address` = ' . (int) $order->id_address_invoice),
            $this->address('`id_address` = ' . (int) $order->id_address_delivery),
            $currency->iso_code,
            $home->iso_code,
            $this->zone()
        )];
    }

    protected function cart($number)
    {
        $cart = new Cart($number);
        if (!Validate::isLoadedObject($cart)) {
            return [];
        }
        $customer = (int) $cart->id_customer ? $this->fields(new Customer((int) $cart->id_customer)) : [];
        $order = (int) Order::getIdByCartId($number);
        $link = $this->context->link;
        $lines = [];
        foreach (array_slice($cart->getProducts(), 0, self::MAX_LINES) as $line) {
            $line['url'] = $link->getProductLink((int) $line['id_product']);
            $image = isset($line['id_image']) ? $line['id_image'] : null;
            $line['image_url'] = $image ? $link->getImageLink($line['link_rewrite'], $image) : null;
            if (!empty($line['image_url']) && 0 !== strpos($line['image_url'], 'http')) {
                $line['image_url'] = 'https://' . ltrim($line['image_url'], '/');
            }
            $lines[] = $line;
        }
        if (!$lines && !$customer) {
            return [];
        }
        $currency = new Currency((int) $cart->id_currency);
        $page = isset($this->context->controller->php_self) ? $this->context->controller->php_self : '';

        return [cartfolk_cart([
            'id' => $number,
            'id_customer' => (int) $cart->id_customer,
            'currency' => $currency->iso_code,
            'total' => $lines ? $cart->getOrderTotal(true) : 0,
            'url' => $lines && $customer && !$order ? $this->link($number) : null,
            'order_id' => $order,
            'checkout' => 'order' === $page || $order,
            'recovered' => $this->recovered === $number,
        ], $customer, $lines)];
    }

    protected function isSubscribed($email)
    {
        $wanted = "`email` = '" . pSQL($email) . "'";
        $db = Db::getInstance();
        if ($db->getValue('SELECT 1 FROM `' . _DB_PREFIX_ . "customer` WHERE `newsletter` = 1 AND $wanted")) {
            return true;
        }

        return (bool) $db->getValue('SELECT 1 FROM `' . _DB_PREFIX_ . "emailsubscription` WHERE `active` = 1 AND $wanted");
    }

    /* --- The recovery link ------------------------------------------------------------------------------------ */

    /** A link that puts the same lines into a cart again; each is good for a month. It signs nobody in. */
    protected function link($cart)
    {
        // The token is made of a secret and not stored: the same cart keeps its link, the database has its hash only.
        $secret = substr(hash_hmac('sha256', 'cart ' . $cart, _COOKIE_KEY_ . Configuration::get('CARTFOLK_SECRET')), 0, 32);
        Db::getInstance()->execute(
            'REPLACE INTO `' . _DB_PREFIX_ . "cartfolk_link` VALUES ('" . hash('sha256', $secret) . "', "
            . (int) $cart . ", '" . date('Y-m-d H:i:s') . "')"
        );

        return $this->context->link->getModuleLink($this->name, 'recover', ['token' => $secret], true);
    }

    /** Called by the page behind the link. Puts the lines into the visitor's own cart; false when it has expired. */
    public function recover($secret)
    {
        if (!preg_match('/^[0-9a-f]{32}$/', (string) $secret)) {
            return false;
        }
        $number = (int) Db::getInstance()->getValue(
            'SELECT `id_cart` FROM `' . _DB_PREFIX_ . "cartfolk_link` WHERE `hash` = '" . hash('sha256', $secret)
            . "' AND `made` > '" . date('Y-m-d H:i:s', time() - self::LINK_DAYS * 86400) . "'"
        );
        $old = new Cart($number);
        if (!$number || !Validate::isLoadedObject($old)) {
            return false;
        }
        $mine = $this->context->cart;
        if ($mine && (int) $mine->id !== $number && !$mine->nbProducts()) {
            if (!$mine->id) {
                $mine->add();
                $this->context->cookie->id_cart = (int) $mine->id;
            }
            foreach ($old->getProducts() as $line) {
                // What is sold out or gone is left out; the others go on.
                $mine->updateQty((int) $line['cart_quantity'], (int) $line['id_product'], (int) $line['id_product_attribute']);
            }
        }
        $this->recovered = $number;
        $this->note('cart', $number);

        return true;
    }

    /* --- Settings --------------------------------------------------------------------------------------------- */

    public function getContent()
    {
        $told = '';
        if (Tools::isSubmit('submitCartfolk')) {
            $address = rtrim(trim((string) Tools::getValue('CARTFOLK_ADDRESS')), '/');
            $store = trim((string) Tools::getValue('CARTFOLK_STORE'));
            $secret = trim((string) Tools::getValue('CARTFOLK_SECRET')) ?: Configuration::get('CARTFOLK_SECRET');
            if (!preg_match('#^https?://[^/\s]+#', $address)) {
                $told = $this->displayError($this->l('The address looks like https://cartfolk.example.com.'));
            } elseif (null === cartfolk_key($secret)) {
                $told = $this->displayError($this->l('The ingest secret begins with whsec_; copy it again from the store\'s page in Cartfolk.'));
            } else {
                Configuration::updateValue('CARTFOLK_ADDRESS', $address);
                Configuration::updateValue('CARTFOLK_STORE', $store);
                Configuration::updateValue('CARTFOLK_SECRET', $secret);
                $told = $this->displayConfirmation($this->l('Saved.'));
            }
        }

        return $told . $this->form();
    }

    protected function form()
    {
        $form = new HelperForm();
        $form->module = $this;
        $form->token = Tools::getAdminTokenLite('AdminModules');
        $form->currentIndex = AdminController::$currentIndex . '&configure=' . $this->name;
        $form->submit_action = 'submitCartfolk';
        $form->fields_value = [
            'CARTFOLK_ADDRESS' => Configuration::get('CARTFOLK_ADDRESS'),
            'CARTFOLK_STORE' => Configuration::get('CARTFOLK_STORE'),
            'CARTFOLK_SECRET' => '',
        ];

        return $form->generateForm([['form' => [
            'legend' => ['title' => $this->displayName],
            'description' => $this->l('Copy these three from your store\'s page in Cartfolk.'),
            'input' => [
                ['type' => 'text', 'name' => 'CARTFOLK_ADDRESS', 'label' => $this->l('Address of your Cartfolk'), 'required' => true],
                ['type' => 'text', 'name' => 'CARTFOLK_STORE', 'label' => $this->l('Store key'), 'required' => true],
                [
                    'type' => 'password',
                    'name' => 'CARTFOLK_SECRET',
                    'label' => $this->l('Ingest secret'),
                    'desc' => $this->l('Begins with whsec_. Leave it empty to keep the stored one.'),
                ],
            ],
            'submit' => ['title' => $this->l('Save')],
        ]]]);
    }
}
