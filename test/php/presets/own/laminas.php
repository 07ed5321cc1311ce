<?php

declare(strict_types=1);

// The DbTableGateway of laminas-session. In place of laminas-db there are the four queries that it builds.

namespace Laminas\Stdlib {
    class AbstractOptions
    {
    }
}

namespace Laminas\Db\TableGateway {
    class TableGateway
    {
        private $database;

        public function __construct(\Database $database)
        {
            $this->database = $database;
        }

        public function select(array $where): \ArrayIterator
        {
            $rows = $this->database->query('SELECT * FROM session WHERE id = :id AND name = :name', $where)->fetchAll(\PDO::FETCH_OBJ);
            return new \ArrayIterator($rows);
        }

        public function update(array $values, array $where): int
        {
            $sql = 'UPDATE session SET modified = :modified, data = :data WHERE id = :id AND name = :name';
            return $this->database->query($sql, $values + $where)->rowCount();
        }

        public function insert(array $values): int
        {
            $sql = 'INSERT INTO session (id, name, modified, lifetime, data) VALUES (:id, :name, :modified, :lifetime, :data)';
            return $this->database->query($sql, $values)->rowCount();
        }

        public function delete(array $where): int
        {
            return $this->database->query('DELETE FROM session WHERE id = :id AND name = :name', $where)->rowCount();
        }
    }
}

namespace {
    return static function (string $own, Database $database): Side {
        autoload('Laminas\\Session\\', "$own/src");
        return new WithHandler(new Laminas\Session\SaveHandler\DbTableGateway(
            new Laminas\Db\TableGateway\TableGateway($database),
            new Laminas\Session\SaveHandler\DbTableGatewayOptions()
        ));
    };
}
