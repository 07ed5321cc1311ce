/** SQL for FROM: the numbers 1 to `count` as `seq`. Every server has it; MariaDB's tables `seq_1_to_…` are its own. */
export function numbersTo(count: number): string {
  return `JSON_TABLE(CONCAT('[', REPEAT('0,', ${count - 1}), '0]'), '$[*]' COLUMNS (seq FOR ORDINALITY)) AS numbers`;
}
