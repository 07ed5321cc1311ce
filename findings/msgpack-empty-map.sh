#!/bin/sh
# What an empty object becomes between JavaScript's msgpack and PHP's.
#
# php8.2-msgpack 2.2.0RC2 from Debian 12, with the PHP that is installed (8.2; packages in a temporary folder, removed at the end; 3.0.0 of
# Debian 13 was seen to do the same). @msgpack/msgpack 3.1.3 and msgpackr 2.1.4 from npm. Needs Node 20 or later, apt-get and dpkg.
# Source: msgpack-php, msgpack_unserialize_map(): a map without pairs is an object, unless msgpack.php_only is off.
#
# For PHP's extension a map with pairs is an array, and a map without any is an object of stdClass: `$cart['tea'] = 1` then ends in "Cannot use object
# of type stdClass as array". Libraries of JavaScript write {} as such a map. PHP writes its own empty arrays as lists, so it never meets that byte
# in what it wrote itself. The object stays one: PHP writes it with its class, in a pair whose key is nil. The libraries then refuse the
# data, or have a property with the name "null".
#
# Output seen:
#   JavaScript writes { full: { a: 1 }, empty: {} }: 82a466756c6c81a16101a5656d70747980
#   PHP reads: full is array, empty is stdClass
#   PHP writes: 82a466756c6c81a16101a5656d70747981c0a8737464436c617373
#   @msgpack/msgpack reads: The type of key must be string or number but object
#   msgpackr reads: {"full":{"a":1},"empty":{"null":"stdClass"}}
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download php8.2-msgpack > apt.log 2>&1
dpkg -x php8.2-msgpack_*.deb .
extension=$(find "$folder" -name msgpack.so)
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund @msgpack/msgpack@3.1.3 msgpackr@2.1.4 >> npm.log 2>&1

cat > write.mjs <<'JS'
import { encode } from '@msgpack/msgpack';
console.log(Buffer.from(encode({ full: { a: 1 }, empty: {} })).toString('hex'));
JS
cat > pass.php <<'PHP'
<?php
$data = msgpack_unserialize(hex2bin($argv[1]));
echo 'PHP reads: full is ', get_debug_type($data['full']), ', empty is ', get_debug_type($data['empty']), "\n";
echo 'PHP writes: ', bin2hex(msgpack_serialize($data)), "\n";
PHP
cat > read.mjs <<'JS'
import { decode } from '@msgpack/msgpack';
import { unpack } from 'msgpackr';
const bytes = Buffer.from(process.argv[2], 'hex');
for (const [name, read] of Object.entries({ '@msgpack/msgpack': decode, msgpackr: unpack })) {
  let result;
  try {
    result = JSON.stringify(read(bytes));
  } catch (error) {
    result = error.message;
  }
  console.log(`${name} reads: ${result}`);
}
JS

written=$(node write.mjs)
echo "JavaScript writes { full: { a: 1 }, empty: {} }: $written" > seen
php -n -d extension="$extension" pass.php "$written" >> seen
node read.mjs "$(sed -n 's/^PHP writes: //p' seen)" >> seen
cat > expected <<'TEXT'
JavaScript writes { full: { a: 1 }, empty: {} }: 82a466756c6c81a16101a5656d70747980
PHP reads: full is array, empty is stdClass
PHP writes: 82a466756c6c81a16101a5656d70747981c0a8737464436c617373
@msgpack/msgpack reads: The type of key must be string or number but object
msgpackr reads: {"full":{"a":1},"empty":{"null":"stdClass"}}
TEXT
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
