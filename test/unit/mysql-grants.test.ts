import { describe, expect, test } from '@jest/globals';
import { createTableSql, grantSql } from '../../src/stores/mysql/index.ts';

describe('grantSql()', () => {
  test('has what the store needs, on the one table', () => {
    expect(grantSql({ user: 'shop', host: '10.0.%', table: 'web.session' })).toBe(
      "GRANT SELECT, INSERT, UPDATE, DELETE ON `web`.`session` TO 'shop'@'10.0.%'",
    );
    expect(grantSql({ user: 'shop' })).toBe("GRANT SELECT, INSERT, UPDATE, DELETE ON `session` TO 'shop'@'%'");
  });

  test.each([
    [{ user: "x' WITH GRANT OPTION -- " }, 'user'],
    [{ user: 'x\\' }, 'user'],
    [{ user: '' }, 'user'],
    [{ user: 'x', host: "'" }, 'host'],
    [{ user: 'x', host: 'a\nb' }, 'host'],
    [{ user: 'x', table: '`' }, 'table'],
  ])('%j is refused', (options, name) => {
    expect(() => grantSql(options)).toThrow(new RegExp(`^${name} must`));
  });
});

test('createTableSql() has blobs on NDB only if they are asked for', () => {
  expect(createTableSql({ engine: 'NDBCLUSTER' })).toContain('`data` VARBINARY(29800) NOT NULL,');
  expect(createTableSql({ engine: 'NDBCLUSTER', blob: true })).toContain(
    "`data` MEDIUMBLOB NOT NULL COMMENT 'NDB_COLUMN=MAX_BLOB_PART_SIZE',",
  );
  expect(createTableSql({ engine: 'InnoDB', blob: true })).toContain('`data` MEDIUMBLOB NOT NULL,');
  expect(() => createTableSql({ blob: 1 as never })).toThrow(/^blob must/);
});
