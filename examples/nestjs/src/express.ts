import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { phpSession } from 'php-session-bridge/express';
import { AppModule } from './app.module.js';
import { options } from './session.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule);
app.useBodyParser('json'); // in front of the session: no slow client holds the lock
app.use(phpSession(options));
app.enableShutdownHooks(); // SIGTERM
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
