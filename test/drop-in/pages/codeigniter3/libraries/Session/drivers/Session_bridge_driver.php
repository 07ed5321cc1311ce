<?php

final class Session_bridge_driver extends PhpSessionBridge\Adapter\CodeIgniter3Handler
{
    protected function sessionHandler(): PhpSessionBridge\SessionHandler
    {
        return sessionHandler();
    }
}
