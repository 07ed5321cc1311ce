// php/bundle.php: the classes that each request needs, in one file. PHP loads one file faster than twenty. `npm run build` makes it from
// php/src, and a test says when it is out of date.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

const sources = join(root, 'php', 'src');
export const bundleFile = join(root, 'php', 'bundle.php');

/** What a request over PDO uses; a class comes after its interface. PHP finds all others when they are needed. */
export const bundled = [
  'Database/Bytes',
  'Database/Statement',
  'Database/Settings',
  'Database/Driver',
  'Database/PdoDriver',
  'Database/Server',
  'Database/Connection',
  'Database/Retries',
  'Options',
  'TimeSql',
  'TimeColumn',
  'Table',
  'Superglobal',
  'LockedRow',
  'Lock',
  'RowLock',
  'MergeLock',
  'Snapshot',
  'Tombstone',
];

const head = `<?php

// Made by \`npm run build\` from the files of src/, which are to be changed and read instead.

declare(strict_types=1);
`;

/** @returns {string} what php/bundle.php has to be */
export function phpBundle() {
  /** @type {Map<string, { imports: Set<string>, bodies: string[] }>} */
  const namespaces = new Map();
  for (const name of bundled) {
    const { namespace, imports, body } = partsOf(readFileSync(join(sources, `${name}.php`), 'utf8'));
    const block = namespaces.get(namespace) ?? { imports: new Set(), bodies: [] };
    namespaces.set(namespace, block);
    for (const line of imports) block.imports.add(line);
    block.bodies.push(body);
  }
  const blocks = [...namespaces].map(([namespace, { imports, bodies }]) => {
    const code = bodies.join('\n');
    const functions = functionsIn(code);
    // Else PHP would look for each function in the namespace first.
    const uses = functions.length > 0 ? [`use function ${functions.join(', ')};`] : [];
    const lines = [...[...imports].sort(), ...uses].map((line) => `${line}\n`).join('');
    return `\nnamespace ${namespace} {\n${lines}\n${code}}\n`;
  });
  return head + blocks.join('');
}

/** @param {string} source */
function partsOf(source) {
  const [, namespace, rest] = /^namespace (.+);$([\s\S]*)/m.exec(source) ?? [];
  if (namespace === undefined || rest === undefined) throw new Error('no namespace');
  const imports = rest.match(/^use .+;$/gm) ?? [];
  const body = rest
    .replaceAll(/^use .+;\n/gm, '')
    .replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replaceAll(/^ *\/\/.*\n/gm, '')
    .trimStart();
  return { namespace, imports, body };
}

/** The functions of PHP that a code calls. @param {string} code */
function functionsIn(code) {
  const words = 'array catch empty exit for foreach function if isset return self switch unset use while'.split(' ');
  const calls = code.replaceAll(/ \/\/ .*$/gm, '').matchAll(/(?<![\w$\\>:])(?<!function )([a-z]\w*)\(/g);
  const names = new Set([...calls].map(([, name = '']) => name));
  return [...names].filter((name) => !words.includes(name)).sort();
}

/** Another process may be running PHP with the file, so it is left alone if it is right, and else replaced in one step. */
export function writePhpBundle() {
  const bundle = phpBundle();
  if (existsSync(bundleFile) && readFileSync(bundleFile, 'utf8') === bundle) return;
  const next = `${bundleFile}.${process.pid}`;
  writeFileSync(next, bundle);
  renameSync(next, bundleFile);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePhpBundle();
