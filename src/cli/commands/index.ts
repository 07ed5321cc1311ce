import type { Command } from '../command.ts';
import { convert } from './convert.ts';
import { diff } from './diff.ts';
import { doctor } from './doctor.ts';
import { explain } from './explain.ts';
import { gc } from './gc.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { recognizeCommand } from './recognize.ts';
import { set } from './set.ts';
import { show } from './show.ts';
import { top } from './top.ts';
import { types } from './types.ts';
import { verify } from './verify.ts';
import { who } from './who.ts';

/** By their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map([
  ['recognize', recognizeCommand],
  ['list', list],
  ['verify', verify],
  ['doctor', doctor],
  ['top', top],
  ['explain', explain],
  ['show', show],
  ['who', who],
  ['kill', kill],
  ['set', set],
  ['gc', gc],
  ['convert', convert],
  ['types', types],
  ['diff', diff],
]);
