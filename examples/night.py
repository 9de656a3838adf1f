"""Plays a bad night against a Muster of its own and prints every message that it sends, in order.

    python3 examples/night.py target/quick/muster

Python 3.9 or newer, without other packages. Everything is in a temporary folder: database, settings, and a mail server that keeps what it
gets. A minute of the night takes a fifth of a second: the playbook below has all its waits shortened like that. Times before a message
are those of the night; times within it are by the real clock. Ends with 1 if a message is missing, too many, or tells too much.
"""

import datetime, email, email.policy, json, os, re, shutil, socket, socketserver, subprocess, sys, tempfile, threading, time
import urllib.parse, urllib.request

MINUTE = 0.2
HOURS = 5
PLAYBOOK = """
grace = "2s"
working_hours.holidays = DAYS
triage.within = "3s"
paging.acknowledge_within = "3s"
reminders.escalate_after = "4s"
reminders.again_every = "12s"
lead.within = "1s"
comms_manager.within = "2s"
escalation.others_after = "6s"
summary.every = "6s"
client_update.every = "12s"
handover.after = "24s"
stop.after = "24s"
containment.within = "6s"
leadership.acknowledge_within = "3s"
"""
TEAM = {  # name: grants and seniority
    "Ann": ([], None),
    "Kim": ([], None),
    "Ben": ([], None),
    "Sam": ([], None),
    "Cleo": (["NOTIFY_CTO"], 5),
    "Dan": (["NOTIFY_DPO"], None),
    "Lee": (["NOTIFY_HEAD_OF_TECH_OPS"], 4),
}
SECRET_NAME = "Payroll on a stranger's laptop"
GOALS = ["understand", "contain", "restore", "monitor"]


def address(name):
    return name.lower() + "@example.org"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Mail:
    """A mail server that takes everything but mail to Kim, and prints it."""

    def __init__(self):
        self.taken, self.started, self.lock = [], time.monotonic(), threading.Lock()
        taken = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                taken.talk(self.rfile, lambda line: self.wfile.write(line.encode() + b"\r\n"))

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def talk(self, lines, say):
        say("220 mail.example.org")
        to = []
        for line in lines:
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"):
                say("250-mail.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb.startswith(b"RCPT"):
                to.append(re.search(rb"<(.*?)>", line)[1].decode())
                say("550 5.1.1 no such mailbox" if to[-1] == address("Kim") else "250 OK")
            elif verb == b"DATA":
                say("354 Go on")
                body = b"".join(iter(lines.readline, b".\r\n")).replace(b"\r\n..", b"\r\n.")
                self.keep(to[-1], email.message_from_bytes(body, policy=email.policy.default))
                to = []
                say("250 OK")
            elif verb == b"QUIT":
                return say("221 Bye")
            else:
                say("250 OK")

    def keep(self, to, message):
        mail = {"to": to, "subject": message["Subject"], "text": message.get_content().replace("\r\n", "\n").strip()}
        with self.lock:
            self.taken.append(mail)
            minutes = int((time.monotonic() - self.started) / MINUTE)
            print(f"── +{minutes // 60}:{minutes % 60:02}  to {to}\n   {mail['subject']}\n")
            print("   " + mail["text"].replace("\n", "\n   ").replace("\n   \n", "\n\n") + "\n", flush=True)

    def to(self, name, *parts):
        """The mails to somebody with all of these in subject or text."""
        wanted = lambda mail: mail["to"] == address(name) and all(part in mail["subject"] + "\n" + mail["text"] for part in parts)
        return [mail for mail in self.taken if wanted(mail)]


class Muster:
    def __init__(self, program, folder, mail):
        self.url = f"http://127.0.0.1:{free_port()}"
        around = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
        self.settings = {
            **around,
            "MUSTER_DATA_DIR": os.path.join(folder, "data"),
            "MUSTER_LISTEN": self.url[7:],
            "MUSTER_PUBLIC_URL": self.url,
            "MUSTER_SMTP__URL": f"smtp://127.0.0.1:{mail.port}",
            "MUSTER_SMTP__FROM": "Muster <muster@example.org>",
        }
        self.program, self.folder, self.tokens, self.people = program, folder, {}, {}
        today = datetime.datetime.now(datetime.timezone.utc).date()
        days = [str(today + datetime.timedelta(days)) for days in (-1, 0, 1)]
        with open(os.path.join(folder, "playbook.toml"), "w", encoding="utf-8") as file:
            file.write(PLAYBOOK.replace("DAYS", json.dumps(days)))
        self.run("migrate")
        for name in TEAM:
            owner = ["--email", address(name), "--access", "admin" if name == "Ann" else "responder"]
            self.tokens[name] = self.run("token", "create", "--name", name, *owner)
        self.tokens["robot"] = self.run("token", "create", "--name", "deploy-robot", "--access", "responder")
        self.log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
        self.server = subprocess.Popen([program, "serve"], cwd=folder, env=self.settings, stdout=self.log, stderr=self.log)
        until("Muster is ready", lambda: self.is_ready())
        for person in self.ask("Ann", "{ people { nodes { id name } } }")["people"]["nodes"]:
            self.people[person["name"]] = person["id"]

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments], cwd=self.folder, env=self.settings, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else sys.exit(done.stderr)

    def is_ready(self):
        try:
            return self.server.poll() is None and urllib.request.urlopen(self.url + "/readyz", timeout=5).status == 200
        except OSError:
            return False

    def post(self, path, body, token=None):
        kind = "application/json" if isinstance(body, dict) else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **({"Authorization": "Bearer " + self.tokens[token]} if token else {})}
        data = json.dumps(body) if isinstance(body, dict) else body
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data.encode(), headers), timeout=30) as response:
            return response.read().decode()

    def ask(self, who, query, **variables):
        answer = json.loads(self.post("/graphql", {"query": query, "variables": variables}, who))
        return answer["data"] if "errors" not in answer else sys.exit(f"{who}: {query}: {answer['errors'][0]['message']}")

    def do(self, who, mutation, result="incident { id }", **values):
        kind = mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation($input: {kind}!) {{ done: {mutation}(input: $input) {{ {result} }} }}"
        return self.ask(who, query, input=values)["done"]

    def incident(self, reference, fields):
        return self.ask("Lee", f"query($of: String!) {{ incident(reference: $of) {{ {fields} }} }}", of=reference)["incident"]

    def press(self, mail, answer):
        """Presses a button on the page behind the link in the mail of a page."""
        secret = re.search(r"/answer\?page=(\S+)", mail["text"])[1]
        return self.post("/answer", urllib.parse.urlencode({"page": secret, "answer": answer}))

    def stop(self):
        self.server.terminate()
        self.server.wait(30)
        self.log.close()


