import { expect, test } from '@jest/globals';
import type { Facts } from '../../src/stores/mysql/check-facts.ts';
import { checkServer } from '../../src/stores/mysql/check-server-rules.ts';
import { readOptions } from '../../src/stores/mysql/options.ts';
import type { TableDefinition } from '../../src/stores/mysql/table-definition.ts';

// States of clusters as their nodes reported them: to bring them about takes the cluster away from other tests.

/** A server without a finding. */
const healthy: Facts = {
  settings: readOptions({ connection: { host: '127.0.0.1' } }),
  variables: new Map([['sql_mode', 'STRICT_TRANS_TABLES']]),
  readOnly: [],
  status: new Map(),
  isMariadb: true,
  isNdb: false,
  isGalera: false,
  account: 'shop@%',
  database: 'app',
  maxUserConnections: 0,
  clock: { ahead: 0, uncertainty: 0 },
  definition: undefined,
  offsets: { ours: [0, 0, 0], server: [0, 0, 0] },
  otherZone: undefined,
  hasNullTimes: false,
  sessions: [],
  deniedPrivileges: [],
  isReplica: false,
  namedLock: undefined,
  ndbParameters: undefined,
  unseen: [],
};
const codes = (facts: Partial<Facts>) => checkServer({ ...healthy, ...facts }, 1).map(({ code }) => code);

const galera = (ready: string, part: string, size: number): Partial<Facts> => ({
  isGalera: true,
  variables: new Map([...healthy.variables, ['wsrep_sync_wait', '15']]),
  status: new Map([
    ['wsrep_ready', ready],
    ['wsrep_cluster_status', part],
    ['wsrep_cluster_size', String(size)],
  ]),
});

test.each([
  ['ON', 'Primary', 3, ['galera-writers']],
  ['ON', 'Primary', 2, ['galera-size', 'galera-writers']],
  ['ON', 'Primary', 1, ['galera-size']],
  ['OFF', 'non-Primary', 1, ['galera-not-ready', 'galera-size']],
  ['OFF', 'Primary', 3, ['galera-not-ready', 'galera-writers']], // it is being given the data by another node
])('a node of Galera: wsrep_ready %s, %s, %i nodes', (ready, part, size, expected) => {
  expect(codes(galera(ready, part, size))).toEqual(expected);
});

const innodb = { engine: 'InnoDB' } as TableDefinition;

test.each<[Record<string, string>, Partial<Facts>, string[]]>([
  [{}, {}, []], // an account that sees no variable
  [{ log_bin: 'OFF', binlog_format: 'STATEMENT', binlog_row_image: 'FULL', binlog_annotate_row_events: 'ON' }, {}, []],
  [{ log_bin: 'ON', binlog_format: 'STATEMENT', binlog_row_image: 'FULL' }, {}, ['server-binlog-format']],
  [{ log_bin: 'ON', binlog_format: 'STATEMENT' }, { definition: { ...innodb, engine: 'MyISAM' } }, []],
  [{ log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'FULL' }, {}, ['server-binlog-rows']],
  [{ log_bin: 'ON', binlog_format: 'MIXED', binlog_row_image: 'FULL_NODUP' }, {}, ['server-binlog-rows']],
  [{ log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'NOBLOB' }, {}, []],
  [{ log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'MINIMAL' }, {}, []],
  [
    { log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'FULL' },
    { definition: { ...innodb, engine: 'ndbcluster' } },
    [],
  ],
  [{ log_bin: 'ON', binlog_format: 'ROW', binlog_rows_query_log_events: 'ON' }, {}, ['server-binlog-statements']],
])('the binary log: %j', (variables, facts, expected) => {
  const all = new Map([...healthy.variables, ...Object.entries(variables)]);
  expect(codes({ definition: innodb, ...facts, variables: all })).toEqual(expected);
});

test.each([
  ['FULL', 'twice'],
  ['FULL_NODUP', 'the whole old session'],
])('binlog_row_image %s', (image, text) => {
  const variables = new Map([
    ...healthy.variables,
    ['log_bin', 'ON'],
    ['binlog_format', 'ROW'],
    ['binlog_row_image', image],
  ]);
  expect(checkServer({ ...healthy, variables, definition: innodb }, 1)).toMatchObject([
    {
      code: 'server-binlog-rows',
      message: expect.stringContaining(text),
      sql: ["SET GLOBAL binlog_row_image = 'MINIMAL'"],
    },
  ]);
});

test.each([
  [['2', '2'], { NoOfReplicas: 2, TransactionInactiveTimeout: 4_294_967_039 }, []],
  [['2', '1'], { NoOfReplicas: 2, TransactionInactiveTimeout: 4_294_967_039 }, ['ndb-nodes']],
  [['2', '2'], { NoOfReplicas: 1 }, ['ndb-replicas']],
  [['2', '2'], { TransactionInactiveTimeout: 5_000 }, ['ndb-inactive-timeout']],
  [['2', '2'], { TransactionInactiveTimeout: 0 }, []], // none
  [['2', '2'], { TransactionDeadlockDetectionTimeout: 1_200 }, ['ndb-lock-wait']],
  [['2', '2'], { TransactionDeadlockDetectionTimeout: 10_000 }, []],
])('NDB: data nodes %j, %j', ([all, ready], parameters, expected) => {
  const status = new Map([
    ['Ndb_number_of_data_nodes', all!],
    ['Ndb_number_of_ready_data_nodes', ready!],
  ]);
  expect(codes({ isNdb: true, status, ndbParameters: new Map(Object.entries(parameters)) })).toEqual(expected);
});
