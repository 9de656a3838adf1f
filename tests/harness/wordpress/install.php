<?php
// Makes an empty blog with an account for each role that matters, and prints their application passwords as JSON.
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => parse_url(getenv('BLOG_URL'), PHP_URL_HOST), 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
require getenv('BLOG_SITE') . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Incident blog', 'admin', 'admin@example.org', true, '', wp_generate_password());
update_option('permalink_structure', '/%postname%/');
wp_insert_term('Incidents', 'category');
wp_insert_term('R&D', 'category');
$passwords = [];
foreach (['author', 'contributor', 'editor', 'administrator'] as $role) {
    $id = wp_insert_user(['user_login' => "muster-$role", 'user_pass' => wp_generate_password(), 'user_email' => "$role@example.org", 'role' => $role]);
    $passwords[$role] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'Muster'])[0];
}
echo json_encode(['version' => $GLOBALS['wp_version'], 'passwords' => $passwords]);
