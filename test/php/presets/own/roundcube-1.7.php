<?php

declare(strict_types=1);

return require __DIR__ . '/roundcube-1.6.php';
