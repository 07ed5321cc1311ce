// Which file of src may import which, types included. `npx depcruise src` checks it, and so does `npm test`.
//
// The layers, from the bottom up:
//
//   errors, node-version           anything may use them, and they use nothing
//   codec/                         bytes and values
//   stores/*.ts                    what a store is, and what stores share
//   stores/<name>/                 one store
//   session/                       the session of a request, over any store
//   login/                         who is logged in: what presets say, and what middleware does with it
//   middleware/                    frameworks
//   php-ini/                       what PHP's configuration says of a session
//   presets/                       options for PHP applications: data
//   forms/                         what frameworks of PHP keep of forms in a session
//   recognize/                     which application a database's sessions are of
//   horde/                         what is in the sessions of one application
//   testing/                       contracts for what others write
//   cli/                           the command: it may use all of them, and nothing uses it
//   *.ts                           entries of the package: they put the layers together, and no layer imports them

const base = '^src/(errors|node-version|option-rules)[.]ts$';
const codec = '^src/codec/';
const sharedByStores = '^src/stores/[^/]+[.]ts$';
/** What is known of stores above them: no concrete one. */
const anyStore = '^src/stores/(store|session-id|signals)[.]ts$';
const session = '^src/session/';
const login = '^src/login/';

/** @param {{ from: string; imports: string[]; node?: boolean; name: string; comment: string }} layer */
const layer = ({ name, comment, from, imports, node = true }) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: imports, ...(node && { dependencyTypesNot: ['core'] }) },
});

export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Move what both files need into a third one, below them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'folder-without-a-layer',
      comment: 'Say in .dependency-cruiser.mjs what the files of a new folder may import.',
      severity: 'error',
      from: {
        path: '^src/[^/]+/',
        pathNot: '^src/(codec|stores|session|login|middleware|php-ini|presets|forms|recognize|horde|testing|cli)/',
      },
      to: {},
    },
    layer({
      name: 'base-imports-nothing',
      comment: 'All other files stand on these.',
      from: base,
      imports: ['^$'],
      node: false,
    }),
    layer({
      name: 'codec-runs-anywhere',
      comment: 'The codec needs nothing but the language: nothing of Node, of other packages, of the layers above.',
      from: codec,
      imports: [codec, base],
      node: false,
    }),
    layer({
      name: 'codec-grammar-at-the-bottom',
      comment:
        'The grammar knows bytes and the types of PHP: neither where values come from, nor who reads or writes them.',
      from: '^src/codec/php/',
      imports: ['^src/codec/(php/|(rules|values)[.]ts$)', base],
      node: false,
    }),
    layer({
      name: 'codec-sources-know-no-reader',
      comment: 'Readers and writers stand on sources.',
      from: '^src/codec/source/',
      imports: [
        '^src/codec/(php|source)/',
        '^src/codec/formats/(format|framing)[.]ts$',
        '^src/codec/[^/]+[.]ts$',
        base,
      ],
      node: false,
    }),
    layer({
      name: 'codec-reads-without-writing',
      comment: 'What only reads, such as a tool, needs nothing of writing.',
      from: '^src/codec/read/',
      imports: ['^src/codec/(php|source|read)/', '^src/codec/formats/framing[.]ts$', '^src/codec/[^/]+[.]ts$', base],
      node: false,
    }),
    layer({
      name: 'stores-share-downwards',
      comment: 'What stores share knows none of them, and no codec.',
      from: sharedByStores,
      imports: [sharedByStores, base],
    }),
    layer({
      name: 'stores-move-bytes',
      comment: 'A store knows no other store, no codec, no session and no middleware.',
      from: '^src/stores/([^/]+)/',
      imports: ['^src/stores/$1/', sharedByStores, base, '^node_modules/'],
    }),
    layer({
      name: 'session-knows-no-store',
      comment: 'A session works over any store, and in any framework.',
      from: session,
      imports: [session, codec, anyStore, base],
    }),
    layer({
      name: 'login-reads-sessions',
      comment: 'It reads values of a session, whatever it is stored in and whatever framework has it.',
      from: login,
      imports: [login, codec, anyStore, base],
    }),
    layer({
      name: 'middleware-knows-no-store',
      comment:
        'The application gives the store, and the framework. Of Hono the types alone are used: nothing else can say what is in its context.',
      from: '^src/middleware/',
      imports: ['^src/middleware/', session, login, codec, anyStore, base, '^node_modules/hono/'],
    }),
    layer({
      name: 'php-ini-knows-no-store',
      comment: 'It knows the options of a session, and what PHP calls them.',
      from: '^src/php-ini/',
      imports: ['^src/php-ini/', session, codec, base],
    }),
    layer({
      name: 'presets-are-data',
      comment: 'A preset gives options of a store and of a session. It uses neither.',
      from: '^src/presets/',
      imports: [
        '^src/presets/',
        '^src/session/(options|cookie-encoding|idle-cookie)[.]ts$',
        '^src/login/(login-rules|php-values|claim|same-secret)[.]ts$',
        codec,
        sharedByStores,
        '^src/stores/mysql/(options|now|locks)[.]ts$',
        base,
      ],
    }),
    layer({
      name: 'forms-know-values',
      comment:
        'What frameworks keep of forms is values in a session, wherever that comes from. Of presets it takes names, keys and cookies.',
      from: '^src/forms/',
      imports: [
        '^src/forms/',
        '^src/presets/(laravel-(classes|cookie|encrypter)|version)[.]ts$',
        '^src/login/same-secret[.]ts$',
        codec,
        base,
      ],
    }),
    layer({
      name: 'recognize-only-reads',
      comment:
        'It needs a connection to MySQL, and not the store that writes. It names presets, and does not load them.',
      from: '^src/recognize/',
      imports: [
        '^src/recognize/',
        '^src/presets/matomo-encoding[.]ts$',
        '^src/php-ini/options[.]ts$',
        codec,
        sharedByStores,
        '^src/stores/mysql/(connection|driver|errors|identifiers|options|time-zone)[.]ts$',
        base,
      ],
    }),
    layer({
      name: 'horde-knows-values',
      comment: 'It reads and writes values of a session, wherever that came from. Only its cipher needs a package.',
      from: '^src/horde/',
      imports: [
        '^src/horde/',
        '^src/login/(login-rules|local-path)[.]ts$',
        // Data beside Horde's session are a session of their own.
        '^src/middleware/(session-opener|session-source|open-session|who-is-logged-in)[.]ts$',
        codec,
        base,
        '^node_modules/egoroof-blowfish/',
      ],
    }),
    layer({
      name: 'testing-knows-no-store',
      comment: 'A contract is for every store, or for every middleware.',
      from: '^src/testing/',
      imports: ['^src/testing/', session, codec, anyStore, base],
    }),
    {
      name: 'nothing-imports-the-command',
      comment: 'cli/ is the end of all layers. What others need of it belongs further down.',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true, // it sees `import type`
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
