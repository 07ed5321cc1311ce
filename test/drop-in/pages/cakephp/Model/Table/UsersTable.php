<?php

declare(strict_types=1);

namespace App\Model\Table;

class UsersTable extends \Cake\ORM\Table
{
}
