#!/bin/sh
# Tells Muster of a problem that Nagios or Icinga found, and when it is over. docs/integrations/alerts.md#nagios-and-icinga says how they
# call it:
#
#   sh nagios.sh PROBLEM web1 192.0.2.7 1795316400 CRITICAL "98 % full" disk
#
# What happened, the host, its address, since when (seconds since 1970), the state, what the check said, and for a service its name.
# Needs curl 7.76 or newer. The secret stands alone in a file that only the monitoring's user can read.
set -eu

url=${ALERTS_URL:-https://muster.example.org/hooks/alerts/nagios}
secret=$(cat "${ALERTS_SECRET_FILE:-/etc/nagios/muster-secret}")

# The header comes by standard input, so that no other user of the machine sees it among the running programs.
printf 'Authorization: Bearer %s\n' "$secret" |
    curl -sS --fail-with-body --max-time 20 --retry 5 --retry-connrefused -H @- "$url" \
        --data-urlencode "notification=$1" --data-urlencode "host=$2" --data-urlencode "address=$3" --data-urlencode "since=$4" \
        --data-urlencode "state=$5" --data-urlencode "output=$6" --data-urlencode "service=${7:-}"
