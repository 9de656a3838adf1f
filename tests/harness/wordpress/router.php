<?php
// What a web server does for WordPress: files are served, everything else goes to its index.
$file = $_SERVER['DOCUMENT_ROOT'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($file)) {
    return false;
}
// As a careless plugin does: a notice before the headers, which then can't be set.
if (is_file(getenv('BLOG_NOTICE'))) {
    ini_set('display_errors', '1');
    ini_set('html_errors', '1');
    trigger_error('Undefined variable $x', E_USER_WARNING);
    flush();
}
chdir($_SERVER['DOCUMENT_ROOT']);
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require 'index.php';
