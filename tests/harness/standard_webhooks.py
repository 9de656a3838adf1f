"""What the Python library of Standard Webhooks believes: reads posts as JSON, and prints for each whether it does."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from standardwebhooks import Webhook, WebhookVerificationError  # noqa: E402


def believes(post):
    try:
        Webhook(post["secret"]).verify(post["body"].encode(), post["headers"])
        return True
    except WebhookVerificationError:
        return False


print(json.dumps([believes(post) for post in json.load(sys.stdin)]))
