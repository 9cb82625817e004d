<?php
// As much of PrestaShop as the module touches, with one of everything in it. Prints what the module would send.
define('_PS_VERSION_', '8.2.1');
define('_DB_PREFIX_', 'ps_');
define('_MYSQL_ENGINE_', 'InnoDB');
define('_COOKIE_KEY_', 'a cookie key');

class Module
{
    public $context;

    public function __construct()
    {
        $this->context = new Context();
    }

    public function l($text)
    {
        return $text;
    }
}
class Context
{
    public $link;
    public $controller;
    public $cart;
    public $cookie;

    public function __construct()
    {
        $this->link = new Link();
        $this->controller = (object) ['php_self' => 'cart'];
    }
}
class Link
{
    public function getProductLink($id)
    {
        return "https://shop.example.com/$id-cup.html";
    }

    public function getImageLink($name, $id)
    {
        return "shop.example.com/$id-home_default/$name.jpg";
    }

    public function getModuleLink($module, $page, $params)
    {
        return "https://shop.example.com/module/$module/$page?" . http_build_query($params);
    }
}
class Configuration
{
    public static $values = [
        'CARTFOLK_ADDRESS' => 'https://cartfolk.example.com/', 'CARTFOLK_STORE' => 'key 1', 'CARTFOLK_SECRET' => '',
        'PS_TIMEZONE' => 'Europe/Berlin', 'PS_LANG_DEFAULT' => 1, 'PS_CURRENCY_DEFAULT' => 1, 'PS_OS_CANCELED' => 6,
        'PS_OS_ERROR' => 8, 'PS_OS_REFUND' => 7,
    ];

    public static function getGlobalValue($name)
    {
        return 'PS_SHOP_DOMAIN' === $name ? 'shop.example' : false;
    }

    public static function get($name)
    {
        return isset(self::$values[$name]) ? self::$values[$name] : false;
    }
}
class Row
{
    public function __construct($id = 0)
    {
        $this->id = (int) $id;
        foreach (isset($GLOBALS['shop'][static::class][$id]) ? $GLOBALS['shop'][static::class][$id] : [] as $name => $value) {
            $this->$name = $value;
        }
    }
}
#[AllowDynamicProperties]
class Customer extends Row
{
    public function getGroups()
    {
        return [3];
    }
}
#[AllowDynamicProperties]
class Order extends Row
{
    public function getCartRules()
    {
        return [['id_cart_rule' => 4, 'name' => 'Spring']];
    }

    public static function getIdByCartId($cart)
    {
        return 12 === $cart ? 7 : 0;
    }
}
#[AllowDynamicProperties]
class Cart extends Row
{
    public function getProducts()
    {
        return $this->products;
    }

    public function getOrderTotal()
    {
        return 24.98;
    }
}
#[AllowDynamicProperties]
class OrderState extends Row
{
}
#[AllowDynamicProperties]
class Group extends Row
{
}
#[AllowDynamicProperties]
class Currency extends Row
{
}
#[AllowDynamicProperties]
class CartRule extends Row
{
}
class OrderDetail
{
    public static function getList($order)
    {
        return $GLOBALS['shop']['lines'];
    }
}
class OrderSlip
{
    public static function getOrdersSlip($customer, $order)
    {
        return $GLOBALS['shop']['slips'];
    }
}
class Language
{
    public static function getIsoById($id)
    {
        return 'de';
    }
}
class Validate
{
    public static function isLoadedObject($object)
    {
        return isset($GLOBALS['shop'][get_class($object)][$object->id]);
    }

    public static function isEmail($text)
    {
        return false !== strpos($text, '@');
    }
}
class Db
{
    public static $said = [];

    public static function getInstance()
    {
        return new self();
    }

    public function getRow($query)
    {
        return $GLOBALS['shop']['address'];
    }

    public function getValue($query)
    {
        self::$said[] = $query;
        if (false !== strpos($query, 'SELECT `newsletter`')) {
            return $GLOBALS['shop']['newsletter_before'];
        }

        return false !== strpos($query, 'confirmed@example.com') ? '1' : false;
    }

    public function execute($query)
    {
        self::$said[] = $query;

        return true;
    }
}
class PrestaShopLogger
{
    public static function addLog($text, $severity)
    {
        fwrite(STDERR, $text);
        exit(1);
    }
}
function pSQL($text)
{
    return addslashes($text);
}

$GLOBALS['shop'] = json_decode(file_get_contents('php://stdin'), true);
Configuration::$values['CARTFOLK_SECRET'] = $GLOBALS['shop']['secret'];
foreach (['Customer', 'Order', 'Cart', 'OrderState', 'Group', 'Currency', 'CartRule'] as $kind) {
    $rows = isset($GLOBALS['shop'][$kind]) ? $GLOBALS['shop'][$kind] : [];
    $GLOBALS['shop'][$kind] = array_combine(array_map('intval', array_keys($rows)), array_values($rows));
}
require $argv[1] . '/cartfolk.php';

class Told extends Cartfolk
{
    protected function deliver($address, array $headers, $body)
    {
        echo json_encode(['address' => $address, 'headers' => $headers, 'body' => $body, 'said' => Db::$said]);
    }
}

$module = new Told();
foreach ($GLOBALS['shop']['happened'] as list($hook, $params)) {
    $module->{'hook' . $hook}(array_map(static function ($value) {
        return is_array($value) ? (object) $value : $value;
    }, $params));
}
