<?php
/**
 * Plugin Name:       Cartfolk for WooCommerce
 * Description:       Tells your own Cartfolk what happens in the cart and at the checkout, so that abandoned carts exist.
 * Version:           0.1.0
 * Requires at least: 6.4
 * Requires PHP:      7.4
 * Requires Plugins:  woocommerce
 * License:           GPL-2.0-or-later
 * Text Domain:       cartfolk
 *
 * How it works: hooks only mark what happened; one signed event per request goes out when the page is done,
 * without waiting for the answer. A cart is named by a random token in the shopper's WooCommerce session. The same
 * token is stored on the order (`_cartfolk_cart`), so Cartfolk knows which cart became which order.
 * A recovery link (`?cartfolk_cart=...`) carries its own random token; only its hash is stored.
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

require_once __DIR__ . '/signature.php';

final class Cartfolk {

	const OPTION        = 'cartfolk';
	const ORDER_META    = '_cartfolk_cart';
	const SNAPSHOT      = 'cartfolk_cart_';
	const SNAPSHOT_LIFE = 30 * DAY_IN_SECONDS;
	const MAX_LINES     = 200;

	/** What the event of this request will be: '' (none), 'cart' or 'checkout'. */
	private $kind = '';
	/** What the checkout form has told so far: email, phone, first_name, last_name. */
	private $person    = array();
	private $recovered = false;
	private $order_id  = null;

	public static function start() {
		$plugin = new self();
		add_action( 'admin_menu', array( $plugin, 'menu' ) );
		add_action( 'admin_init', array( $plugin, 'settings' ) );
		if ( ! self::is_configured() ) {
			return;
		}
		foreach ( array(
			'woocommerce_add_to_cart',
			'woocommerce_cart_item_removed',
			'woocommerce_cart_item_restored',
			'woocommerce_after_cart_item_quantity_update',
			'woocommerce_applied_coupon',
			'woocommerce_removed_coupon',
		) as $hook ) {
			add_action( $hook, array( $plugin, 'cart_changed' ), 20, 0 );
		}
		add_action( 'woocommerce_cart_emptied', array( $plugin, 'cart_emptied' ), 20, 0 );
		add_action( 'wp_login', array( $plugin, 'cart_changed' ), 20, 0 );
		// The classic checkout posts its form while it is being filled in; the block checkout patches the customer.
		add_action( 'woocommerce_checkout_update_order_review', array( $plugin, 'classic_checkout' ) );
		add_action( 'woocommerce_store_api_cart_update_customer_from_request', array( $plugin, 'block_checkout' ), 20, 2 );
		add_action( 'woocommerce_store_api_checkout_update_customer_from_request', array( $plugin, 'block_checkout' ), 20, 2 );
		add_action( 'woocommerce_checkout_create_order', array( $plugin, 'mark_order' ), 20, 1 );
		add_action( 'woocommerce_store_api_checkout_update_order_meta', array( $plugin, 'mark_order' ), 20, 1 );
		add_action( 'woocommerce_checkout_order_processed', array( $plugin, 'ordered' ), 20, 1 );
		add_action( 'woocommerce_store_api_checkout_order_processed', array( $plugin, 'ordered' ), 20, 1 );
		add_action( 'woocommerce_after_order_notes', array( $plugin, 'consent_field' ) );
		add_action( 'wp_loaded', array( $plugin, 'recover' ), 30 );
		add_action( 'shutdown', array( $plugin, 'send' ), 5 );
	}

	private static function option( $name ) {
		$all = get_option( self::OPTION, array() );
		return is_array( $all ) && isset( $all[ $name ] ) ? $all[ $name ] : '';
	}

	private static function is_configured() {
		return self::option( 'address' ) && self::option( 'store' ) && self::option( 'secret' );
	}

	/* --- What happened -------------------------------------------------------------------------- */

	public function cart_changed() {
		$this->kind = $this->kind ? $this->kind : 'cart';
	}

	/** WooCommerce also empties the cart once it is ordered: that is no emptied cart, and the next one is new. */
	public function cart_emptied() {
		if ( null === $this->order_id ) {
			$this->cart_changed();
		}
	}

	/** @param string $form The checkout form as a query string. */
	public function classic_checkout( $form ) {
		parse_str( $form, $fields );
		$this->kind = 'checkout';
		$this->know( $fields, ! empty( $fields['cartfolk_consent'] ) );
	}

	/**
	 * @param WC_Customer     $customer As far as the form is filled in.
	 * @param WP_REST_Request $request  The Store API's request.
	 */
	public function block_checkout( $customer, $request = null ) {
		$this->kind = 'checkout';
		$extension  = $request && isset( $request['extensions']['cartfolk'] ) ? $request['extensions']['cartfolk'] : array();
		$this->know(
			array(
				'billing_email'      => $customer->get_billing_email(),
				'billing_phone'      => $customer->get_billing_phone(),
				'billing_first_name' => $customer->get_billing_first_name(),
				'billing_last_name'  => $customer->get_billing_last_name(),
			),
			is_array( $extension ) && ! empty( $extension['consent'] )
		);
	}

	/** In consent mode nothing personal of a guest leaves the shop before the box is ticked. */
	private function know( $fields, $consented ) {
		$session = $this->session();
		if ( $session && $consented ) {
			$session->set( 'cartfolk_consent', 'yes' );
		}
		if ( ! $this->may_tell() ) {
			return;
		}
		foreach ( array( 'email', 'phone', 'first_name', 'last_name' ) as $name ) {
			if ( ! empty( $fields[ 'billing_' . $name ] ) ) {
				$this->person[ $name ] = sanitize_text_field( wp_unslash( $fields[ 'billing_' . $name ] ) );
			}
		}
		if ( isset( $this->person['email'] ) && ! is_email( $this->person['email'] ) ) {
			unset( $this->person['email'] ); // still being typed
		}
		if ( $session && $this->person ) {
			$session->set( 'cartfolk_person', $this->person );
		}
	}

	private function may_tell() {
		$session = $this->session();
		return 'yes' !== self::option( 'consent' ) || ( $session && 'yes' === $session->get( 'cartfolk_consent' ) );
	}

	public function consent_field() {
		if ( 'yes' !== self::option( 'consent' ) ) {
			return;
		}
		woocommerce_form_field(
			'cartfolk_consent',
			array(
				'type'  => 'checkbox',
				'class' => array( 'form-row-wide', 'update_totals_on_change' ),
				'label' => self::option( 'wording' ) ? self::option( 'wording' ) : __( 'Remind me by e-mail if I do not finish this order.', 'cartfolk' ),
			)
		);
	}

	/** @param WC_Order $order Classic: saved by WooCommerce afterwards. Store API: saved here. */
	public function mark_order( $order ) {
		$token = $this->token( false );
		if ( $token && $order instanceof WC_Order ) {
			$order->update_meta_data( self::ORDER_META, $token );
			if ( $order->get_id() ) {
				$order->save_meta_data();
			}
		}
	}

	/** @param int|WC_Order $order Its cart is sent one last time, with the order's number; the next cart gets a new token. */
	public function ordered( $order ) {
		$order = $order instanceof WC_Order ? $order : wc_get_order( $order );
		$token = $order ? $order->get_meta( self::ORDER_META ) : '';
		if ( ! $token ) {
			return;
		}
		$this->order_id = (string) $order->get_id();
		$this->post( 'checkout', $this->cart( $token, $this->lines(), $this->order_id ) );
		$session = $this->session();
		if ( $session ) {
			foreach ( array( 'cartfolk_cart', 'cartfolk_link', 'cartfolk_person' ) as $key ) {
				$session->__unset( $key );
			}
		}
		$this->kind = '';
	}

	/** When the page is done: one event, whatever number of hooks fired. */
	public function send() {
		if ( ! $this->kind || null !== $this->order_id || ! $this->session() ) {
			return;
		}
		$lines = $this->lines();
		$token = $this->token( (bool) $lines );
		if ( $token ) {
			$this->post( $this->kind, $this->cart( $token, $lines, null ) );
		}
	}

	/* --- What is sent --------------------------------------------------------------------------- */

	private function session() {
		return function_exists( 'WC' ) && WC()->session ? WC()->session : null;
	}

	/** The cart's 128-bit name, made with its first line. */
	private function token( $make ) {
		$session = $this->session();
		if ( ! $session ) {
			return '';
		}
		$token = (string) $session->get( 'cartfolk_cart', '' );
		if ( ! $token && $make ) {
			$token = bin2hex( random_bytes( 16 ) );
			$session->set( 'cartfolk_cart', $token );
		}
		return $token;
	}

	private function lines() {
		$lines = array();
		if ( ! WC()->cart ) {
			return $lines;
		}
		foreach ( array_slice( WC()->cart->get_cart(), 0, self::MAX_LINES ) as $item ) {
			$product = isset( $item['data'] ) ? $item['data'] : null;
			if ( ! $product instanceof WC_Product ) {
				continue;
			}
			$image   = $product->get_image_id() ? wp_get_attachment_image_url( $product->get_image_id(), 'woocommerce_thumbnail' ) : '';
			$total   = (float) ( isset( $item['line_total'] ) ? $item['line_total'] : 0 ) + (float) ( isset( $item['line_tax'] ) ? $item['line_tax'] : 0 );
			$lines[] = array(
				'product_id' => (string) $item['product_id'],
				'variant_id' => $item['variation_id'] ? (string) $item['variation_id'] : null,
				'sku'        => $product->get_sku() ? $product->get_sku() : null,
				'name'       => wp_strip_all_tags( html_entity_decode( $product->get_name(), ENT_QUOTES | ENT_HTML5, 'UTF-8' ) ),
				'quantity'   => $item['quantity'],
				'price'      => $this->money( wc_get_price_including_tax( $product ) ),
				'total'      => $this->money( $total ),
				'url'        => $product->get_permalink(),
				'image_url'  => $image ? $image : null,
			);
		}
		return $lines;
	}

	private function cart( $token, $lines, $order_id ) {
		$cart   = WC()->cart;
		$person = $this->person();
		return array_merge(
			array(
				'cart_id'     => $token,
				'customer_id' => get_current_user_id() ? (string) get_current_user_id() : null,
				'currency'    => get_woocommerce_currency(),
				'total'       => $this->money( $cart ? $cart->get_total( 'edit' ) : 0 ),
				'subtotal'    => $this->money( $cart ? $cart->get_subtotal() : 0 ),
				'tax'         => $this->money( $cart ? $cart->get_total_tax() : 0 ),
				'url'         => $lines && null === $order_id ? $this->link( $token ) : null,
				'order_id'    => $order_id,
				'lines'       => $lines,
				'recovered'   => $this->recovered,
			),
			$person
		);
	}

	/** The account's own data when signed in, else what the checkout form told. */
	private function person() {
		$known = $this->person;
		if ( ! $known && $this->session() && $this->may_tell() ) {
			$known = (array) $this->session()->get( 'cartfolk_person', array() );
		}
		$user = wp_get_current_user();
		if ( $user && $user->exists() && $this->may_tell() && empty( $known['email'] ) ) {
			$known['email'] = $user->user_email;
		}
		return array_merge( array_fill_keys( array( 'email', 'phone', 'first_name', 'last_name' ), null ), $known );
	}

	private function money( $amount ) {
		return wc_format_decimal( $amount, wc_get_price_decimals() );
	}

	private function post( $kind, $object ) {
		$id   = 'evt_' . bin2hex( random_bytes( 16 ) );
		$body = wp_json_encode(
			array(
				'id'          => $id,
				'kind'        => $kind,
				'occurred_at' => ( new DateTimeImmutable( 'now', new DateTimeZone( 'UTC' ) ) )->format( 'Y-m-d\TH:i:s.v\Z' ),
				'object'      => $object,
				'site'        => (string) get_option( 'home' ), // A copy of the shop has another one.
			)
		);
		if ( false === $body ) {
			return;
		}
		$arguments = array(
			'blocking' => false,
			'timeout'  => 2,
			'headers'  => array( 'content-type' => 'application/json' )
				+ cartfolk_signed_headers( self::option( 'secret' ), $id, time(), $body ),
			'body'     => $body,
		);
		wp_remote_post( trailingslashit( self::option( 'address' ) ) . 'ingest/v1/' . rawurlencode( self::option( 'store' ) ), $arguments );
	}

	/* --- The recovery link ---------------------------------------------------------------------- */

	/** A link that puts the same lines into a cart again. The snapshot is stored under the token's hash and expires. */
	private function link( $token ) {
		$session = $this->session();
		$secret  = (string) $session->get( 'cartfolk_link', '' );
		if ( ! $secret ) {
			$secret = bin2hex( random_bytes( 16 ) );
			$session->set( 'cartfolk_link', $secret );
		}
		$items = array();
		foreach ( array_slice( WC()->cart->get_cart(), 0, self::MAX_LINES ) as $item ) {
			// What other plugins put on the line (engravings, add-ons) stays with it; WooCommerce's own sums do not.
			$own     = array( 'key', 'product_id', 'variation_id', 'variation', 'quantity', 'data', 'data_hash', 'line_tax_data', 'line_subtotal', 'line_subtotal_tax', 'line_total', 'line_tax' );
			$items[] = array(
				'product_id'   => (int) $item['product_id'],
				'variation_id' => (int) $item['variation_id'],
				'variation'    => (array) $item['variation'],
				'quantity'     => $item['quantity'],
				'options'      => array_filter( array_diff_key( $item, array_flip( $own ) ), array( __CLASS__, 'is_plain' ) ),
			);
		}
		set_transient( self::SNAPSHOT . hash( 'sha256', $secret ), array( 'cart' => $token, 'items' => $items ), self::SNAPSHOT_LIFE );
		return add_query_arg( 'cartfolk_cart', $secret, wc_get_cart_url() );
	}

	/** Only values survive in a snapshot, no objects. */
	public static function is_plain( $value ) {
		if ( is_array( $value ) ) {
			return count( array_filter( $value, array( __CLASS__, 'is_plain' ) ) ) === count( $value );
		}
		return null === $value || is_scalar( $value );
	}

	/** Puts the lines back. It signs nobody in and shows nothing about a person. */
	public function recover() {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended - the link is its own, random token.
		$secret = isset( $_GET['cartfolk_cart'] ) && is_string( $_GET['cartfolk_cart'] ) ? wp_unslash( $_GET['cartfolk_cart'] ) : '';
		if ( ! preg_match( '/^[0-9a-f]{32}$/', $secret ) || ! WC()->cart || ! $this->session() ) {
			return;
		}
		nocache_headers();
		$snapshot = get_transient( self::SNAPSHOT . hash( 'sha256', $secret ) );
		if ( is_array( $snapshot ) ) {
			$this->session()->set_customer_session_cookie( true );
			$this->session()->set( 'cartfolk_cart', $snapshot['cart'] );
			$this->session()->set( 'cartfolk_link', $secret );
			if ( WC()->cart->is_empty() ) {
				foreach ( $snapshot['items'] as $item ) {
					// A product that is sold out or gone leaves WooCommerce's own notice; the others go on.
					WC()->cart->add_to_cart( $item['product_id'], $item['quantity'], $item['variation_id'], $item['variation'], $item['options'] );
				}
			}
			$this->recovered = true;
			$this->kind      = 'cart';
			WC()->cart->calculate_totals();
			$this->send();
			$this->kind = '';
		} else {
			wc_add_notice( __( 'This link has expired. Please choose your products again.', 'cartfolk' ), 'notice' );
		}
		wp_safe_redirect( wc_get_cart_url() );
		exit;
	}

	/* --- Settings ------------------------------------------------------------------------------- */

	public function menu() {
		add_submenu_page( 'woocommerce', 'Cartfolk', 'Cartfolk', 'manage_woocommerce', 'cartfolk', array( $this, 'page' ) );
	}

	public function settings() {
		register_setting( 'cartfolk', self::OPTION, array( 'sanitize_callback' => array( $this, 'sanitize' ) ) );
		add_filter( 'option_page_capability_cartfolk', array( __CLASS__, 'capability' ) );
	}

	public static function capability() {
		return 'manage_woocommerce';
	}

	public function sanitize( $given ) {
		$given = is_array( $given ) ? $given : array();
		$text  = static function ( $name ) use ( $given ) {
			return isset( $given[ $name ] ) ? sanitize_text_field( $given[ $name ] ) : '';
		};
		$clean = array(
			'address' => untrailingslashit( esc_url_raw( $text( 'address' ), array( 'http', 'https' ) ) ),
			'store'   => $text( 'store' ),
			'secret'  => $text( 'secret' ) ? $text( 'secret' ) : self::option( 'secret' ),
			'consent' => empty( $given['consent'] ) ? 'no' : 'yes',
			'wording' => $text( 'wording' ),
		);
		if ( $clean['secret'] && null === cartfolk_key( $clean['secret'] ) ) {
			add_settings_error( self::OPTION, 'secret', __( 'The ingest secret begins with whsec_; copy it again from the store\'s page in Cartfolk.', 'cartfolk' ) );
			$clean['secret'] = self::option( 'secret' );
		}
		if ( ! $clean['address'] ) {
			add_settings_error( self::OPTION, 'address', __( 'The address looks like https://cartfolk.example.com.', 'cartfolk' ) );
		}
		return $clean;
	}

	public function page() {
		$fields = array(
			'address' => array( __( 'Address of your Cartfolk', 'cartfolk' ), 'url', self::option( 'address' ) ),
			'store'   => array( __( 'Store key', 'cartfolk' ), 'text', self::option( 'store' ) ),
			'secret'  => array( __( 'Ingest secret', 'cartfolk' ), 'password', '' ),
			'wording' => array( __( 'Text beside the box', 'cartfolk' ), 'text', self::option( 'wording' ) ),
		);
		echo '<div class="wrap"><h1>Cartfolk</h1><p>' . esc_html__( 'Copy these three from your store\'s page in Cartfolk.', 'cartfolk' ) . '</p>';
		settings_errors( self::OPTION );
		echo '<form method="post" action="options.php"><table class="form-table">';
		settings_fields( 'cartfolk' );
		foreach ( $fields as $name => list( $label, $type, $value ) ) {
			printf(
				'<tr><th><label for="cartfolk_%1$s">%2$s</label></th><td><input class="regular-text" id="cartfolk_%1$s" name="cartfolk[%1$s]" type="%3$s" value="%4$s" placeholder="%5$s" autocomplete="off"></td></tr>',
				esc_attr( $name ),
				esc_html( $label ),
				esc_attr( $type ),
				esc_attr( $value ),
				'secret' === $name && self::option( 'secret' ) ? esc_attr__( 'stored; leave empty to keep it', 'cartfolk' ) : ''
			);
		}
		printf(
			'<tr><th>%1$s</th><td><label><input type="checkbox" name="cartfolk[consent]" value="1" %2$s> %3$s</label></td></tr></table>',
			esc_html__( 'Consent', 'cartfolk' ),
			checked( self::option( 'consent' ), 'yes', false ),
			esc_html__( 'Ask with a box at the checkout, and send no e-mail address, name or phone number before it is ticked', 'cartfolk' )
		);
		submit_button();
		echo '</form></div>';
	}
}

add_action(
	'before_woocommerce_init',
	static function () {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__, true );
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', __FILE__, true );
		}
	}
);
add_action(
	'plugins_loaded',
	static function () {
		if ( class_exists( 'WooCommerce' ) ) {
			Cartfolk::start();
		}
	}
);
