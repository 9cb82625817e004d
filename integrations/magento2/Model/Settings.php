<?php
/**
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Model;

use Magento\Framework\App\Config\ScopeConfigInterface;
use Magento\Framework\Encryption\EncryptorInterface;

class Settings
{
    public function __construct(
        private readonly ScopeConfigInterface $config,
        private readonly EncryptorInterface $encryptor
    ) {
    }

    public function url(): string
    {
        return rtrim($this->text('address'), '/') . '/ingest/v1/' . rawurlencode($this->text('store'));
    }

    public function secret(): string
    {
        $stored = $this->text('secret');
        return str_starts_with($stored, 'whsec_') ? $stored : trim($this->encryptor->decrypt($stored));
    }

    /** Where the installation is configured to be: a copy of its database says another address. */
    public function site(): string
    {
        $url = trim((string) $this->config->getValue('web/unsecure/base_url'));
        return preg_match('~^https?://[^{}\s]+$~', $url) ? $url : '';
    }

    public function complete(): bool
    {
        return $this->text('address') !== '' && $this->text('store') !== '' && Signature::key($this->secret()) !== null;
    }

    public function tellsGuests(): bool
    {
        return $this->config->isSetFlag('cartfolk/general/guests');
    }

    private function text(string $name): string
    {
        return trim((string) $this->config->getValue("cartfolk/general/$name"));
    }
}
