<?php

// Router for `php -S`: starts a session with the settings of the request's body, or removes its cookie, and answers with the
// request's cookie.

$test = json_decode(file_get_contents('php://input'), true);

foreach ($test['ini'] as $name => $value) {
    ini_set($name, $value);
}
if ($test['do'] === 'remove') {
    setcookie(session_name(), '', [
        'expires' => 1,
        'path' => ini_get('session.cookie_path'),
        'domain' => ini_get('session.cookie_domain'),
        'secure' => (bool) ini_get('session.cookie_secure'),
        'httponly' => (bool) ini_get('session.cookie_httponly'),
        'samesite' => ini_get('session.cookie_samesite'),
    ] + (PHP_VERSION_ID < 80500 ? [] : ['partitioned' => (bool) ini_get('session.cookie_partitioned')]));
} elseif ($test['do'] === 'start') {
    session_start();
}
echo json_encode([
    'id' => session_id(),
    'cookie' => $_COOKIE[session_name()] ?? null,
], JSON_INVALID_UTF8_SUBSTITUTE);
