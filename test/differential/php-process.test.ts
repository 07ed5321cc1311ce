import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { ended } from '../helpers/php-process.ts';

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle('function five() { return 5; }');
});
afterAll(() => php.close());

test("when PHP's process ends over a question, another one answers those after it", async () => {
  const codes = ['return five();', 'exit(1);', 'return five() + 1;', 'exit(1);', 'return five() + 2;'];
  const answers = await php.tryAll(codes.map((argument) => ({ operation: 'eval', argument })));
  const values = answers.map((answer) => (answer === ended ? ended : answer.bytes.toString()));
  expect(values).toEqual(['i:5;', ended, 'i:6;', ended, 'i:7;']);
});

test('a test that expects an answer fails when the process ends', async () => {
  await expect(php.one('eval', 'exit(1);')).rejects.toThrow('PHP ended');
});
