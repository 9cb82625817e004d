<?php
/**
 * The page behind a recovery link: puts the lines back and shows the cart. It signs nobody in.
 *
 * License: Apache-2.0
 */

if (!defined('_PS_VERSION_')) {
    exit;
}

class CartfolkRecoverModuleFrontController extends ModuleFrontController
{
    public function initContent()
    {
        parent::initContent();
        $this->module->recover(Tools::getValue('token'));
        Tools::redirect($this->context->link->getPageLink('cart', true, null, ['action' => 'show']));
    }
}
