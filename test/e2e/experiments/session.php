<?php

/**
 * php.ini's auto_prepend_file of the experiments: installs the save handler, so that the page itself knows nothing of it.
 */

declare(strict_types=1);

require __DIR__ . '/../../../php/src/SessionHandler.php';

(static function (): void {
    $server = json_decode((string) getenv('COUNTER'), true, 512, JSON_THROW_ON_ERROR);
    header('X-Served-By: ' . $server['name']);
    $handler = new \PhpSessionBridge\SessionHandler(
        static function () use ($server): PDO {
            $database = $server['database'];
            return new PDO(
                "mysql:host={$database['host']};port={$database['port']};dbname={$database['database']};charset=utf8mb4",
                $database['user'],
                $database['password'],
                [PDO::ATTR_TIMEOUT => 10]
            );
        },
        ['table' => $server['table'], 'time_type' => $server['timeType']]
    );
    session_set_save_handler($handler, true);

    // The page waits here until the session is written, so that the status can still say that it was not; and a
    // connection on which the length of the answer is known can be kept.
    ob_start(static function (string $page): string {
        header('Content-Length: ' . strlen($page));
        return $page;
    });
})();
