<?php
// The settings of the WordPress that tests start. WordPress' own wp-config.php is one line that reads this file.
define('DB_NAME', 'tests');
define('DB_USER', '');
define('DB_PASSWORD', '');
define('DB_HOST', '');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('DB_DIR', __DIR__);
define('DB_FILE', 'blog.sqlite');
define('WP_HOME', getenv('BLOG_URL'));
define('WP_SITEURL', getenv('BLOG_URL'));
// Application passwords without https.
define('WP_ENVIRONMENT_TYPE', 'local');
// Nothing on its own: no scheduled work, no look for updates.
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', $name);
    define($name . '_SALT', $name);
}
$table_prefix = 'wp_';
require ABSPATH . 'wp-settings.php';
