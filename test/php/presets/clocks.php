<?php

declare(strict_types=1);

// One request of an application that ends the sessions of idle visitors, at a time that the test chooses, with its own classes or with their rule.
// php clocks.php NAME, and on standard input {"do": "login" or "visit", "id", "cookie", "time", "database", "zone", "own"}; prints
// {"id", "cookie", "user"} as JSON. `time` is now, in Unix seconds; `cookie` is the visitor's second one, as he has it after the request.

require __DIR__ . '/Side.php';
require __DIR__ . '/applications.php';

/** The clock of an application, in a session that is open. */
interface Clock
{
    public function open(?string $id): void;

    public function login(): void;

    /** As each of its pages begins. Returns whether the visitor is still logged in. */
    public function visit(): bool;

    public function user(): ?string;

    public function save(): void;
}

$name = $argv[1];
$request = json_decode(stream_get_contents(STDIN), true);
$database = new Database($request['database'], $request['zone']);
foreach (['use_only_cookies' => 1, 'cache_limiter' => '', 'sid_length' => 32, 'sid_bits_per_character' => 4] as $option => $value) {
    ini_set("session.$option", (string) $value);
}
$_SERVER['REMOTE_ADDR'] = '192.0.2.1';
$_COOKIE = isset($request['cookie']) ? ['roundcube_sessauth' => $request['cookie']] : [];

/** @var Clock $clock */
$clock = (require __DIR__ . '/clocks/' . explode('-', $name)[0] . '.php')($name, $request, $database);
$clock->open($request['id'] ?? null);
if ($request['do'] === 'login') {
    $clock->login();
}
$user = $clock->visit() ? $clock->user() : null;
$answer = ['id' => session_id(), 'cookie' => $_COOKIE['roundcube_sessauth'] ?? null, 'user' => $user];
if ($user !== null) {
    $clock->save();
}
echo json_encode($answer, JSON_THROW_ON_ERROR);
