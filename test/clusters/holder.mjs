// A process that holds a session and then writes it, for tests of what happens when it cannot. Prints `held`; on a line of
// standard input it writes, and prints what came of it. Arguments: options of mysqlStore() as JSON, the session's id.
import { createInterface } from 'node:readline';
import { mysqlStore } from '../../dist/mysql.js';

const [options, id] = process.argv.slice(2);
const store = mysqlStore(JSON.parse(options));
const lease = await store.open(id);
console.log('held');
for await (const _ of createInterface({ input: process.stdin })) {
  const result = await lease.commit({ data: Buffer.from('late|b:1;') }).catch(({ code }) => code);
  console.log(result);
  break;
}
process.exit();
