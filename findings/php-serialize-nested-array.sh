#!/bin/sh
# What PHP's session holds of an array that is also in one of its own objects.
#
# The PHP that is installed (seen with 8.2.36), and php8.2-igbinary 3.2.13 of Debian 12 (in a temporary folder, removed at the end). Needs
# apt-get and dpkg.
# Source: php_var_serialize_nested_data() in ext/standard/var.c marks an array while it writes it, and writes null for one that has the mark.
#
# `$users = ['ann' => $ann]; $ann->all = $users;` is no circle of arrays: an array is a value, so `$ann->all` is a copy that holds $ann. But PHP
# copies an array only when one of the two is changed. Until then both places are the same array in memory, which serialize() takes for one
# that contains itself: it writes null for the inner one, without a warning. When the session is read, the property is null. After a change
# that leaves the content as it was, the same session is written in full. So it is where no place holds the array but the one inside.
# igbinary writes the number of the array in its place, and reads a copy.
#
# Output seen:
#   php: s:3:"all";N; in what was written; all is null when it is read again
#   php, the array copied before: all has ann again when it is read again
#   igbinary: all has ann again when it is read again
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download php8.2-igbinary > apt.log 2>&1
dpkg -x php8.2-igbinary_*.deb .
extension=$(find "$folder" -name igbinary.so)

cat > session.php <<'PHP'
<?php
ob_start();
function told(string $format, bool $copied): string
{
    ini_set('session.serialize_handler', $format);
    session_id('abcdefabcdefabcdefabcdef');
    session_start();
    $ann = new stdClass;
    $users = ['ann' => $ann];
    $ann->all = $users;
    if ($copied) {
        $users['bob'] = null;
        unset($users['bob']);
    }
    $_SESSION = ['groups' => ['staff' => $users]];
    $bytes = session_encode();
    $_SESSION = [];
    session_decode($bytes);
    $ann = $_SESSION['groups']['staff']['ann'];
    session_abort();
    $said = strpos($bytes, 's:3:"all";N;') === false ? '' : 's:3:"all";N; in what was written; ';
    $all = $ann->all === null ? 'is null' : ($ann->all['ann'] === $ann ? 'has ann again' : 'is something else');
    return $said . "all $all when it is read again";
}
$lines = [
    'php: ' . told('php', false),
    'php, the array copied before: ' . told('php', true),
    'igbinary: ' . told('igbinary', false),
];
ob_end_clean();
echo implode("\n", $lines), "\n";
PHP

cat > expected <<'TEXT'
php: s:3:"all";N; in what was written; all is null when it is read again
php, the array copied before: all has ann again when it is read again
igbinary: all has ann again when it is read again
TEXT
settings="-d session.use_cookies=0 -d session.cache_limiter= -d session.save_path=$folder"
# shellcheck disable=SC2086
php -n -d extension="$extension" $settings session.php > seen
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
