<?php

// What the adapters use of frameworks, for PHPStan: none of them is installed here.

namespace Symfony\Component\HttpKernel\Exception {
    class HttpException extends \RuntimeException
    {
        /** @param array<string, string> $headers */
        public function __construct(int $statusCode, string $message = '', ?\Throwable $previous = null, array $headers = [])
        {
        }
    }
}

namespace Cake\Http\Exception {
    class HttpException extends \RuntimeException
    {
        public function __construct(string $message = '', ?int $code = null)
        {
        }
    }
}

namespace yii\web {
    class HttpException extends \RuntimeException
    {
        public function __construct(int $status, ?string $message = null)
        {
        }
    }
}

namespace Config {
    class Session
    {
    }
}

namespace CodeIgniter\Exceptions {
    interface HTTPExceptionInterface
    {
    }
}

namespace CodeIgniter\Session\Handlers {
    abstract class BaseHandler implements \SessionHandlerInterface
    {
        public function __construct(\Config\Session $config, string $ipAddress)
        {
        }
    }
}

namespace {
    interface CI_Session_driver_interface
    {
    }

    /**
     * @param string|string[] $message
     * @return never
     */
    function show_error($message, int $status = 500): void
    {
        exit;
    }
}

namespace Pdo {
    /** PHP's, from 8.4 on. */
    class Mysql
    {
        public const ATTR_INIT_COMMAND = 1002;
    }
}
