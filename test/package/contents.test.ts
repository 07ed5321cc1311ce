import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Consumer, clone, type Manifest, run } from './consumer.ts';

let consumer: Consumer;
/** Paths inside the package. */
let files: string[];
let manifest: Manifest;

beforeAll(async () => {
  consumer = await Consumer.create();
  files = readdirSync(consumer.package, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(consumer.package, join(entry.parentPath, entry.name)))
    .sort();
  manifest = JSON.parse(readFileSync(join(consumer.package, 'package.json'), 'utf8'));
}, 240_000);

afterAll(() => consumer?.remove());

describe('the tarball', () => {
  test('holds what is to be published, and nothing else', () => {
    const top = new Set(files.map((file) => file.split('/')[0]));
    const pages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'];
    expect([...top].sort()).toEqual([...pages, 'dist', 'docs', 'package.json', 'php'].sort());
    const others = files.filter(
      (file) =>
        file.includes('/') &&
        !/^dist\/(horde\/)?[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(file) &&
        !/^php\/(src\/.*\.php|bundle\.php|prepend\.php|composer\.json|README\.md)$/.test(file) &&
        !/^docs\/([\w-]+\.md|images\/(farm-(light|dark)|horde-(imp|node))\.png)$/.test(file),
    );
    expect(others).toEqual([]);
  });

  test('has all pages and pictures that README.md leads to', () => {
    const readme = readFileSync(join(consumer.package, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\(([\w./-]+)[^)]*\)|src(?:set)?="([^"]+)"/g)].map(
      ([, page, image]) => page ?? image!,
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((link) => !files.includes(link))).toEqual([]);
  });

  test('has each file as ES module, as CommonJS, and with types for both', () => {
    const named = entries(manifest).map(({ path }) => path.slice(2) || 'index');
    const names = [...named, 'core', 'igbinary-format', 'msgpack-format', 'requests', 'stores'];
    // No entry has a type of them.
    const withoutTypes = ['database', 'forms', 'php-settings'].flatMap((name) => [
      `dist/${name}.cjs`,
      `dist/${name}.js`,
    ]);
    expect(files.filter((file) => file.startsWith('dist/'))).toEqual(
      [
        'dist/cli.js', // for `bin`
        ...withoutTypes,
        ...names.flatMap((name) => ['cjs', 'd.cts', 'd.ts', 'js'].map((ending) => `dist/${name}.${ending}`)),
      ].sort(),
    );
  });

  test('passes publint', async () => {
    const publint = join(clone, 'node_modules', 'publint', 'src', 'cli.js');
    await run(process.execPath, [publint, 'run', consumer.package, '--strict', '--pack', 'false'], consumer.path());
  });
});

describe('exports', () => {
  test('name the ES module first for all that can load it', () => {
    for (const { path, conditions } of entries(manifest)) {
      const file = `./dist/${path.slice(2) || 'index'}`;
      const module = { types: `${file}.d.ts`, default: `${file}.js` };
      const common = { types: `${file}.d.cts`, default: `${file}.cjs` };
      // The order decides.
      expect(Object.entries(conditions)).toEqual(
        Object.entries({ 'module-sync': module, import: module, default: common }),
      );
    }
  });

  test('have their types for TypeScript that does not know them, too', () => {
    const { typesVersions, types } = manifest;
    const old = Object.fromEntries(Object.entries(typesVersions['*']).map(([name, files]) => [`./${name}`, ...files]));
    expect({ '.': types, ...old }).toEqual(
      Object.fromEntries(entries(manifest).map(({ path, conditions }) => [path, conditions.default.types])),
    );
  });

  test.each(['js', 'cjs', 'd.ts', 'd.cts'])('load at most four files (.%s), and none of another entry', (ending) => {
    const all = entries(manifest).map(({ path }) => `dist/${path.slice(2) || 'index'}.${ending}`);
    for (const entry of all) {
      const [, ...others] = closure(entry);
      expect({ entry, loads: others.filter((file) => all.includes(file)) }).toEqual({ entry, loads: [] });
      // What it shares with the command is a file of its own.
      expect(others.length).toBeLessThan(/php-ini\.c?js$/.test(entry) ? 5 : 4);
    }
  });

  test('are those of the documentation, and the other way round', () => {
    const docs = readdirSync(join(clone, 'docs')).filter((page) => page.endsWith('.md'));
    const pages = [join(clone, 'README.md'), ...docs.map((page) => join(clone, 'docs', page))];
    const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n');
    const names = entries(manifest).map(({ path }) => join(manifest.name, path));
    const imported = [...text.matchAll(/(?:from|import\(|require\() ?['"](php-session-bridge[^'"]*)/g)];
    expect(imported.map(([, name]) => name!).filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !new RegExp(`['"\`]${name}['"\`]`).test(text))).toEqual([]);
  });
});

test('the codec runs in a JavaScript that has nothing but the language', () =>
  consumer.program('bare-realm.mjs', '--experimental-vm-modules', '--no-warnings'));

function entries({ exports }: Manifest) {
  return Object.entries(exports).flatMap(([path, conditions]) =>
    typeof conditions === 'string' ? [] : [{ path, conditions }],
  );
}

function read(file: string): string {
  return readFileSync(join(consumer.package, file), 'utf8');
}

/** This file and all files of the package that are loaded with it. */
function closure(target: string): Set<string> {
  const found = new Set([target]);
  for (const file of found) {
    // `import`, `export … from`, `import()` and `require()`
    for (const { fileName } of ts.preProcessFile(read(file), true, true).importedFiles) {
      const name = file.includes('.d.') ? fileName.replace(/\.(c?)js$/, '.d.$1ts') : fileName;
      if (fileName.startsWith('.')) found.add(join(dirname(file), name));
    }
  }
  return found;
}
