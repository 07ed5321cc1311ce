import { STATUS_CODES } from 'node:http';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExecutionContext,
  HttpException,
  Injectable,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { mysqlStore } from 'php-session-bridge/mysql';
import { type HttpError, PhpSessionError } from 'php-session-bridge/session';

/** What `$_SESSION` holds here. */
export interface MySession {
  count?: number;
  user?: { name: string };
}

const store = mysqlStore({ connection: process.env.DATABASE ?? 'mysql://user:password@127.0.0.1/app' });
/** For `phpSession()`. */
export const options = { store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' } as const;

/** Lets in who is logged in, here or in PHP. */
@Injectable()
export class LoggedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ session: MySession }>().session.user !== undefined;
  }
}

/** Nest would answer 500. A database that is away is a 503; what is wrong with it is for the log. */
@Catch()
export class SessionErrors extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    const { cause } = exception as Error; // on Fastify it is inside of another error
    const error = exception instanceof PhpSessionError ? exception : cause;
    if (!(error instanceof PhpSessionError)) {
      super.catch(exception, host);
      return;
    }
    console.error(error);
    const { status = 500, headers = {} } = error as Partial<HttpError>;
    const response = host.switchToHttp().getResponse();
    for (const [name, value] of Object.entries(headers)) response.header(name, value);
    super.catch(new HttpException(STATUS_CODES[status] ?? '', status), host);
  }
}

/** Closes the store after the last request. */
@Injectable()
export class SessionStore implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return store.close();
  }
}
