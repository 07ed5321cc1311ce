/**
 * PHP's `$_SESSION` in Fastify applications: `import { phpSession } from 'php-session-bridge/fastify'`.
 */
import '../node-version.ts';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { SessionData } from '../codec/index.ts';
import { PhpSessionError } from '../errors.ts';
import type { HttpError } from '../session/http-error.ts';
import { HttpSession, type PhpSessionControl } from '../session/http-session.ts';
import { modeOf, type RequestMode, type SessionOptions, type Settings, settings } from '../session/options.ts';
import { CallbackApplication, type Callbacks, callbacks } from './callback-application.ts';
import { NodeExchange } from './node-exchange.ts';

export type { Callbacks } from './callback-application.ts';
export * from './public.ts';

/** What is used of Fastify's request. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  /** The client's address, by the option `trustProxy`. */
  readonly ip: string;
  readonly log: { error(error: unknown): void };
  readonly routeOptions: { readonly config: object };
}

/** What is used of a Fastify application. */
export interface FastifyInstance {
  hasRequestDecorator(name: string | symbol): boolean;
  decorateRequest(name: string | symbol, property: { getter(): unknown; setter?(value: never): void } | null): unknown;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: { readonly raw: ServerResponse }, done: (error?: Error) => void) => void,
  ): unknown;
}

/**
 * What the plugin adds to Fastify's request. Tell TypeScript once for the application:
 * `declare module 'fastify' { interface FastifyRequest extends PhpSessionRequest<MySession> {} }`
 */
export interface PhpSessionRequest<T extends object = SessionData> {
  /** PHP's `$_SESSION`: its keys are yours alone. Setting it to `null` is a logout. */
  get session(): T;
  set session(content: T | null);
  /** What can be done with the session, apart from its data. */
  readonly phpSession: PhpSessionControl;
}

/** Options of one route, in its `config`: `{ config: { phpSession: { mode: 'readonly' } } }`. */
export interface RouteConfig {
  phpSession?: { mode?: RequestMode };
}

/** `onError` calls `request.log.error()` by default. */
export interface FastifySessionOptions extends SessionOptions, Partial<Callbacks<FastifyRequest>> {}

/**
 * Plugin that opens PHP's session in the hook `onRequest`, under the same lock as PHP. The session is saved when the answer begins: its
 * first byte waits for that. What is changed later is not saved, and reported.
 *
 * @throws TypeError for a wrong option, when the plugin is loaded
 * @example
 * await app.register(phpSession, { store: mysqlStore({ connection: 'mysql://user:password@127.0.0.1/app' }) });
 * app.get('/', (request) => {
 *   request.session.count = (request.session.count ?? 0) + 1;
 *   return `Visit ${request.session.count}`;
 * });
 */
export async function phpSession(app: FastifyInstance, options: FastifySessionOptions): Promise<void> {
  const { onError, onGone, onConflictDecided, ...others } = options;
  const given = settings(others as SessionOptions);
  const config: Settings = {
    ...given,
    mode: (request: FastifyRequest) => modeOfRoute(request) ?? modeOf(given, request),
  };
  const told = callbacks<FastifyRequest>({ onError, onGone, onConflictDecided }, (error, request) =>
    request.log.error(error),
  );

  // A second session, by another name, takes the place of the first for what comes after it.
  if (!app.hasRequestDecorator(key)) decorate(app);
  app.addHook('onRequest', (request, reply, done) => {
    const exchange = new NodeExchange(request.raw, reply.raw, () => request.ip);
    const http = new HttpSession<object>(config, exchange, new CallbackApplication(request, reply.raw, told));
    (request as Visit)[key] = http;
    http.serveUntilAnswer(done).catch((error) => done(withoutDetails(error)));
  });
}
// As fastify-plugin does it: the session belongs to the application that registers the plugin, and not to the plugin alone.
Object.assign(phpSession, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'php-session-bridge',
  [Symbol.for('plugin-meta')]: { fastify: '5.x', name: 'php-session-bridge' },
});

const key = Symbol('the session of a request');
interface Visit extends FastifyRequest {
  [key]: HttpSession<object>;
}

function decorate(app: FastifyInstance): void {
  app.decorateRequest(key, null);
  app.decorateRequest('session', {
    getter(this: Visit) {
      return this[key].data;
    },
    setter(this: Visit, content: object | null) {
      this[key].data = content;
    },
  });
  app.decorateRequest('phpSession', {
    getter(this: Visit) {
      return this[key].control;
    },
  });
}

function modeOfRoute({ routeOptions }: FastifyRequest): RequestMode | undefined {
  return (routeOptions.config as RouteConfig).phpSession?.mode;
}

/** Fastify sends the message of an error. What is wrong with the session is for the log, as the `cause`. */
function withoutDetails(error: unknown): Error {
  if (!(error instanceof PhpSessionError)) return error as Error;
  const { status, headers } = error as unknown as HttpError;
  return Object.assign(new Error(STATUS_CODES[status], { cause: error }), {
    code: error.code,
    statusCode: status,
    headers,
  });
}
