#!/bin/sh
# TypeScript's option that rewrites the endings of imports, and an import() whose name is known at run time only.
#
# typescript 6.0.3 and 7.0.2, rollup 4.68.8 from npm (about 60 MB in a temporary folder, removed at the end). Needs Node 20 or later.
# Source: the helper __rewriteRelativeImportExtension, which both compilers emit.
#
# With rewriteRelativeImportExtensions, TypeScript cannot rewrite the name in `import(file)` when it compiles. So it emits a function that
# does so at run time, for names that begin with "./" or "../" alone: `import('./plugin.ts')` then loads plugin.js. A name such as
# file:///srv/plugin.ts goes through as it is, so the same file loads by one name and not by the other. The function is guarded by a look at
# `this`, also in an ES module, where that is always undefined at the top. Rollup therefore warns of a `this` that nobody has written, and a
# build that takes each warning for an error stops.
#
# Output seen:
#   typescript 6.0.3: relative name -> plugin.js, file: name -> plugin.ts
#   typescript 7.0.2: relative name -> plugin.js, file: name -> plugin.ts
#   rollup warns: THIS_IS_UNDEFINED
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --ignore-scripts --no-audit --no-fund typescript@6.0.3 typescript-7@npm:typescript@7.0.2 rollup@4.68.8 > npm.log 2>&1

echo 'export const load = (file: string): Promise<{ name: string }> => import(file);' > load.ts
mkdir out
for compiler in typescript typescript-7; do
  mkdir out/$compiler
  node node_modules/$compiler/bin/tsc load.ts --outDir out/$compiler --module nodenext --target es2023 \
    --rewriteRelativeImportExtensions --ignoreConfig
  for ending in js ts; do echo "export const name = 'plugin.$ending';" > out/$compiler/plugin.$ending; done
done

cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { rollup } from 'rollup';

// Node 20 does not know .ts, so it is enough to see which file it looks for.
const named = (loading) => loading.then(({ name }) => name, ({ message }) => /plugin\.\w+/.exec(message)[0]);
for (const compiler of ['typescript', 'typescript-7']) {
  const { version } = JSON.parse(readFileSync(`node_modules/${compiler}/package.json`));
  const url = new URL(`out/${compiler}/`, import.meta.url);
  const { load } = await import(new URL('load.js', url));
  const [relative, absolute] = [await named(load('./plugin.ts')), await named(load(new URL('plugin.ts', url).href))];
  console.log(`typescript ${version}: relative name -> ${relative}, file: name -> ${absolute}`);
}
const warnings = [];
await rollup({ input: 'out/typescript/load.js', onLog: (_, { code }) => warnings.push(code) });
console.log(`rollup warns: ${[...new Set(warnings)].join(' ')}`);
JS

node run.mjs > seen
cat > expected <<'TEXT'
typescript 6.0.3: relative name -> plugin.js, file: name -> plugin.ts
typescript 7.0.2: relative name -> plugin.js, file: name -> plugin.ts
rollup warns: THIS_IS_UNDEFINED
TEXT
cat seen
cmp -s seen expected || { echo 'That has changed.'; exit 1; }
