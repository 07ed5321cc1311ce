<?php

declare(strict_types=1);

// PHP's side of a preset: one request of an application, with its own classes or with the statements that they send.
// php run.php NAME, and on standard input {"do", "id", "cookie", "value", "database", "zone", "own"}; prints {"id", "cookie", "session", "user"} as JSON.
// `own` is the folder of the application's classes, if they are there: fixtures/README.md says which.

require __DIR__ . '/Side.php';
require __DIR__ . '/applications.php';

$name = $argv[1];
$request = json_decode(stream_get_contents(STDIN), true);
$application = applications()[$name];
$database = new Database($request['database'], $request['zone'] ?? '+00:00');

foreach (['use_only_cookies' => 1, 'cache_limiter' => '', 'sid_length' => 32, 'sid_bits_per_character' => 4] as $option => $value) {
    ini_set("session.$option", (string) $value);
}
ini_set('session.serialize_handler', $application['format'] ?? 'php');
$_SERVER['REMOTE_ADDR'] = '192.0.2.1';
$_SERVER['HTTP_USER_AGENT'] = 'Mozilla/5.0 (made up)';

/** @var Side $side */
$side = isset($request['own'])
    ? (require __DIR__ . "/own/$name.php")($request['own'], $database)
    : new Statements($application, $database);
autoload('Joomla\\Registry\\', __DIR__); // if the application has not brought its own
if (isset($request['own'], $request['cookie']) && $side->idOf($request['cookie']) !== $request['id']) {
    throw new RuntimeException('The cookie is for another session.');
}
$side->open($request['id'] ?? null);
$session = &$side->session();
switch ($request['do']) {
    case 'login':
        foreach ($application['login']() as $key => $value) {
            $session[$key] = $value;
        }
        break;
    case 'set':
        $session['php'] = $request['value'];
        break;
    case 'regenerate':
        $side->regenerate();
        break;
    case 'logout':
        $side->logout();
        break;
}
$seen = $session;
$id = $side->id();
$cookie = $side->cookie();
if ($request['do'] !== 'logout') {
    $side->save();
}
echo json_encode(
    ['id' => $id, 'cookie' => $cookie, 'session' => $seen, 'user' => $application['user']($seen)],
    JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE
);
