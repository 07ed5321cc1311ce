import type { Command } from '../command.ts';
import { list } from './list.ts';
import { recognizeCommand } from './recognize.ts';

/** By their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map([
  ['recognize', recognizeCommand],
  ['list', list],
]);
