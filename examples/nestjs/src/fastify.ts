import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { phpSession } from 'php-session-bridge/fastify';
import { AppModule } from './app.module.js';
import { options } from './session.js';

// After SIGTERM an idle client is waited for as long as this. Fastify's default is 72 seconds.
const adapter = new FastifyAdapter({ keepAliveTimeout: 5_000 });
const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter);
await app.register(phpSession, options);
app.enableShutdownHooks(); // SIGTERM
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
