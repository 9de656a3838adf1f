#!/bin/sh
# One would expect: an update to a post that is in WordPress' bin is refused, as its own editor refuses to open one, or takes the post out.
#
# What happens: the REST API of WordPress 6.5.5 answers 200 and writes the text into the post, which stays in the bin where no reader sees it.
# Only `status` in the answer tells. The API does know of the bin: a post that is moved there once more is a 410. And a list with
# `status=any` does not have the post: any does not include the bin.
#
# Why it matters here: to whoever goes by the status code, the update on an incident is out while nobody can read it. Muster asks for the post
# before it updates it, with `status=any,trash` where it has no number, and tells people that somebody moved it to the bin.
#
# Versions: WordPress 6.5.5 on SQLite, as in @wp-playground/wordpress-builds 0.9.19 (160 MB). Needs node with npm, unzip,
# and PHP with SQLite (Debian: php-cli php-sqlite3 php-mbstring php-xml).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm pack --silent @wp-playground/wordpress-builds@0.9.19 > npm.log 2>&1 || { cat npm.log; exit 1; }
tar -xzf ./*.tgz package/src
unzip -q package/src/wordpress/wp-6.5.zip -d site
unzip -q package/src/sqlite-database-integration/sqlite-database-integration.zip -d package
mv package/sqlite-database-integration-main site/wp-content/plugins/sqlite-database-integration
cp site/wp-content/plugins/sqlite-database-integration/db.copy site/wp-content/db.php
rm -rf site/wp-content/database
cat > site/wp-config.php <<'END'
<?php
define('DB_NAME', 'blog');
define('WP_HOME', 'http://127.0.0.1');
define('WP_SITEURL', WP_HOME);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
$table_prefix = 'wp_';
require ABSPATH . 'wp-settings.php';
END
cat > update.php <<'END'
<?php
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
require 'site/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Blog', 'admin', 'admin@example.org', true, '', wp_generate_password());
$author = wp_insert_user(['user_login' => 'author', 'user_pass' => wp_generate_password(), 'role' => 'author']);

function tell(string $what, string $method, string $path, array $parameters = []): array
{
    $request = new WP_REST_Request($method, "/wp/v2/posts$path");
    foreach ($parameters as $name => $value) {
        $request->set_param($name, $value);
    }
    $answer = rest_do_request($request);
    $data = $answer->get_data();
    $told = array_is_list($data) ? 'found ' . count($data) : $data['code'] ?? "$data[status] {$data['content']['raw']}";
    echo "$what: ", $answer->get_status(), " $told\n";
    return $data;
}

wp_set_current_user($author);
$id = tell('make', 'POST', '', ['title' => 'Post', 'content' => 'old', 'status' => 'publish'])['id'];
tell('move to the bin', 'DELETE', "/$id");
tell('update', 'POST', "/$id", ['content' => 'new']);
tell('move to the bin again', 'DELETE', "/$id");
tell('list any', 'GET', '', ['include' => [$id], 'status' => 'any']);
tell('list any,trash', 'GET', '', ['include' => [$id], 'status' => 'any,trash']);
wp_set_current_user(0);
tell('read as anybody', 'GET', "/$id");
END
seen=$(php update.php)
echo "$seen"
[ "$seen" = "make: 201 publish old
move to the bin: 200 trash old
update: 200 trash new
move to the bin again: 410 rest_already_trashed
list any: 200 found 0
list any,trash: 200 found 1
read as anybody: 401 rest_forbidden" ] || { echo "This has changed."; exit 1; }
