#!/usr/bin/env python3
"""A lifecycle adapter: the contract in front of a platform. Put your platform's calls into the class Platform."""
import hashlib, json, os, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
class Platform:  # Three calls to what you have; here, a fleet in memory that needs a moment for each.
    def __init__(self):
        of = {"bot": {"id": "billing", "name": "Billing Bot"}, "environment": "Production", "agent": "Online",
              "conversational_cloud": "Connected", "bot_server": "Connected", "conversations": 7, "last_operation": None}
        self.fleet = {name: {"id": name, "name": name, **of} for name in ("billing-1", "billing-2")}
    def read(self):
        return self.fleet.values()
    def run(self, id, running):
        time.sleep(float(os.environ.get("MOMENT", "0.05")))
        link = "Connected" if running else "Not Connected"
        self.fleet[id].update(agent="Online" if running else "Stopped", conversational_cloud=link, bot_server=link)
    def move(self, id, environment):
        self.fleet[id]["environment"] = environment

platform, lock = Platform(), threading.RLock()
# By id, by idempotency key (keep both for 24 hours, also over a restart), and by the connector that is busy with it.
operations, answers, busy = {}, {}, {}

def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
def problem(slug, status, **more):
    title = slug.replace("-", " ").capitalize()
    return status, {"type": f"urn:botswain:lifecycle:problem:{slug}", "title": title, "status": status, **more}
def connectors():
    # A revision is made of the statuses and the configuration, and of nothing else.
    kept = ("id", "name", "bot", "environment", "agent", "conversational_cloud", "bot_server")
    whole = lambda c: {**c, "revision": digest([c[k] for k in kept]), "operation_id": busy.get(c["id"])}
    return {c["id"]: whole(c) for c in sorted(platform.read(), key=lambda c: c["id"])}

def carry_out(operation):
    id, action, state, why = operation["connector_id"], operation["action"], "succeeded", None
    try:
        platform.move(id, operation["target_environment"]) if action == "redeploy" else platform.run(id, action == "start")
    except Exception as error:  # It came to nothing: say why.
        state, why = "failed", problem("agent-refused", 409, detail=str(error))[1]
    with lock:
        operation.update(state=state, problem=why, updated_ms=int(time.time() * 1000))
        busy.pop(id, None)

def begin(id, key, asked, if_match):
    """What a change that was not judged before is answered: judged in this order, as the contract has it."""
    action, now = asked["action"], int(time.time() * 1000)
    target = asked.get("target_environment", "").capitalize() or None  # Environments are compared without regard to case.
    if not (found := connectors().get(id)):
        return problem("unknown-connector", 404)
    runs = found["agent"] not in ("Stopped", "Ready to Start")
    for refused, slug, status in [
            (id in busy, "operation-in-progress", 409),
            (if_match and if_match not in ("*", f'"{found["revision"]}"'), "revision-mismatch", 412),
            (action == "start" and runs, "already-running", 409), (action == "stop" and not runs, "not-running", 409),
            (action == "redeploy" and runs, "not-stopped", 409), (target == found["environment"], "same-environment", 409),
            (target not in (None, "Production", "Demo"), "unknown-environment", 422)]:
        if refused:
            return problem(slug, status, operation_id=busy.get(id))
    operation = {"id": f"op-{digest(key)}", "connector_id": id, "action": action, "target_environment": target,
                 "state": "running", "idempotency_key": key, "requested_by": asked["requested_by"],
                 "reason": asked.get("reason"), "created_ms": now, "updated_ms": now, "problem": None}
    operations[operation["id"]], busy[id] = operation, operation["id"]
    threading.Thread(target=carry_out, args=(operation,)).start()
    return 202, operation

class Contract(BaseHTTPRequestHandler):
    def judge(self, path, query):
        if self.headers["Authorization"] != f"Bearer {os.environ['LIFECYCLE_TOKEN']}":
            return problem("unauthorized", 401)
        if self.command == "POST":
            asked, key = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), self.headers["Idempotency-Key"]
            if key not in answers:  # A key is judged once, and answered the same ever after.
                answers[key] = digest([path, asked]), begin(path[1], key, asked, self.headers["If-Match"])
            same, answer = answers[key]
            return answer if same == digest([path, asked]) else problem("idempotency-key-reused", 422)
        if path == ["connectors"]:  # One page, of one moment; a filter is a smaller fleet.
            kept = [c for c in connectors().values() if query.get("bot") in (None, c["bot"]["id"])]
            page = {"items": kept, "next_cursor": None, "snapshot": digest(kept)}
            return 304 if self.headers["If-None-Match"] == f'"{digest(kept)}"' else 200, page
        if path == ["operations"]:
            return 200, {"items": [o for o in operations.values() if o["idempotency_key"] == query["idempotency_key"]]}
        of = {"connectors": connectors(), "operations": operations}.get(path[0], {})
        return (200, of[path[-1]]) if path[-1] in of else problem(f"unknown-{path[0][:-1]}" if of else "not-found", 404)
    def do_GET(self):
        url = urlsplit(self.path)
        with lock:
            status, body = self.judge([unquote(part) for part in url.path.split("/")[2:]], dict(parse_qsl(url.query)))
            text = b"" if status == 304 else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", f"application/{'problem+' if status >= 400 else ''}json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("ETag", f'"{body.get("snapshot", body.get("revision"))}"')
        self.end_headers()
        self.wfile.write(text)
    do_POST = do_GET
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Contract)
print(f"LIFECYCLE_URL=http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
