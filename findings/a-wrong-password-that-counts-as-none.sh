#!/bin/sh
# One would expect: a request to WordPress with a wrong application password is answered 401, and says that the password is wrong.
#
# What happens: WordPress 6.5.5 answers as if there were no password. A look for posts by slug is a 200 with those that anybody may see; with
# `status=any` it is a 400 that calls the parameter invalid. Where somebody must be signed in it is a 401, but for another reason. For
# WordPress looks for the error of a password before it looks at the password: both hang on rest_authentication_errors, at 90 and at 100.
# On a site with a plugin that asks earlier who is signed in, all of these are the 401 that one expects.
#
# Why it matters here: Muster looks for the post of an earlier attempt before it makes one. After a password was withdrawn, it would learn that
# there is none, or that its question was wrong, and tell people so. Muster asks who it is (users/me) before each order.
#
# Versions: WordPress 6.5.5 on SQLite, as in @wp-playground/wordpress-builds 0.9.19 (160 MB). Needs node with npm, unzip,
# and PHP with SQLite (Debian: php-cli php-sqlite3 php-mbstring php-xml), and curl.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"

npm pack --silent @wp-playground/wordpress-builds@0.9.19 > npm.log 2>&1 || { cat npm.log; exit 1; }
tar -xzf ./*.tgz package/src
unzip -q package/src/wordpress/wp-6.5.zip -d site
unzip -q package/src/sqlite-database-integration/sqlite-database-integration.zip -d package
mv package/sqlite-database-integration-main site/wp-content/plugins/sqlite-database-integration
cp site/wp-content/plugins/sqlite-database-integration/db.copy site/wp-content/db.php
rm -rf site/wp-content/database

port=$(php -r 'echo parse_url("tcp://" . stream_socket_get_name(stream_socket_server("tcp://127.0.0.1:0"), false), PHP_URL_PORT);')
cat > site/wp-config.php <<END
<?php
define('DB_NAME', 'blog');
define('WP_HOME', 'http://127.0.0.1:$port');
define('WP_SITEURL', WP_HOME);
// Application passwords without https.
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
\$table_prefix = 'wp_';
require ABSPATH . 'wp-settings.php';
END
cat > install.php <<'END'
<?php
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
require 'site/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Blog', 'admin', 'admin@example.org', true, '', wp_generate_password());
wp_insert_post(['post_title' => 'Draft', 'post_name' => 'draft', 'post_status' => 'draft', 'post_author' => 1]);
echo WP_Application_Passwords::create_new_application_password(1, ['name' => 'finding'])[0];
END
password=$(php install.php)
php -S "127.0.0.1:$port" -t site > server.log 2>&1 &
server=$!
curl --silent --output index --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/?rest_route=/"

ask() {
    status=$(curl --silent --output answer --write-out '%{http_code}' --user "admin:$1" "http://127.0.0.1:$port/?rest_route=/wp/v2/$2")
    echo "$2: $status $(php -r '$answer = json_decode(file_get_contents("answer"), true); echo $answer["code"] ?? json_encode($answer);')"
}
ask_all() {
    ask "$1" 'posts&slug=draft&_fields=slug'
    ask "$1" 'posts&slug=draft&_fields=slug&status=any'
    ask "$1" 'users/me&_fields=name'
}
right=$(ask_all "$password")
wrong=$(ask_all wrong)
mkdir site/wp-content/mu-plugins
cat > site/wp-content/mu-plugins/early.php <<'END'
<?php
add_filter('rest_authentication_errors', function ($errors) {
    is_user_logged_in();
    return $errors;
});
END
early=$(ask_all wrong)

printf 'The right password:\n%s\nA wrong one:\n%s\nA wrong one, with a plugin that asks early:\n%s\n' "$right" "$wrong" "$early"
[ "$right" = 'posts&slug=draft&_fields=slug: 200 []
posts&slug=draft&_fields=slug&status=any: 200 [{"slug":"draft"}]
users/me&_fields=name: 200 {"name":"admin"}' ] && [ "$wrong" = 'posts&slug=draft&_fields=slug: 200 []
posts&slug=draft&_fields=slug&status=any: 400 rest_invalid_param
users/me&_fields=name: 401 rest_not_logged_in' ] && [ "$early" = 'posts&slug=draft&_fields=slug: 401 incorrect_password
posts&slug=draft&_fields=slug&status=any: 401 incorrect_password
users/me&_fields=name: 401 incorrect_password' ] || { echo "This has changed."; exit 1; }
