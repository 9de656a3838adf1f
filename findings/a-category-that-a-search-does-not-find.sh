#!/bin/sh
# One would expect: a search for the categories of a WordPress by a category's own name finds it.
#
# What happens: in WordPress 6.5.5, a category made as `R&D` is stored and listed as `R&amp;D`, and a search for `R&D` finds nothing, though a
# second category of this name is refused because there is one. The search takes the text as it comes, and looks for it in names that were
# escaped when they were saved; a search for `R&amp;D` finds it.
#
# Why it matters here: Muster's settings name the categories of posts as people read them. Muster lists all categories and compares unescaped
# names, for a search says of some that they are not there.
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
cat > search.php <<'END'
<?php
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
require 'site/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Blog', 'admin', 'admin@example.org', true, '', wp_generate_password());
wp_set_current_user(1);

function ask(string $method, array $parameters): WP_REST_Response
{
    $request = new WP_REST_Request($method, '/wp/v2/categories');
    foreach ($parameters as $name => $value) {
        $request->set_param($name, $value);
    }
    return rest_do_request($request);
}

foreach (['Incidents', 'R&D', 'R&D'] as $name) {
    $made = ask('POST', ['name' => $name]);
    echo "made $name: ", $made->get_status(), ' ', $made->get_data()['code'] ?? $made->get_data()['name'], "\n";
}
foreach ([[], ['search' => 'Incidents'], ['search' => 'R&D'], ['search' => 'R&amp;D']] as $query) {
    $names = array_column(ask('GET', $query)->get_data(), 'name');
    echo isset($query['search']) ? "search $query[search]: " : 'list: ', implode(', ', $names) ?: 'nothing', "\n";
}
END
seen=$(php search.php)
echo "$seen"
[ "$seen" = "made Incidents: 201 Incidents
made R&D: 201 R&amp;D
made R&D: 400 term_exists
list: Incidents, R&amp;D, Uncategorized
search Incidents: Incidents
search R&D: nothing
search R&amp;D: R&amp;D" ] || { echo "This has changed."; exit 1; }
