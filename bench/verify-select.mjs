// The SELECT of all rows by mysql2 alone, in batches by their keys as `verify` reads them, but the largest that are good for it. For verify.mjs.
import { createConnection } from 'mysql2/promise';

const connection = await createConnection({ uri: process.env.PHP_SESSION_BRIDGE_CONNECTION ?? '', rowsAsArray: true });
const start = performance.now();
let [last, bytes] = ['', 0];
for (;;) {
  const sql = 'SELECT id, data, LENGTH(data), usetime FROM session WHERE id > ? ORDER BY id LIMIT 2000';
  const [rows] = /** @type {[any[][], any]} */ (await connection.execute(sql, [last]));
  for (const [, data] of rows) bytes += data.length;
  last = rows.at(-1)?.[0];
  if (rows.length < 2000) break;
}
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, bytes }));
await connection.end();
