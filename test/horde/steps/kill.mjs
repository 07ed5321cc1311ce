import { bothKnow, same } from '../step.mjs';

const seconds = 4;

/** @type {import('../step.mjs').Step} */
export const kill = {
  title: 'kill -9',
  once: true,
  async run({ farm, entry, visitor }) {
    const visitors = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const each = visitor();
        await each.login();
        return each;
      }),
    );
    let [number, failed] = [0, 0];
    const end = performance.now() + seconds * 1000;
    /** @type {Map<import('../visitor.mjs').Visitor, { app: string, name: string }[]>} */
    const stored = new Map(visitors.map((each) => [each, []]));
    /** @param {import('../visitor.mjs').Visitor} who @param {'node' | 'horde'} side */
    const work = async (who, side) => {
      while (performance.now() < end) {
        const name = `${side}-${number++}`;
        try {
          await who[side]('set', { name: `change/${name}`, value: '1' });
          stored.get(who)?.push({ app: side === 'node' ? 'nodeapp' : 'hordelab', name });
        } catch {
          failed++;
        }
      }
    };
    const working = visitors.flatMap((each) => [work(each, 'node'), work(each, 'horde')]);
    setTimeout(() => farm.servers[0]?.php.kill('SIGKILL'), (seconds * 1000) / 4);
    setTimeout(() => farm.nodes[0]?.service.kill('SIGKILL'), (seconds * 1000) / 2);
    await Promise.all(working);
    same((await farm.servers[0]?.php.ended) !== undefined, true);
    same(farm.nodes[0]?.service.running(), false);
    // At most those that the dead had in their hands.
    if (failed > 2 * visitors.length) throw new Error(`${failed} requests have failed`);
    let [all, lost] = [0, 0];
    for (const [who, changes] of stored) {
      await bothKnow(who, 'alice');
      for (const app of ['nodeapp', 'hordelab']) {
        const found = (await who.node('get', { app, name: 'change/' })) ?? {};
        const own = changes.filter((change) => change.app === app);
        all += own.length;
        lost += own.filter(({ name }) => found[name] !== 1).length;
      }
    }
    const said = `of ${all} answered changes ${lost} were lost, ${failed} requests failed, nobody was logged out`;
    if (lost > 0 && (entry === 'row' || entry === 'merge')) throw new Error(said);
    return said;
  },
};
