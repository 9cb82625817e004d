<?php
/**
 * Every minute: what is remembered goes out in signed messages. What does not get through is tried again, later and
 * later; the objects are read anew each time, so that what arrives is always the present state.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Cron;

use Cartfolk\Events\Model\Outbox;
use Cartfolk\Events\Model\Settings;
use Cartfolk\Events\Model\Signature;
use Cartfolk\Events\Model\Source;
use Magento\Framework\HTTP\Client\CurlFactory;
use Psr\Log\LoggerInterface;

class Send
{
    private const TOGETHER = 200; // the door takes 500; orders are long
    private const BATCHES = 20; // at most, a minute
    private const REFUSED = 400; // the door could read none of it, and will not the next time either

    public function __construct(
        private readonly Outbox $outbox,
        private readonly Settings $settings,
        private readonly Source $source,
        private readonly CurlFactory $curls,
        private readonly LoggerInterface $log
    ) {
    }

    public function execute(): void
    {
        if (!$this->settings->complete()) {
            return;
        }
        for ($batch = 0; $batch < self::BATCHES; $batch++) {
            $rows = $this->outbox->due(time(), self::TOGETHER);
            if (!$rows || !$this->send($rows)) {
                return;
            }
        }
    }

    /** Whether it is worth going on. */
    private function send(array $rows): bool
    {
        [$envelopes, $told, $site] = [[], [], $this->settings->site()];
        foreach ($rows as $row) {
            try {
                $envelope = $this->source->envelope($row['kind'], (int) $row['entity_id'], $row['email']);
            } catch (\Throwable $error) {
                $this->log->warning("Cartfolk: {$row['kind']} {$row['entity_id']} cannot be read: {$error->getMessage()}");
                $this->outbox->later($row, time());
                continue;
            }
            if ($envelope === null) {
                $this->outbox->done($row);
                continue;
            }
            $envelopes[] = $site === '' ? $envelope : $envelope + ['site' => $site];
            $told[] = $row;
        }
        if (!$envelopes) {
            return true;
        }
        $status = $this->post(json_encode($envelopes, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE));
        $through = $status >= 200 && $status < 300;
        if (!$through) {
            $this->log->warning("Cartfolk: answered $status; " . count($told) . ' messages wait.');
        }
        foreach ($told as $row) {
            $through || $status === self::REFUSED ? $this->outbox->done($row) : $this->outbox->later($row, time());
        }
        return $through || $status === self::REFUSED;
    }

    /** The status of the answer; 0 when there was none. */
    private function post(string $body): int
    {
        $curl = $this->curls->create();
        $curl->setTimeout(20);
        $curl->setHeaders(Signature::headers($this->settings->secret(), 'msg_' . bin2hex(random_bytes(16)), time(), $body));
        try {
            $curl->post($this->settings->url(), $body);
        } catch (\Exception $error) {
            $this->log->warning("Cartfolk cannot be reached: {$error->getMessage()}");
            return 0;
        }
        return $curl->getStatus();
    }
}
