<?php
/**
 * Tells Cartfolk once what newsletter subscribers had said before the module was installed:
 *
 *     php shell/cartfolk_newsletter.php
 *
 * A subscriber without a date of change is left out: undated, it is no evidence.
 */
require_once 'abstract.php';

class Cartfolk_Shell_Newsletter extends Mage_Shell_Abstract
{
    public function run()
    {
        $sender = Mage::getSingleton('cartfolk_hub/sender');
        $told = $left = $last = 0;
        do {
            $some = Mage::getResourceModel('newsletter/subscriber_collection')
                ->addFieldToFilter('main_table.subscriber_id', array('gt' => $last))
                ->setOrder('main_table.subscriber_id', 'ASC')
                ->setPageSize(500);
            $rows = 0;
            foreach ($some as $subscriber) {
                $rows++;
                $last = (int) $subscriber->getId();
                $envelope = Cartfolk_Hub_Model_Envelope::consent($subscriber->getData(), $subscriber->getChangeStatusAt());
                if ($envelope && $sender->isSetUp($subscriber->getStoreId())) {
                    $sender->add($subscriber->getStoreId(), $envelope);
                    $told++;
                } else {
                    $left++;
                }
            }
            $sender->flush();
        } while (500 === $rows);
        echo "$told told, $left left out\n";
    }
}

$shell = new Cartfolk_Shell_Newsletter();
$shell->run();
