<?php
/** The recovery link: puts the goods of an abandoned cart into the visitor's. It signs nobody in and shows no address. */
class Cartfolk_Hub_CartController extends Mage_Core_Controller_Front_Action
{
    public function restoreAction()
    {
        $number = (int) $this->getRequest()->getParam('cart');
        $quote = Mage::getModel('sales/quote')->loadByIdWithoutStore($number);
        $sender = Mage::getSingleton('cartfolk_hub/sender');
        $key = Cartfolk_Hub_Model_Signature::link($sender->secret($quote->getStoreId()), $number);
        $known = $quote->getId() && $quote->getIsActive() && $sender->isSetUp($quote->getStoreId());
        if ($known && hash_equals($key, (string) $this->getRequest()->getParam('key'))) {
            $own = Mage::getSingleton('checkout/session')->getQuote();
            if ($own->getId() != $quote->getId()) {
                $own->merge($quote)->collectTotals()->save(); // goods and coupon, no address
                Mage::getSingleton('checkout/session')->setQuoteId($own->getId());
            }
            // The abandoned cart was won back, whichever number its goods have now.
            $observer = Mage::getSingleton('cartfolk_hub/observer');
            $observer->cart('cart', $quote, array('recovered' => true));
            if ($own->getId() != $quote->getId()) {
                $observer->cart('cart', $own);
            }
        }
        $this->_redirect('checkout/cart');
    }
}
