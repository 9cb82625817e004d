<?php
/** Magento asks every module with translated labels for a helper. */
class Cartfolk_Hub_Helper_Data extends Mage_Core_Helper_Abstract
{
}
