<?php
/** What happens in the shop, handed to the sender. Nothing here may ever stand in the shopper's way. */
class Cartfolk_Hub_Model_Observer
{
    public function cartSaved($observer)
    {
        $this->cart('cart', $observer->getEvent()->getCart()->getQuote());
    }

    /** A step of the checkout: now the address is known. */
    public function checkoutStep($observer)
    {
        $this->cart('checkout', Mage::getSingleton('checkout/session')->getQuote());
    }

    public function signedIn($observer)
    {
        $quote = Mage::getSingleton('checkout/session')->getQuote();
        if ($quote->getItemsCount()) {
            $this->cart('cart', $quote);
        }
    }

    public function cartOrdered($observer)
    {
        $event = $observer->getEvent();
        $this->cart('checkout', $event->getQuote(), array('order_id' => (string) $event->getOrder()->getId()));
    }

    public function orderSaved($observer)
    {
        $order = $observer->getEvent()->getOrder();
        $this->tell($order->getStoreId(), function () use ($order) {
            return $this->order($order);
        });
    }

    public function customerSaved($observer)
    {
        $this->customer($observer->getEvent()->getCustomer());
    }

    /** Magento does not call that a change of the customer, so asking for changes would never show it. */
    public function addressSaved($observer)
    {
        $number = $observer->getEvent()->getCustomerAddress()->getCustomerId();
        if ($number) {
            $this->customer(Mage::getModel('customer/customer')->load($number));
        }
    }

    /** Only a change of mind is told: Magento saves a subscriber again whenever its customer is saved. */
    public function subscriberSaved($observer)
    {
        $subscriber = $observer->getEvent()->getDataObject();
        $before = $subscriber->getOrigData('subscriber_status');
        if (!Cartfolk_Hub_Model_Envelope::isChanged($subscriber->getIsStatusChanged(), $before, $subscriber->getStatus())) {
            return;
        }
        $this->tell($subscriber->getStoreId(), function () use ($subscriber) {
            return Cartfolk_Hub_Model_Envelope::consent($subscriber->getData(), gmdate('Y-m-d H:i:s'));
        });
    }

    /** @param array $more order_id, recovered */
    public function cart($kind, $quote, array $more = array())
    {
        if (!$quote || !$quote->getId()) {
            return;
        }
        $this->tell($quote->getStoreId(), function ($sender) use ($kind, $quote, $more) {
            $items = array();
            foreach ($quote->getItemsCollection() as $item) {
                if (!$item->isDeleted()) {
                    $items[] = $this->goods($item);
                }
            }
            $more['url'] = $sender->restoreUrl($quote);
            $billing = $quote->getBillingAddress() ? $quote->getBillingAddress()->getData() : array();
            return Cartfolk_Hub_Model_Envelope::cart($kind, $quote->getData(), $items, $billing, $more, gmdate('Y-m-d H:i:s'));
        });
    }

    private function customer($customer)
    {
        $this->tell($customer->getStoreId(), function () use ($customer) {
            $group = Mage::getModel('customer/group')->load($customer->getGroupId())->getCode();
            $billing = $customer->getPrimaryBillingAddress();
            $shipping = $customer->getPrimaryShippingAddress();
            return Cartfolk_Hub_Model_Envelope::customer(
                $customer->getData(),
                $billing ? $billing->getData() : array(),
                $shipping ? $shipping->getData() : array(),
                $group
            );
        });
    }

    /** A cart's line with what a mail about it wants to show. */
    private function goods($item)
    {
        $row = $item->getData();
        $product = $item->getProduct();
        if ($product && !$item->getParentItemId()) {
            $row['url'] = $product->getProductUrl();
            $row['image_url'] = (string) Mage::helper('catalog/image')->init($product, 'thumbnail');
        }
        $row['product_type'] = $item->getProductType();
        unset($row['product']);
        return $row;
    }

    private function order($order)
    {
        $memos = array();
        foreach (Mage::getResourceModel('sales/order_creditmemo_collection')->setOrderFilter($order) as $memo) {
            $row = $memo->getData();
            foreach ($memo->getCommentsCollection() as $comment) {
                if (trim((string) $comment->getComment()) !== '') {
                    $row['reason'] = $comment->getComment();
                    break;
                }
            }
            $memos[] = $row;
        }
        $shipping = $order->getShippingAddress();
        return Cartfolk_Hub_Model_Envelope::order(
            $order->getData(),
            $this->rows($order->getAllItems()),
            $order->getBillingAddress() ? $order->getBillingAddress()->getData() : array(),
            $shipping ? $shipping->getData() : array(),
            $memos,
            $this->rows($order->getAllStatusHistory()),
            $order->getPayment() ? $order->getPayment()->getMethod() : null
        );
    }

    private function rows($models)
    {
        $rows = array();
        foreach ($models as $model) {
            $rows[] = $model->getData();
        }
        return $rows;
    }

    /** Runs `$make` where a Cartfolk is set up; whatever goes wrong is logged and forgotten. */
    private function tell($storeId, $make)
    {
        try {
            $sender = Mage::getSingleton('cartfolk_hub/sender');
            if ($sender->isSetUp($storeId) && ($envelope = $make($sender))) {
                $sender->add($storeId, $envelope);
            }
        } catch (Exception $error) {
            Mage::log((string) $error, null, 'cartfolk.log');
        } catch (Throwable $error) { // PHP 7 and newer
            Mage::log((string) $error, null, 'cartfolk.log');
        }
    }
}
