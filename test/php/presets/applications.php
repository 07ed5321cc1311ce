<?php

declare(strict_types=1);

// What each application stores of a person who is made up, who it says that it is, and the statements of its handler.

/** @return array<string, array> */
function applications(): array
{
    $get = static function (string ...$path): Closure {
        return static function (array $session) use ($path) {
            foreach ($path as $key) {
                $session = is_array($session) ? $session[$key] ?? null : null;
            }
            return $session;
        };
    };
    $base64 = ['pack' => 'base64_encode', 'unpack' => 'base64_decode'];
    $roundcube = $base64 + [
        'login' => static function (): array {
            return ['temp' => false, 'user_id' => 42, 'username' => 'alice', 'language' => 'en_US', 'auth_secret' => 'made-up', 'login_time' => 5];
        },
        'user' => $get('username'),
        'destroy' => 'DELETE FROM session WHERE sess_id = :id',
    ];
    return [
        'roundcube-1.6' => $roundcube + [
            'read' => 'SELECT vars FROM session WHERE sess_id = :id AND changed >= NOW() - INTERVAL 600 SECOND',
            'write' => "INSERT INTO session (sess_id, vars, ip, changed) VALUES (:id, :data, '192.0.2.1', NOW())
                ON DUPLICATE KEY UPDATE vars = VALUES(vars), changed = NOW()",
        ],
        'roundcube-1.7' => $roundcube + [
            'read' => 'SELECT vars FROM session WHERE sess_id = :id AND expires_at >= NOW()',
            'write' => "INSERT INTO session (sess_id, vars, ip, expires_at)
                VALUES (:id, :data, '192.0.2.1', NOW() + INTERVAL 600 SECOND)
                ON DUPLICATE KEY UPDATE vars = VALUES(vars), expires_at = VALUES(expires_at)",
        ],
        'drupal' => [
            'login' => static function (): array {
                return ['_sf2_attributes' => ['uid' => '42'], '_sf2_meta' => ['u' => 5, 'c' => 5, 'l' => 2000000, 's' => 'made-up']];
            },
            'user' => $get('_sf2_attributes', 'uid'),
            'key' => static function (string $id): string {
                return strtr(base64_encode(hash('sha256', $id, true)), ['+' => '-', '/' => '_', '=' => '']);
            },
            'read' => 'SELECT session FROM sessions WHERE sid = :id',
            'write' => "INSERT INTO sessions (sid, uid, hostname, session, timestamp)
                VALUES (:id, 42, '192.0.2.1', :data, UNIX_TIMESTAMP())
                ON DUPLICATE KEY UPDATE session = VALUES(session), timestamp = VALUES(timestamp)",
            'destroy' => 'DELETE FROM sessions WHERE sid = :id',
        ],
        'magento' => [
            'login' => static function (): array {
                return ['_session_hosts' => ['shop.example' => true], 'default' => ['_form_key' => 'made-up'],
                    'customer_base' => ['customer_group_id' => '1', 'customer_id' => '42']];
            },
            'user' => $get('customer_base', 'customer_id'),
            'pack' => 'base64_encode',
            'unpack' => static function (string $row): string {
                $data = base64_decode($row, true);
                return $data === false ? $row : $data;
            },
            'read' => 'SELECT session_data FROM shop_session WHERE session_id = :id',
            'write' => 'INSERT INTO shop_session (session_id, session_expires, session_data) VALUES (:id, UNIX_TIMESTAMP(), :data)
                ON DUPLICATE KEY UPDATE session_expires = VALUES(session_expires), session_data = VALUES(session_data)',
            'destroy' => 'DELETE FROM shop_session WHERE session_id = :id',
        ],
        'moodle' => $base64 + [
            'login' => static function (): array {
                return ['SESSION' => (object) ['lang' => 'en'], 'USER' => (object) ['id' => '42', 'username' => 'alice', 'sesskey' => 'made-up']];
            },
            'user' => static function (array $session) {
                return $session['USER']->username ?? null;
            },
            // A session whose column is not that of its user is ended.
            'read' => "SELECT IF(GET_LOCK(CONCAT('preset_moodle-mdl_-session-', id), 5), sessdata, NULL) FROM mdl_sessions
                WHERE sid = :id AND userid = 42 AND timemodified > UNIX_TIMESTAMP() - 28800",
            'write' => "INSERT INTO mdl_sessions (state, sid, sessdata, userid, timecreated, timemodified, firstip, lastip)
                VALUES (0, :id, :data, 42, UNIX_TIMESTAMP(), UNIX_TIMESTAMP(), '192.0.2.1', '192.0.2.1')
                ON DUPLICATE KEY UPDATE sessdata = VALUES(sessdata), timemodified = VALUES(timemodified)",
            'destroy' => 'DELETE FROM mdl_sessions WHERE sid = :id',
        ],
        'joomla' => [
            'login' => static function (): array {
                $registry = new Joomla\Registry\Registry();
                $registry->set('session', (object) ['counter' => 1, 'token' => 'made-up']);
                $registry->set('user', (object) ['id' => 42, 'username' => 'alice']);
                return ['joomla' => base64_encode(serialize($registry))];
            },
            'user' => static function (array $session) {
                return isset($session['joomla']) ? unserialize(base64_decode($session['joomla']))->get('user')->username : null;
            },
            'read' => 'SELECT data FROM jos_session WHERE session_id = :id',
            'write' => 'INSERT INTO jos_session (session_id, data, time) VALUES (:id, :data, UNIX_TIMESTAMP())
                ON DUPLICATE KEY UPDATE data = VALUES(data), time = VALUES(time)',
            'destroy' => 'DELETE FROM jos_session WHERE session_id = :id',
        ],
        'typo3' => [
            'format' => 'php_serialize',
            'login' => static function (): array {
                return ['shop' => ['user' => 'alice', 'basket' => [7]]];
            },
            'user' => $get('shop', 'user'),
            'key' => static function (string $id): string {
                return hash_hmac('sha256', $id, sha1(str_repeat('0123456789abcdef', 6) . 'core-session-backend'));
            },
            'read' => "SELECT ses_data FROM fe_sessions
                WHERE ses_id = :id AND ses_iplock = '[DISABLED]' AND ses_tstamp + 6000 >= UNIX_TIMESTAMP()",
            'write' => "INSERT INTO fe_sessions (ses_id, ses_iplock, ses_userid, ses_tstamp, ses_data)
                VALUES (:id, '[DISABLED]', 42, UNIX_TIMESTAMP(), :data)
                ON DUPLICATE KEY UPDATE ses_tstamp = VALUES(ses_tstamp), ses_data = VALUES(ses_data)",
            'destroy' => 'DELETE FROM fe_sessions WHERE ses_id = :id',
        ],
        'horde' => [
            'login' => static function (): array {
                return ['_b' => 5, '_r' => 2000000000, 'horde' => ['auth/userId' => "\0alice", 'auth/timestamp' => 5], '_e' => ['horde' => []],
                    'imp' => ['pack' => "\x021[7,\"\xc3\xa9\"]"]];
            },
            'user' => static function (array $session) {
                return isset($session['horde']['auth/userId']) ? substr($session['horde']['auth/userId'], 1) : null;
            },
            'read' => 'SELECT session_data FROM horde_sessionhandler WHERE session_id = :id',
            'write' => 'INSERT INTO horde_sessionhandler (session_id, session_data, session_lastmodified)
                VALUES (:id, :data, UNIX_TIMESTAMP())
                ON DUPLICATE KEY UPDATE session_data = VALUES(session_data), session_lastmodified = VALUES(session_lastmodified)',
            'destroy' => 'DELETE FROM horde_sessionhandler WHERE session_id = :id',
        ],
        'opencart' => [
            'format' => 'php_serialize',
            'login' => static function (): array {
                return ['language' => 'en-gb', 'customer_id' => 42, 'customer' => ['firstname' => 'Alicé'], 'url' => 'a/b', 'price' => 1.5];
            },
            'user' => $get('customer_id'),
            'pack' => static function (string $data): string {
                $session = unserialize($data);
                return $session ? json_encode($session) : '';
            },
            'unpack' => static function (string $row): string {
                return serialize((array) json_decode($row, true));
            },
            'read' => 'SELECT data FROM oc_session WHERE session_id = :id AND expire > UTC_TIMESTAMP()',
            'write' => 'REPLACE INTO oc_session (session_id, data, expire) VALUES (:id, :data, UTC_TIMESTAMP() + INTERVAL 86400 SECOND)',
            'destroy' => 'DELETE FROM oc_session WHERE session_id = :id',
        ],
        'matomo' => [
            'format' => 'php_serialize',
            'login' => static function (): array {
                return ['user.name' => 'alice', 'twofactorauth.verified' => 0, 'user.token_auth_temp' => 'made-up',
                    'session.info' => ['ts' => 5, 'remembered' => false, 'expiration' => 2000000000]];
            },
            'user' => $get('user.name'),
            'key' => static function (string $id): string {
                return hash('sha512', $id . 'made-up-salt');
            },
            'pack' => static function (string $data): string {
                return serialize(['data' => base64_encode($data)]);
            },
            'unpack' => static function (string $row): string {
                return base64_decode(unserialize($row)['data']);
            },
            'read' => 'SELECT data FROM matomo_session WHERE id = :id AND modified + lifetime >= UNIX_TIMESTAMP()',
            'write' => 'INSERT INTO matomo_session (id, modified, lifetime, data) VALUES (:id, UNIX_TIMESTAMP(), 1209600, :data)
                ON DUPLICATE KEY UPDATE modified = VALUES(modified), lifetime = VALUES(lifetime), data = VALUES(data)',
            'destroy' => 'DELETE FROM matomo_session WHERE id = :id',
        ],
        'adodb' => [
            'login' => static function (): array {
                return ['user' => 'alice', 'text' => "a|b c~é%"];
            },
            'user' => $get('user'),
            'pack' => 'rawurlencode',
            'unpack' => 'rawurldecode',
            'read' => 'SELECT sessdata FROM sessions2 WHERE sesskey = BINARY :id AND expiry >= NOW()',
            'write' => "INSERT INTO sessions2 (sesskey, sessdata, expireref, expiry, created, modified)
                VALUES (:id, :data, '', NOW() + INTERVAL 1440 SECOND, NOW(), NOW())
                ON DUPLICATE KEY UPDATE sessdata = VALUES(sessdata), expiry = VALUES(expiry), modified = VALUES(modified)",
            'destroy' => 'DELETE FROM sessions2 WHERE sesskey = BINARY :id',
        ],
        'laminas' => [
            'login' => static function (): array {
                return ['__Laminas' => ['_REQUEST_ACCESS_TIME' => 5.5], 'user' => 'alice'];
            },
            'user' => $get('user'),
            'read' => "SELECT data FROM session WHERE id = :id AND name = 'PHPSESSID' AND modified + lifetime > UNIX_TIMESTAMP()",
            'write' => "INSERT INTO session (id, name, modified, lifetime, data) VALUES (:id, 'PHPSESSID', UNIX_TIMESTAMP(), 1440, :data)
                ON DUPLICATE KEY UPDATE modified = VALUES(modified), data = VALUES(data)",
            'destroy' => "DELETE FROM session WHERE id = :id AND name = 'PHPSESSID'",
        ],
    ];
}
