'use strict';
// `node -r` runs this before anything else is read, in syntax that any Node reads: an older one says this in one line, and not what it
// does not understand. The same rule is in src/node-version.ts.

var version = process.versions.node;
var parts = version.split('.').map(Number);
var isTooOld =
  parts[0] < 20 || (parts[0] === 20 && parts[1] < 19) || parts[0] === 21 || (parts[0] === 22 && parts[1] < 13);

if (isTooOld) {
  console.error('Node ' + version + ' is too old: please use Node 20.19, 22.13, 24 or later (https://nodejs.org).');
  process.exit(1);
}
