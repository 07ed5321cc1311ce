import { assertDriver } from '../../stores/mysql/driver.ts';
import { readOptions } from '../../stores/mysql/options.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Handles } from '../handles.ts';
import { wholeNumber } from '../numbers.ts';
import { pause } from '../pause.ts';
import { placeFlags, readPlace } from '../place.ts';
import { screen } from '../top/screen.ts';
import { Watch } from '../top/watch.ts';

/** To the corner, and nothing below it. */
const HOME = '\x1b[H\x1b[J';

/** Who holds which session, and who waits for it. */
export const top: Command = {
  summary: 'watch who holds and who waits for sessions, the longest first',
  details:
    'It asks each server of the configuration, and locks nothing. It needs PROCESS; on MySQL also SELECT on performance_schema, on NDB Cluster on ndbinfo.\n' +
    'What it may not see is in its answer. Requests of one process of Node wait for each other in that process, which no server sees: docs/signals.md.\n' +
    'No text of a statement is shown, as ids can stand in it. KILL with the number of a connection ends it, and frees its lock.',
  operands: [],
  flags: {
    ...placeFlags,
    once: { type: 'boolean', says: 'one picture, and end' },
    interval: { type: 'string', value: 'SECONDS', says: 'time between two pictures (default 2)' },
  },
  examples: [
    ['top', 'Until Ctrl-C'],
    ['top --once', 'One picture'],
    [
      "top --json --interval 10 | jq '.servers[].transactions[] | select(.seconds > 5)'",
      'Locks of more than five seconds, for a log',
    ],
  ],
  async run(call) {
    const { flags, report, world } = call;
    const interval = wholeNumber(flags.interval, 2, '--interval');
    assertDriver();
    const settings = readOptions((await readPlace(call)).store);
    const handles = await Handles.of(world);
    const watches = settings.connections.map((endpoint) => new Watch(endpoint, settings, handles));
    const isLive = world.stdout.isTTY === true && !report.isJson && flags.once !== true;
    try {
      for (;;) {
        const servers = await Promise.all(watches.map((watch) => watch.look(world.signal)));
        const at = new Date().toISOString();
        report.answer({ at, servers }, () => `${isLive ? HOME : ''}${at}\n${screen(servers, report)}`);
        if (flags.once === true) return servers.every(({ version }) => version === '') ? EXIT.failed : EXIT.ok;
        await pause(interval * 1000, world.signal);
      }
    } finally {
      for (const watch of watches) watch.end();
    }
  },
};
