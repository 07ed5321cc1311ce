<?php
// PHP's merge, asked by php-merge.ts and tools/php-versions.mjs: one case a line (JSON, bytes in base64), one answer a line.
// The cases are in the file that CASES names, or come from stdin.
error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});
spl_autoload_register(static function (string $class): void {
    require __DIR__ . '/../../php/src/' . strtr(substr($class, strlen('PhpSessionBridge\\')), '\\', '/') . '.php';
});

/** A rule that both languages have: what it decides depends on the path alone. */
function byPath(array $path, ?string $base, ?string $mine, ?string $theirs): ?string
{
    $isText = preg_match('/^s:[ -~]*$/D', (string) $theirs) === 1;
    $decisions = [$mine, $isText ? $theirs : null, null, 'i:42;', 'a:1:{s:1:"x";d:0.5;}'];
    return $decisions[strlen(implode('/', $path)) % 5];
}

$encoded = static function (array $path): array {
    return array_map('base64_encode', $path);
};
$cases = fopen(getenv('CASES') ?: 'php://stdin', 'r');
while (($line = fgets($cases)) !== false) {
    [$format, $rule, $base, $mine, $theirs] = json_decode($line, true);
    try {
        $merged = PhpSessionBridge\Merge\ThreeWayMerge::of(
            base64_decode($base),
            base64_decode($mine),
            base64_decode($theirs),
            $format,
            $rule === 'function' ? 'byPath' : $rule
        );
        $answer = ['data' => base64_encode($merged->data), 'conflicts' => array_map($encoded, $merged->conflicts)];
    } catch (PhpSessionBridge\Merge\SessionConflict $conflict) {
        $answer = ['conflict' => $encoded($conflict->path)];
    } catch (PhpSessionBridge\Merge\MergeError $error) {
        $answer = ['error' => get_class($error)];
    }
    echo json_encode($answer), "\n";
}