def until(what, found, seconds=30):
    """Waits until there is something, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if outcome := found():
            return outcome
        time.sleep(0.05)
    sys.exit(f"In vain: {what}")


def prepare(muster):
    for name, (grants, seniority) in TEAM.items():
        muster.do("Ann", "updatePerson", "person { id }", personId=muster.people[name], grants=grants, seniority=seniority)
    muster.do("Ann", "setOnCall", "onCall { until }", firstLineId=muster.people["Kim"], secondLineId=muster.people["Ben"])
    clients = {"Alba": ["mia@alba.example"], "Brook": ["tom@brook.example", "eve@brook.example"], "Cedar": []}
    for name, addresses in clients.items():
        contacts = [{"name": to.split("@")[0].title(), "email": to} for to in addresses]
        clients[name] = muster.do("Ann", "saveClient", "client { id }", name=name, contacts=contacts)["client"]["id"]
    return list(clients.values())


def alert(muster, state):
    body = {"id": "shop-down", "title": "The shop does not answer", "state": state, "severity": "critical"}
    muster.post("/hooks/alerts", {"source": "uptime", "group": "shop", "alerts": [body]}, "robot")


def shop(muster, mail, clients):
    """An alert that flaps, a first line whose mailbox refuses, and three clients of whom one has no address."""
    for state in ["firing", "resolved", "firing", "resolved", "firing"]:
        alert(muster, state)
    page = until("second line is paged, because first line can't be", lambda: mail.to("Ben", "PAGE INC-2"))[0]
    muster.press(page, "lead")
    shop = muster.incident("INC-2", "id")["id"]
    muster.do("Ben", "declareIncident", incidentId=shop, severity="CRITICAL")
    for client in clients:
        muster.do("Ben", "markClientAffected", incidentId=shop, clientId=client)
    for name in ["Cleo", "Dan", "Lee"]:
        muster.press(until(f"{name} is paged", lambda: mail.to(name, "PAGE INC-2"))[0], "seen")
    muster.do("Ben", "postUpdate", "event { id }", incidentId=shop, text="The database has no space left. Logs are being moved away.")
    muster.do("Ben", "sendClientUpdate", "clientUpdate { id }", incidentId=shop, body="The shop does not answer. We know why.")
    until("two clients read it", lambda: {"mia@alba.example", "eve@brook.example"} <= {mail["to"] for mail in mail.taken})
    for goal in GOALS:
        muster.do("Ben", "confirmGoal", incidentId=shop, goal=goal, evidence="The shop takes orders again.")
    muster.do("Ben", "resolveIncident", incidentId=shop, summary="A full disk; logs now go elsewhere.")
    until("the end is to be told", lambda: mail.to("Ben", "[INC-2]", "client-closing"))
    muster.do("Ben", "sendClientUpdate", "clientUpdate { id }", incidentId=shop, body="The shop is back since 03:40.")
    until("two clients read the end", lambda: sum("back since" in mail["text"] for mail in mail.taken) == 3)


def laptop(muster, mail):
    """A restricted incident that is found to be a breach."""
    secret = {"name": SECRET_NAME, "severity": "MINOR", "visibility": "RESTRICTED", "leadId": muster.people["Lee"]}
    laptop = muster.do("Lee", "declareIncident", **secret)["incident"]["id"]
    reference = muster.ask("Lee", "query($id: ID!) { node(id: $id) { ... on Incident { reference } } }", id=laptop)["node"]["reference"]
    time.sleep(20 * MINUTE)
    muster.do("Lee", "updateIncident", incidentId=laptop, flags=["DATA_BREACH"])
    muster.press(until("the CTO is paged", lambda: mail.to("Cleo", f"PAGE {reference}"))[0], "seen")
    until("somebody else is told, because the DPO does not answer", lambda: mail.to("Ann", f"PAGE {reference}", "has not answered"))
    return reference


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else shutil.which("muster") or sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="muster-night-") as folder:
        mail = Mail()
        muster = Muster(os.path.abspath(program), folder, mail)
        try:
            play(muster, mail)
        finally:
            muster.stop()


def play(muster, mail):
    clients = prepare(muster)
    mail.started = time.monotonic()
    # The lead is asleep, and a program cannot wake them.
    muster.do("robot", "declareIncident", name="Payments are slow", severity="MAJOR", leadId=muster.people["Sam"])
    shop(muster, mail, clients)
    reference = laptop(muster, mail)
    time.sleep(max(0, mail.started + HOURS * 60 * MINUTE - time.monotonic()))
    wrong = findings(muster, mail, reference)
    print(f"{len(mail.taken)} messages.", *wrong, sep="\n")
    sys.exit(1 if wrong else 0)


def findings(muster, mail, reference):
    asleep, team = mail.to("Sam", "INC-1"), [address(name) for name in TEAM]
    inside = [mail for mail in mail.taken if mail["to"] in team]
    deliveries = muster.incident("INC-2", "deliveries { state client { name } }")["deliveries"]
    by_hand = [(row["client"]["name"], row["state"]) for row in deliveries if row["client"]]
    rules = {
        "The lead who sleeps gets at most 12 messages": 3 <= len(asleep) <= 12,
        "Second line is paged in their place": mail.to("Ben", "PAGE INC-1", "Sam"),
        "The leadership is paged after that": any(mail.to(name, "PAGE INC-1", "Sam") for name in ["Cleo", "Dan", "Lee"]),
        "Robots get nothing": not any("robot" in mail["to"] or "robot, you" in mail["text"] for mail in mail.taken),
        "An alert that flaps makes one incident and pages once": len(mail.to("Ben", "PAGE INC-2")) == 1,
        "A breach that is found later pages CTO and DPO": all(mail.to(name, f"PAGE {reference}") for name in ["Cleo", "Dan"]),
        "No message names what is restricted": not any(SECRET_NAME in mail["subject"] + mail["text"] for mail in mail.taken),
        "Nobody hears of it who has nothing to do with it": not any(mail.to(name, reference) for name in ["Sam", "Kim"]),
        "A client without an address is left to a person": ("Cedar", "BY_HAND") in by_hand,
        "Every message to the team has a link": all(muster.url in mail["text"] for mail in inside),
        "Every subject says which incident": all("INC-" in mail["subject"] for mail in inside),
        "There are three incidents": muster.ask("Lee", "{ incidents { totalCount } }")["incidents"]["totalCount"] == 3,
    }
    return [f"WRONG: {rule}" for rule, holds in rules.items() if not holds]


main()
