#!/bin/sh
# What is left of $_SESSION after unset($_SESSION), or after it was made a reference.
#
# PHP 7.4.33 and 8.5.1, as WebAssembly: @php-wasm/node-7-4 and @php-wasm/node-8-5 3.0.42 from npm (about 150 MB in a temporary
# folder, removed at the end). Needs Node 20 or later.
# Source: php_session_encode and php_get_session_var work on PS(http_session_vars), ext/session/session.c of php-src.
#
# PHP's manual says that unset($_SESSION) "disables" the registering of variables. One would expect that the session is then
# empty, that it is not written, or that PHP warns. None of it happens: PHP goes on with the array that session_start() made.
# Whatever is put into a new $_SESSION can be read by the rest of the page, and is not stored; the content of before is
# written again instead, without a warning. The same comes of `$_SESSION = &$array`, which is how some code shares it. A plain
# `$_SESSION = [...]` is stored as it should be.
#
# Output seen, the same on both:
#   assign: shows {"b":2}, written "b|i:2;", warnings 0
#   unset, then assign: shows {"b":2}, written "a|i:1;", warnings 0
#   unset alone: shows null, written "a|i:1;", warnings 0
#   reference to an array: shows {"b":2}, written "a|i:1;", warnings 0
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund @php-wasm/node-7-4@3.0.42 @php-wasm/node-8-5@3.0.42 >> npm.log 2>&1

cat > session.php <<'PHP'
<?php
ob_start();
class Handler implements SessionHandlerInterface
{
    public $written;
    #[ReturnTypeWillChange]
    public function open($path, $name) { return true; }
    #[ReturnTypeWillChange]
    public function close() { return true; }
    #[ReturnTypeWillChange]
    public function read($id) { return 'a|i:1;'; }
    #[ReturnTypeWillChange]
    public function write($id, $data) { $this->written = $data; return true; }
    #[ReturnTypeWillChange]
    public function destroy($id) { return true; }
    #[ReturnTypeWillChange]
    public function gc($lifetime) { return 0; }
}
foreach (['gc_probability', 'use_cookies', 'lazy_write'] as $setting) {
    ini_set("session.$setting", '0');
}
$changes = [
    'assign' => function () { $_SESSION = ['b' => 2]; },
    'unset, then assign' => function () { unset($_SESSION); $_SESSION = ['b' => 2]; },
    'unset alone' => function () { unset($_SESSION); },
    'reference to an array' => function () { $array = ['b' => 2]; $_SESSION = &$array; },
];
$lines = [];
foreach ($changes as $name => $change) {
    $handler = new Handler();
    session_set_save_handler($handler, false);
    session_id('abcdefabcdefabcdefabcdef');
    $warnings = 0;
    set_error_handler(function () use (&$warnings) { $warnings++; return true; });
    session_start();
    $change();
    $shown = json_encode($_SESSION ?? null);
    session_write_close();
    restore_error_handler();
    $lines[] = "$name: shows $shown, written " . json_encode($handler->written) . ", warnings $warnings";
    unset($_SESSION);
}
ob_end_clean();
echo implode("\n", $lines), "\n";
PHP

cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';

const { getPHPLoaderModule } = await import(`@php-wasm/node-${process.argv[2]}`);
const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), {}));
const { text } = await php.run({ code: readFileSync('session.php', 'utf8') });
process.stdout.write(text, () => process.exit(0));
JS

cat > expected <<'TEXT'
assign: shows {"b":2}, written "b|i:2;", warnings 0
unset, then assign: shows {"b":2}, written "a|i:1;", warnings 0
unset alone: shows null, written "a|i:1;", warnings 0
reference to an array: shows {"b":2}, written "a|i:1;", warnings 0
TEXT

for version in 7-4 8-5; do
  node run.mjs "$version" > seen
  echo "PHP $version:"
  cat seen
  cmp -s seen expected || { echo 'That has changed.'; exit 1; }
done
