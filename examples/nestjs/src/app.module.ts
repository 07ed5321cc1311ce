import { Controller, Get, Module, Post, Req, Session, UseGuards } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { PhpSessionRequest } from 'php-session-bridge/express';
import { LoggedIn, type MySession, SessionErrors, SessionStore } from './session.js';

@Controller()
export class AppController {
  @Get()
  visit(@Session() session: MySession): string {
    session.count = (session.count ?? 0) + 1;
    return `Visit ${session.count} of ${session.user?.name ?? 'somebody'}`;
  }

  @Post('login')
  async login(@Req() request: PhpSessionRequest<MySession>): Promise<string> {
    // Check the password here.
    await request.phpSession.regenerate(); // a new id: the old one is worth nothing now
    request.session.user = { name: 'Ann' };
    return 'Welcome';
  }

  @Post('logout')
  async logout(@Req() request: PhpSessionRequest<MySession>): Promise<string> {
    await request.phpSession.destroy(); // for PHP too
    return 'Goodbye';
  }

  @Get('account')
  @UseGuards(LoggedIn)
  account(@Session() session: MySession): string {
    return `Account of ${session.user!.name}`;
  }
}

@Module({
  controllers: [AppController],
  providers: [SessionStore, { provide: APP_FILTER, useClass: SessionErrors }],
})
export class AppModule {}
