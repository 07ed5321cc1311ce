<?php

// CodeIgniter's own configuration, and the driver.

require application('codeigniter3') . '/application/config/config.php';

$config['sess_driver'] = isOld() ? 'database' : 'bridge';
$config['sess_save_path'] = server()['table'];
$config['log_path'] = getenv('PSB_DROP_IN_FOLDER') . '/';
