#!/bin/sh
# How igbinary writes arrays that are equal.
#
# php8.2-igbinary 3.2.13 of Debian 12, with the PHP that is installed (8.2; the package in a temporary folder, removed at the end). Needs apt-get and
# dpkg.
# Source: igbinary_serialize_array_ref() in src/php7/igbinary.c of igbinary; zend_empty_array in Zend/zend_hash.c of php-src.
#
# In igbinary the tag 01 with a number stands for an array that came before. One would expect it for references, as R: in serialize(). But igbinary
# asks only whether both are one array in memory. PHP has a single empty array for all of them, so each empty array after the first is such
# a number. Others are one array until one of them is changed: `$a = [f()]; [$a, $a]` has a number, and `[[f()], [f()]]`, an equal value, has none. A
# reference has the tag 25 before it. So a reader must make a copy for 01 alone: with one array for both places, what is put into one cart would
# be in another one too. And equal sessions may differ in their bytes.
#
# Output seen (00000002 is the header, 14 an array, 06 an int):
#   [[], []]: 0000000214020600140006010101
#   [$a, $a]: 000000021402060014010600060506010101
#   [[5], [5]]: 00000002140206001401060006050601140106000605
#   both are equal: yes
#   [&$a, &$a]: 0000000214020600251401060006050601250101
#   after $read[0][] = 1, the other one has 0 elements
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download php8.2-igbinary > apt.log 2>&1
dpkg -x php8.2-igbinary_*.deb .
extension=$(find "$folder" -name igbinary.so)

cat > arrays.php <<'PHP'
<?php
$five = (int) '5'; // so that PHP makes the arrays when it runs
$a = [$five];
$b = [$five];
$hex = fn ($value) => bin2hex(igbinary_serialize($value));
echo '[[], []]: ', $hex([[], []]), "\n";
echo '[$a, $a]: ', $hex([$a, $a]), "\n";
echo '[[5], [5]]: ', $hex([$a, $b]), "\n";
echo 'both are equal: ', [$a, $a] === [$a, $b] ? 'yes' : 'no', "\n";
echo '[&$a, &$a]: ', $hex([&$a, &$a]), "\n";
$read = igbinary_unserialize(igbinary_serialize([[], []]));
$read[0][] = 1;
echo 'after $read[0][] = 1, the other one has ', count($read[1]), " elements\n";
PHP
cat > expected <<'TEXT'
[[], []]: 0000000214020600140006010101
[$a, $a]: 000000021402060014010600060506010101
[[5], [5]]: 00000002140206001401060006050601140106000605
both are equal: yes
[&$a, &$a]: 0000000214020600251401060006050601250101
after $read[0][] = 1, the other one has 0 elements
TEXT
php -n -d extension="$extension" arrays.php > seen
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
