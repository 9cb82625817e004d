<?php
/**
 * Reads an object as it is now and makes its envelope; null when there is nothing to tell (any more).
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Model;

use Magento\Customer\Api\GroupRepositoryInterface;
use Magento\Customer\Model\CustomerFactory;
use Magento\Framework\App\Config\ScopeConfigInterface;
use Magento\Framework\DataObject;
use Magento\Framework\Exception\NoSuchEntityException;
use Magento\Newsletter\Model\SubscriberFactory;
use Magento\Quote\Model\QuoteFactory;
use Magento\Sales\Model\Order;
use Magento\Sales\Model\OrderFactory;
use Magento\Store\Model\ScopeInterface;

class Source
{
    public function __construct(
        private readonly OrderFactory $orders,
        private readonly QuoteFactory $quotes,
        private readonly CustomerFactory $customers,
        private readonly GroupRepositoryInterface $groups,
        private readonly SubscriberFactory $subscribers,
        private readonly ScopeConfigInterface $config
    ) {
    }

    public function envelope(string $kind, int $id, ?string $email): ?array
    {
        return match ($kind) {
            'order' => $this->order($id),
            'cart' => $this->cart($id, $email),
            'customer' => $this->customer($id),
            'consent' => $this->consent($id),
            default => null,
        };
    }

    private function order(int $id): ?array
    {
        $order = $this->orders->create()->load($id);
        if (!$order->getId()) {
            return null;
        }
        $payment = $order->getPayment();
        return Envelope::order(
            $order->getData(),
            array_map($this->row(...), array_values($order->getAllItems())),
            ['billing' => $this->address($order->getBillingAddress()), 'shipping' => $this->address($order->getShippingAddress())],
            $this->papers($order),
            $payment ? (string) ($payment->getAdditionalInformation('method_title') ?: $payment->getMethod()) : ''
        );
    }

    private function papers(Order $order): array
    {
        $shipments = [];
        foreach ($order->getShipmentsCollection() as $shipment) {
            $tracks = array_map($this->row(...), array_values($shipment->getAllTracks()));
            $shipments[] = ['tracks' => $tracks] + $shipment->getData();
        }
        return [
            'creditmemos' => array_map($this->row(...), array_values($order->getCreditmemosCollection()->getItems())),
            'invoices' => array_map($this->row(...), array_values($order->getInvoiceCollection()->getItems())),
            'shipments' => $shipments,
        ];
    }

    private function cart(int $id, ?string $email): ?array
    {
        // The repository would remember an older state, and cron's own store would hide carts of the others.
        $quote = $this->quotes->create()->loadByIdWithoutStore($id);
        if (!$quote->getId() || !$quote->getIsActive()) {
            return null; // ordered: the order names its cart
        }
        $items = [];
        foreach ($quote->getAllVisibleItems() as $item) {
            $product = $item->getProduct();
            $items[] = $this->row($item) + ['url' => $product ? $product->getProductUrl() : null];
        }
        $shipped = !$quote->isVirtual() && (string) $quote->getShippingAddress()->getShippingMethod() !== '';
        return Envelope::cart($quote->getData(), $items, $email, $shipped);
    }

    private function customer(int $id): ?array
    {
        $customer = $this->customers->create()->load($id);
        if (!$customer->getId()) {
            return null;
        }
        try {
            $group = $this->groups->getById((int) $customer->getGroupId())->getCode();
        } catch (NoSuchEntityException) {
            $group = null;
        }
        $locale = $this->config->getValue('general/locale/code', ScopeInterface::SCOPE_STORE, $customer->getStoreId());
        $addresses = [
            'billing' => $this->address($customer->getDefaultBillingAddress()),
            'shipping' => $this->address($customer->getDefaultShippingAddress()),
        ];
        return Envelope::customer($customer->getData(), $addresses, $group, $locale);
    }

    private function consent(int $id): ?array
    {
        $subscriber = $this->subscribers->create()->load($id);
        return $subscriber->getId() ? Envelope::consent($subscriber->getData()) : null;
    }

    /**
     * The row has the region's name only; the REST API shows its code.
     *
     * @param DataObject|false|null $address
     */
    private function address($address): array
    {
        return $address ? ['region_code' => $address->getRegionCode()] + $address->getData() : [];
    }

    /** @param DataObject|false|null $object */
    private function row($object): array
    {
        return $object ? $object->getData() : [];
    }
}
