<?php
/**
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

use Magento\Framework\Component\ComponentRegistrar;

ComponentRegistrar::register(ComponentRegistrar::MODULE, 'Cartfolk_Events', __DIR__);
