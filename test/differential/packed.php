<?php

// What PHP's functions make of bytes, for packed.ts: a line in JSON with [function, bytes in base64] of each, and one with the answers;
// null for false.

error_reporting(0);
ini_set('serialize_precision', $argv[1] ?? '-1');

$functions = [
    'json_encode' => static function (string $serialized) {
        $value = unserialize($serialized, ['allowed_classes' => false]);
        $json = json_encode($value, JSON_PRESERVE_ZERO_FRACTION);
        // Only what it can give back.
        return $json !== false && serialize(json_decode($json, true)) === serialize($value) ? $json : false;
    },
    'json_decode' => static function (string $json) {
        $value = json_decode($json, true);
        return is_array($value) ? serialize($value) : false;
    },
    'rawurlencode' => 'rawurlencode',
    'rawurldecode' => 'rawurldecode',
    'gzdeflate' => 'gzdeflate',
    'gzinflate' => static function (string $bytes) {
        return gzinflate($bytes, 1 << 24);
    },
    'base64_encode' => 'base64_encode',
    'base64_decode' => static function (string $bytes) {
        return base64_decode($bytes, true);
    },
];

while (($line = fgets(STDIN)) !== false) {
    $answers = [];
    foreach (json_decode($line) as [$function, $bytes]) {
        $result = $functions[$function](base64_decode($bytes));
        $answers[] = $result === false ? null : base64_encode($result);
    }
    echo json_encode($answers), "\n";
}
