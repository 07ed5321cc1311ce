<?php

$route['default_controller'] = 'page';
