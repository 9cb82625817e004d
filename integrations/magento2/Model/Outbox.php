<?php
/**
 * What Cartfolk is still to be told: one row an object, however often it changed meanwhile.
 *
 * License: GPL-2.0-or-later
 */

declare(strict_types=1);

namespace Cartfolk\Events\Model;

use Magento\Framework\App\ResourceConnection;
use Magento\Framework\DB\Adapter\AdapterInterface;
use Magento\Framework\DB\Sql\Expression;

class Outbox
{
    private const LONGEST_PAUSE = 3600;

    public function __construct(private readonly ResourceConnection $resource)
    {
    }

    public function remember(string $kind, int $id, ?string $email = null): void
    {
        $row = ['kind' => $kind, 'entity_id' => $id, 'email' => $email];
        $again = ['version' => new Expression('version + 1'), 'due_at' => new Expression('0'), 'attempts' => new Expression('0')];
        if ($email !== null) {
            $again[] = 'email';
        }
        $this->connection()->insertOnDuplicate($this->table(), $row, $again);
    }

    /** @return array<int, array<string, mixed>> */
    public function due(int $now, int $limit): array
    {
        $select = $this->connection()->select()->from($this->table())
            ->where('due_at <= ?', $now)->order('outbox_id')->limit($limit);
        return $this->connection()->fetchAll($select);
    }

    /** What changed while it was being sent has another version, and stays. */
    public function done(array $row): void
    {
        $this->connection()->delete(
            $this->table(),
            ['outbox_id = ?' => (int) $row['outbox_id'], 'version = ?' => (int) $row['version']]
        );
    }

    public function later(array $row, int $now): void
    {
        $attempts = (int) $row['attempts'] + 1;
        $pause = min(self::LONGEST_PAUSE, 60 * 2 ** min($attempts, 6));
        $this->connection()->update(
            $this->table(),
            ['attempts' => $attempts, 'due_at' => $now + $pause],
            ['outbox_id = ?' => (int) $row['outbox_id'], 'version = ?' => (int) $row['version']]
        );
    }

    private function connection(): AdapterInterface
    {
        return $this->resource->getConnection();
    }

    private function table(): string
    {
        return $this->resource->getTableName('cartfolk_outbox');
    }
}
