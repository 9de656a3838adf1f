"""Checks a SCIM server with scim2-tester, and prints each check as JSON."""

import json
import sys

folder, url, token = sys.argv[1:]
sys.path.insert(0, folder)

from httpx2 import Client  # noqa: E402
from scim2_client.engines.httpx2 import SyncSCIMClient  # noqa: E402
from scim2_tester import check_server  # noqa: E402

client = SyncSCIMClient(Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60))
checks = [{"title": check.title, "status": check.status.name, "reason": check.reason} for check in check_server(client)]
print(json.dumps(checks))
