<?php
/**
 * Remembers what was saved, in the transaction that saves it. It asks nothing and sends nothing: shoppers do not wait.
 * Nor does a mistake of ours stop an order; only a deadlock is passed on, because with it the transaction is gone and
 * Magento's own retry saves both again.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Observer;

use Cartfolk\Events\Model\Outbox;
use Cartfolk\Events\Model\Settings;
use Magento\Framework\DB\Adapter\DeadlockException;
use Magento\Framework\DB\Adapter\LockWaitException;
use Magento\Framework\Event\Observer;
use Magento\Framework\Event\ObserverInterface;
use Psr\Log\LoggerInterface;

class Remember implements ObserverInterface
{
    public function __construct(
        private readonly Outbox $outbox,
        private readonly Settings $settings,
        private readonly LoggerInterface $log
    ) {
    }

    public function execute(Observer $observer): void
    {
        try {
            $this->remember($observer);
        } catch (DeadlockException | LockWaitException $error) {
            throw $error;
        } catch (\Throwable $error) {
            $this->log->warning("Cartfolk: {$observer->getEvent()->getName()} is not remembered: {$error->getMessage()}");
        }
    }

    private function remember(Observer $observer): void
    {
        if (!$this->settings->complete()) {
            return;
        }
        $event = $observer->getEvent();
        [$kind, $id] = match ($event->getName()) {
            'sales_order_save_after' => ['order', $event->getOrder()->getId()],
            'sales_order_creditmemo_save_after' => ['order', $event->getCreditmemo()->getOrderId()],
            'sales_order_shipment_track_save_after' => ['order', $event->getTrack()->getOrderId()],
            'sales_quote_save_after' => ['cart', $event->getQuote()->getId()],
            'customer_save_after_data_object' => ['customer', $event->getCustomerDataObject()->getId()],
            'customer_address_save_after' => ['customer', $event->getCustomerAddress()->getCustomerId()],
            'newsletter_subscriber_save_after' => ['consent', $event->getSubscriber()->getId()],
            default => ['', 0],
        };
        if ($id) {
            $this->outbox->remember($kind, (int) $id);
        }
    }
}
