<?php
/**
 * The checkout asks whether an address has an account as soon as a guest has typed it; Magento itself keeps it only
 * with the last step. Told only if the shop switched that on.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Plugin;

use Cartfolk\Events\Model\Outbox;
use Cartfolk\Events\Model\Settings;
use Magento\Checkout\Model\Session;
use Magento\Customer\Api\AccountManagementInterface;
use Psr\Log\LoggerInterface;

class GuestEmail
{
    public function __construct(
        private readonly Outbox $outbox,
        private readonly Settings $settings,
        private readonly Session $session,
        private readonly LoggerInterface $log
    ) {
    }

    /**
     * @param bool   $result
     * @param string $email
     * @return bool
     */
    public function afterIsEmailAvailable(AccountManagementInterface $subject, $result, $email)
    {
        if ($this->settings->complete() && $this->settings->tellsGuests() && filter_var($email, FILTER_VALIDATE_EMAIL)) {
            try {
                $id = (int) $this->session->getQuoteId();
                if ($id) {
                    $this->outbox->remember('cart', $id, (string) $email);
                }
            } catch (\Throwable $error) {
                $this->log->warning("Cartfolk: a guest's address is not remembered: {$error->getMessage()}");
            }
        }
        return $result;
    }
}
