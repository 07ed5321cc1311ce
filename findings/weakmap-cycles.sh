#!/bin/sh
# An entry of a WeakMap whose value leads back to its key outlives minor garbage collections.
#
# Node 20.20.2, 22.23.5 and 24.22.3 (the first `node` of PATH, or the one of the argument).
# Source: seen with `--trace-gc-nvp`; V8's scavenger takes the values in an old table as roots, and only then looks which keys are left.
#
# A WeakMap keeps nothing alive that only it reaches. But that is so for major garbage collections. Once the map's table is old, a minor one
# keeps each young value; where the value leads to the key, it keeps the key too, and with it the entry. So with one entry a request, all
# that belongs to a request is copied twice, and becomes old before it is freed. A property on the key costs nothing of that.
#
# Output seen, the bytes that became old:
#   plain: 0.6 bytes an entry
#   back: 104.6 bytes an entry
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/entries.cjs" <<'JS'
const map = new WeakMap();
for (let i = 0; i < 300_000; i++) {
  const key = { list: [i, i, i, i] };
  map.set(key, process.argv[2] === 'back' ? { key } : { i });
}
JS
for value in plain back; do
  "${1:-node}" --trace-gc-nvp "$folder/entries.cjs" "$value" > "$folder/$value"
  grep ' gc=s ' "$folder/$value" | grep -o ' promoted=[0-9]*' | awk -F= -v value="$value" \
    '{ sum += $2 } END { printf "%s: %.1f bytes an entry\n", value, sum / 300000 }' | tee "$folder/$value.sum"
done
[ "$(awk '{ print ($2 < 5) }' "$folder/plain.sum")" = 1 ] && [ "$(awk '{ print ($2 > 50) }' "$folder/back.sum")" = 1 ] ||
  { echo 'That has changed.'; exit 1; }
