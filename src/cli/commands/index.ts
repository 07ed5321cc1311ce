import type { Command } from '../command.ts';
import { doctor } from './doctor.ts';
import { list } from './list.ts';
import { recognizeCommand } from './recognize.ts';
import { top } from './top.ts';
import { verify } from './verify.ts';

/** By their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map([
  ['recognize', recognizeCommand],
  ['list', list],
  ['verify', verify],
  ['doctor', doctor],
  ['top', top],
]);
