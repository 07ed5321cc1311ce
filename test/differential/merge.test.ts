import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { batch, cases, seed, timeout } from '../helpers/fuzz.ts';
import { randomTriple, type Triple } from '../helpers/merge-triples.ts';
import { mergeVectors } from '../helpers/merge-vectors.mjs';
import { type MergeAnswer, type MergeCase, mergeInNode, mergeInPhp } from '../helpers/php-merge.ts';
import { PhpOracle } from '../helpers/php-oracle.ts';
import { RandomPhp } from '../helpers/random-php.ts';

// Node and PHP may both merge the same session. So both must make the same of it, to the byte.

let php: PhpOracle;
beforeAll(() => {
  php = new PhpOracle();
});
afterAll(() => php.close());

const shown = ({ format, rule, base, mine, theirs }: MergeCase) => ({
  format,
  rule,
  ...Object.fromEntries(
    Object.entries({ base, mine, theirs }).map(([side, bytes]) => [side, Buffer.from(bytes).toString('latin1')]),
  ),
});
const readableAnswer = (answer: MergeAnswer) =>
  'data' in answer ? { ...answer, data: Buffer.from(answer.data, 'base64').toString('latin1') } : answer;

describe('the cases of fixtures/merge', () => {
  let answers: MergeAnswer[];
  beforeAll(() => {
    answers = mergeInPhp(mergeVectors.map(([, input]) => input));
  });
  test.each(mergeVectors.map(([name, , expected], index) => [name, index, expected] as const))(
    '%s',
    (_, index, expected) => {
      expect(answers[index]).toEqual(expected);
    },
  );
});

describe('random sessions', () => {
  test(
    `PHP's merge and Node's give the same, and PHP reads it (seed ${seed})`,
    async () => {
      const random = new RandomPhp(seed);
      const count = Math.ceil(cases / 5);
      const outcomes = { merged: 0, conflicts: 0, refused: 0 };
      for (let done = 0; done < count; done += batch) {
        const triples = Array.from({ length: Math.min(batch, count - done) }, () => randomTriple(random));
        const answers = mergeInPhp(triples);
        const merged: { triple: Triple; data: Buffer }[] = [];
        for (const [index, triple] of triples.entries()) {
          const answer = answers[index]!;
          const expected = mergeInNode(triple);
          // Of two faults one side may find the other one first.
          const areRefused = triple.isDamaged && 'error' in answer && 'error' in expected;
          if (!areRefused && JSON.stringify(answer) !== JSON.stringify(expected)) {
            expect({ ...shown(triple), answer: readableAnswer(answer) }).toEqual({
              ...shown(triple),
              answer: readableAnswer(expected),
            });
          }
          if ('data' in answer) {
            const data = Buffer.from(answer.data, 'base64');
            if (!triple.isDamaged) merged.push({ triple, data });
          }
          if ('data' in answer) outcomes.merged++;
          else outcomes['conflict' in answer ? 'conflicts' : 'refused']++;
        }
        const read = await php.ask(
          merged.map(({ triple, data }) => ({
            operation: 'session',
            argument: data,
            ini: { 'session.serialize_handler': triple.format },
          })),
        );
        for (const [index, { triple, data }] of merged.entries()) {
          const { ok, bytes } = read[index]!;
          // What is taken as it is may have a spelling that PHP does not write.
          if (ok && (data.equals(triple.mine) || data.equals(triple.theirs))) continue;
          const again = { ok, data: bytes.toString('latin1') };
          const expected = { ok: true, data: data.toString('latin1') };
          if (!ok || !bytes.equals(data))
            expect({ ...shown(triple), ...again }).toEqual({ ...shown(triple), ...expected });
        }
      }
      // Otherwise little was tested.
      expect(outcomes.merged).toBeGreaterThan(count / 2);
      expect(outcomes.conflicts).toBeGreaterThan(count / 50);
      expect(outcomes.refused).toBeGreaterThan(0);
    },
    timeout,
  );
});
