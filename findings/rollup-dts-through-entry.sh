#!/bin/sh
# A bundle of declarations in which one entry takes a type from another entry, which does not belong to it.
#
# rollup 4.68.8 and rollup-plugin-dts 6.5.1 from npm, with typescript 6.0.3 (about 30 MB in a temporary folder, removed at the end).
# Needs Node 20 or later.
# Source: rewritePortableSharedChunkImportsInBundle in the plugin, which looks for any entry that exports a shared type.
#
# Two entries share a type in a common chunk. The entry "server" exports it again, "browser" only uses it. One would expect that both
# import it from the chunk. Instead, "browser" imports it from "server", and so it has all that "server" needs: here the types of Node, which
# an application in a browser does not have, so that it does not compile. The plugin warns only if no entry at all exports the type. If
# "browser" exports the type itself, it takes it from the chunk.
#
# Output seen:
#   used: from './server.js'
#   used and exported: from './shared.js'
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --ignore-scripts --no-audit --no-fund rollup@4.68.8 rollup-plugin-dts@6.5.1 typescript@6.0.3 >> npm.log 2>&1

mkdir used exported
for way in used exported; do
  echo 'export interface Options { name: string }' > $way/shared.d.ts
  printf '%s\n' "import type { Socket } from 'node:net';" "import type { Options } from './shared.js';" \
    "export type { Options } from './shared.js';" 'export declare function serve(options: Options): Socket;' > $way/server.d.ts
  printf '%s\n' "import type { Options } from './shared.js';" 'export declare function show(options: Options): void;' > $way/browser.d.ts
done
echo "export type { Options } from './shared.js';" >> exported/browser.d.ts

cat > run.mjs <<'JS'
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

for (const way of ['used', 'exported']) {
  const input = { server: `${way}/server.d.ts`, browser: `${way}/browser.d.ts` };
  const build = await rollup({ input, external: [/^node:/], plugins: [dts()] });
  const { output } = await build.generate({
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name].d.ts',
    manualChunks: (id) => (id.endsWith('/shared.d.ts') ? 'shared' : undefined),
  });
  const [from] = /from '[^']*'/.exec(output.find(({ fileName }) => fileName === 'browser.d.ts').code);
  console.log(`${way === 'used' ? 'used' : 'used and exported'}: ${from}`);
}
JS

node run.mjs > seen
cat > expected <<'TEXT'
used: from './server.js'
used and exported: from './shared.js'
TEXT
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
