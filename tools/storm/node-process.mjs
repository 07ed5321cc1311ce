// One Node server of the storm: a process alone, node:cluster with several workers, or several worker_threads. SIGTERM
// drains it.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { serve } from './node-server.mjs';

/** @type {{ processes: 'separate' | 'cluster' | 'threads', ports: number[], workers: number, pages: any }} */
const { processes, ports, workers, pages } = JSON.parse(process.env.STORM ?? '');
const [port = 0] = ports;

if (!isMainThread) {
  const { drain } = await serve({ ...pages, name: `${pages.name}.${workerData.number}` }, workerData.port);
  parentPort?.once('message', () => drain().then(() => process.exit()));
} else if (processes === 'threads') {
  const threads = ports.map((port, i) => startThread(port, i + 1));
  onSigterm(() => {
    for (const thread of threads) thread.postMessage('drain');
    return Promise.all(threads.map((thread) => once(thread, 'exit')));
  });
} else if (processes === 'cluster' && cluster.isPrimary) {
  let draining = false;
  for (let i = 0; i < workers; i++) cluster.fork();
  cluster.on('exit', () => draining || cluster.fork());
  onSigterm(async () => {
    draining = true;
    const ends = Object.values(cluster.workers ?? {}).map((worker) => worker && once(worker, 'exit'));
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    await Promise.all(ends);
  });
} else {
  const name = cluster.worker ? `${pages.name}.${cluster.worker.id}` : pages.name;
  const { drain } = await serve({ ...pages, name }, port);
  onSigterm(drain);
}

/** @param {number} port @param {number} number */
function startThread(port, number) {
  return new Worker(new URL(import.meta.url), { workerData: { port, number } });
}

/** @param {() => Promise<unknown>} drain */
function onSigterm(drain) {
  // A group gets the signal as well as its leader, so a worker may get it twice.
  let first = true;
  process.on('SIGTERM', () => {
    if (first) void drain().then(() => process.exit());
    first = false;
  });
}
