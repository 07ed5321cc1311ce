<?php

declare(strict_types=1);

// Horde's own classes, alone: Horde_Session, Horde_Pack, Horde_Core_Secret_Cbc. The argument is the folder with Horde/. Each line of the input is a
// job in JSON, and each line of the output its answer; bytes are in base64. Of the injector there is what Horde_Session asks for.

error_reporting(E_ALL & ~E_DEPRECATED);
$folder = $argv[1];
spl_autoload_register(static function (string $class) use ($folder): void {
    $file = $folder . '/' . strtr($class, '\\_', '//') . '.php';
    if (strncmp($class, 'Horde_', 6) === 0 && is_file($file)) {
        require_once $file;
    } elseif (preg_match('/^(IMP|Horde_Imap)_\w+$/D', $class)) {
        // IMP is not here. What its objects have written of themselves is kept as it is.
        eval("class $class implements Serializable { private \$data; function serialize() { return \$this->data; }
            function unserialize(\$data) { \$this->data = \$data; } }");
    }
});

session_set_save_handler(new class implements SessionHandlerInterface {
    public function open($path, $name): bool { return true; }
    public function close(): bool { return true; }
    public function read($id): string { return ''; }
    public function write($id, $data): bool { return true; }
    public function destroy($id): bool { return true; }
    public function gc($max_lifetime): int { return 0; }
});
session_start(['use_cookies' => 0, 'cache_limiter' => '', 'serialize_handler' => 'php']);

/** Horde's session over these bytes. */
function session(array $job): Horde_Session
{
    $_SESSION = [];
    if (!session_decode(base64_decode($job['bytes'])) && $job['bytes'] !== '') {
        throw new Exception('PHP cannot decode the session');
    }
    $data = $_SESSION;
    $_COOKIE = ['horde_secret_key' => $job['key'] ?? 'none'];
    $GLOBALS['injector'] = new class ($job['secretKey'] ?? 'none') {
        private $secret;
        public function __construct(string $iv) { $this->secret = new Horde_Core_Secret_Cbc(['iv' => $iv]); }
        public function getInstance(string $class) { return $class === 'Horde_Pack' ? new Horde_Pack() : $this->secret; }
    };
    $session = new Horde_Session();
    $session->sessionHandler = (object) ['changed' => false];
    $_SESSION = $data;
    $session->session_data = $data;
    return $session;
}

$jobs = [
    // All values, as serialize() writes what Horde gives.
    'values' => static function (array $job): array {
        $session = session($job);
        $values = [];
        foreach ($_SESSION as $app => $variables) {
            if (!is_array($variables) || $app === '_e' || $app === '_p') continue;
            foreach (array_keys($variables) as $name) {
                $values[] = [base64_encode((string) $app), base64_encode((string) $name), base64_encode(serialize($session->get($app, (string) $name)))];
            }
        }
        return $values;
    },
    'get' => static function (array $job) {
        return base64_encode(serialize(session($job)->get($job['app'], $job['name'])));
    },
    // The packs of all drivers that take the value, by the last part of the class.
    'packs' => static function (array $job): array {
        $packs = [];
        $value = unserialize(base64_decode($job['value']));
        foreach (['Serialize', 'Json', 'Igbinary', 'Msgpack', 'Msgpackserialize'] as $driver) {
            foreach ([0, false] as $compress) {
                try {
                    $packs[] = base64_encode((new Horde_Pack())->pack($value, ['compress' => $compress, 'drivers' => ["Horde_Pack_Driver_$driver"]]));
                } catch (Horde_Pack_Exception $e) {
                }
            }
        }
        return $packs;
    },
    // PHP's own spelling of a value.
    'normal' => static function (array $job): string {
        return base64_encode(serialize(unserialize(base64_decode($job['value']))));
    },
    // Horde 6: the key as its HkdfInfo.php and CbcHkdfTest.php say. The cipher is the same as Horde 5's.
    'crypt6' => static function (array $job): array {
        $salt = base64_decode($job['salt']);
        $key = hash_hkdf('sha256', $job['secretKey'] . $salt, 56, 'horde-session-blowfish-cbc-v1', $job['id']);
        $cipher = new Horde_Core_Secret_Cbc(['iv' => $job['secretKey']]);
        return [
            base64_encode($cipher->write($key, base64_decode($job['text']))),
            isset($job['encrypted']) ? base64_encode($cipher->read($key, base64_decode($job['encrypted']))) : null,
        ];
    },
    'encrypt' => static function (array $job): string {
        $cipher = new Horde_Core_Secret_Cbc(['iv' => $job['secretKey']]);
        return base64_encode($cipher->write($job['key'], base64_decode($job['text'])));
    },
];
while (($line = fgets(STDIN)) !== false) {
    $job = json_decode($line, true);
    try {
        $answer = ['ok' => $jobs[$job['do']]($job)];
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($answer), "\n";
}
