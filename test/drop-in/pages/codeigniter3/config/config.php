<?php

// CodeIgniter's own configuration, and the driver.

require application('codeigniter3') . '/application/config/config.php';

$config['sess_driver'] = 'bridge';
$config['log_path'] = getenv('PSB_DROP_IN_FOLDER') . '/';
