<?php

declare(strict_types=1);

// CodeIgniter 3 as a whole, with an application of one controller. Its driver of sessions is as docs/drop-in.md shows it.

require __DIR__ . '/page.php';

define('ENVIRONMENT', 'production');
define('SELF', 'codeigniter3.php');
define('BASEPATH', application('codeigniter3') . '/system/');
define('FCPATH', __DIR__ . '/');
define('SYSDIR', 'system');
define('APPPATH', __DIR__ . '/codeigniter3/');
define('VIEWPATH', application('codeigniter3') . '/application/views/');
require BASEPATH . 'core/CodeIgniter.php';
