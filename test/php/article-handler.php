<?php

// A session handler like those of PHP applications of the 2000s on MySQL Cluster: six functions on the article's table
//
//     CREATE TABLE session (id CHAR(32) PRIMARY KEY, data TEXT, usetime TIMESTAMP)
//
// It runs on today's PHP, and otherwise does what such handlers did: no retries, the server's isolation level, and the
// time column is left to the server (which no longer fills it in: explicit_defaults_for_timestamp).
//
// Requiring this file installs it. Before that, $session_mysql holds host, port, user, password, and $session_table a name.

function article_open($path, $name)
{
    global $session_mysql, $session_link;
    $session_link = mysqli_connect(
        $session_mysql['host'],
        $session_mysql['user'],
        $session_mysql['password'],
        'test',
        $session_mysql['port']
    );
    return $session_link !== false;
}

function article_close()
{
    global $session_link;
    mysqli_query($session_link, 'COMMIT');
    return mysqli_close($session_link);
}

function article_read($id)
{
    global $session_link, $session_table;
    $id = mysqli_real_escape_string($session_link, $id);
    mysqli_query($session_link, 'BEGIN');
    $result = mysqli_query($session_link, "SELECT data FROM $session_table WHERE id = '$id' FOR UPDATE");
    if ($row = mysqli_fetch_row($result)) {
        return (string) $row[0];
    }
    mysqli_query($session_link, "INSERT INTO $session_table (id, data) VALUES ('$id', '')");
    return '';
}

function article_write($id, $data)
{
    global $session_link, $session_table;
    $id = mysqli_real_escape_string($session_link, $id);
    $data = mysqli_real_escape_string($session_link, $data);
    return mysqli_query($session_link, "UPDATE $session_table SET data = '$data' WHERE id = '$id'");
}

function article_destroy($id)
{
    global $session_link, $session_table;
    $id = mysqli_real_escape_string($session_link, $id);
    return mysqli_query($session_link, "DELETE FROM $session_table WHERE id = '$id'");
}

function article_gc($lifetime)
{
    global $session_link, $session_table;
    $lifetime = (int) $lifetime;
    mysqli_query($session_link, "DELETE FROM $session_table WHERE usetime < NOW() - INTERVAL $lifetime SECOND");
    return mysqli_affected_rows($session_link);
}

error_reporting(E_ALL & ~E_DEPRECATED); // From PHP 8.4 on it wants an object.
session_set_save_handler(
    'article_open',
    'article_close',
    'article_read',
    'article_write',
    'article_destroy',
    'article_gc'
);
register_shutdown_function('session_write_close');
