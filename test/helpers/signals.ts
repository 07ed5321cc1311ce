import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type SessionSignals, signals } from '../../src/stores/signals.ts';

type Name = keyof SessionSignals;

export const names = Object.keys(signals) as Name[];

const channelOf = (name: Name) => `php-session-bridge:${name}`;

/** Hears all signals of the package, until it is stopped. */
export class Signals {
  /** In the order in which they came. */
  readonly all: { readonly name: Name; readonly message: object }[] = [];
  readonly #stop: () => void;

  /** @param onSignal is called while each is published */
  constructor(onSignal: (name: Name) => void = () => undefined) {
    const listeners = names.map((name) => {
      const listener = (message: unknown) => {
        this.all.push({ name, message: message as object });
        onSignal(name);
      };
      subscribe(channelOf(name), listener);
      return () => unsubscribe(channelOf(name), listener);
    });
    this.#stop = () => {
      for (const stop of listeners) stop();
    };
  }

  /** The messages of one channel. */
  of<Of extends Name>(name: Of): SessionSignals[Of][] {
    return this.all.filter((one) => one.name === name).map(({ message }) => message as SessionSignals[Of]);
  }

  stop(): this {
    this.#stop();
    return this;
  }
}

/** @returns what came while `work` ran */
export async function heard(work: () => Promise<unknown>): Promise<Signals> {
  const signals = new Signals();
  try {
    await work();
  } finally {
    signals.stop();
  }
  return signals;
}
