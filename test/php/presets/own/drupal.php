<?php

declare(strict_types=1);

// Drupal's SessionHandler. In place of its database layer there are the three queries that it builds.

namespace Drupal\Core\Database {
    class Connection
    {
        private $database;

        public function __construct(\Database $database)
        {
            $this->database = $database;
        }

        public function queryRange(string $sql, int $from, int $count, array $values)
        {
            $sql = strtr($sql, ['[' => '`', ']' => '`', '{' => '', '}' => '']);
            $statement = $this->database->query("$sql LIMIT $from, $count", ['sid' => $values[':sid']]);
            return new class ($statement) {
                private $statement;

                public function __construct(\PDOStatement $statement)
                {
                    $this->statement = $statement;
                }

                public function fetchField()
                {
                    return $this->statement->fetchColumn();
                }
            };
        }

        public function upsert(string $table)
        {
            return new class ($this->database) extends Query {
                public function execute(): void
                {
                    $names = array_keys($this->values);
                    $set = implode(', ', array_map(static function ($name) {
                        return "$name = VALUES($name)";
                    }, $names));
                    $this->database->query(
                        'INSERT INTO sessions (' . implode(', ', $names) . ') VALUES (:' . implode(', :', $names) . ") ON DUPLICATE KEY UPDATE $set",
                        $this->values
                    );
                }
            };
        }

        public function delete(string $table)
        {
            return new class ($this->database) extends Query {
                public function execute(): void
                {
                    $this->database->query('DELETE FROM sessions WHERE sid = :sid', $this->values);
                }
            };
        }
    }

    abstract class Query
    {
        protected $database;
        protected $values = [];

        public function __construct(\Database $database)
        {
            $this->database = $database;
        }

        public function key(string $name): self
        {
            return $this;
        }

        public function fields(array $values): self
        {
            $this->values = $values;
            return $this;
        }

        public function condition(string $name, $value): self
        {
            $this->values[$name] = $value;
            return $this;
        }

        abstract public function execute(): void;
    }
}

namespace {
    return static function (string $own, Database $database): Side {
        autoload('Drupal\\', "$own/lib/Drupal");
        autoload('Symfony\\Component\\', "$own/../symfony/src/Symfony/Component");
        $requests = new Symfony\Component\HttpFoundation\RequestStack();
        $request = Symfony\Component\HttpFoundation\Request::createFromGlobals();
        $request->setSession(new Symfony\Component\HttpFoundation\Session\Session(
            new Symfony\Component\HttpFoundation\Session\Storage\MockArraySessionStorage()
        ));
        $request->getSession()->set('uid', 42);
        $requests->push($request);
        $time = new class implements Drupal\Component\Datetime\TimeInterface {
            public function getRequestTime()
            {
                return time();
            }

            public function getRequestMicroTime()
            {
                return microtime(true);
            }

            public function getCurrentTime()
            {
                return time();
            }

            public function getCurrentMicroTime()
            {
                return microtime(true);
            }
        };
        return new WithHandler(
            new Drupal\Core\Session\SessionHandler($requests, new Drupal\Core\Database\Connection($database), $time)
        );
    };
}
