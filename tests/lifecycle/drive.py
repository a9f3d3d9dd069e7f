"""Drives a lifecycle service through the contract: pages, a stop, a replay, a withdrawal, conflicts, refusals, the event stream.

    python3 drive.py URL          (the token in LIFECYCLE_TOKEN)

It changes connectors: not for a service that anybody uses. Ends with 0 if all went as the document says; prints what it did.
"""

import os
import sys
import time
import uuid

from client import Broken, Client, expect

PATIENCE = 60
BY = {"requested_by": "olga"}
STOP, START = {"action": "stop", "reason": "wrong answers", **BY}, {"action": "start", **BY}


def key():
    return str(uuid.uuid4())


def change(client, connector, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.call("begin_operation", {"id": connector, "Idempotency-Key": key(), **headers}, body)


def refused(answer, status, problem):
    expect((answer.status, answer.problem) == (status, problem), f"{answer.status} {answer.body}, not {status} {problem}")
    return answer.body


def to_its_end(client, accepted):
    """Reads the operation of an accepted change until it is over."""
    expect(accepted.status == 202, f"{accepted.status} {accepted.body}")
    deadline = time.monotonic() + PATIENCE
    while True:
        operation = client.follow(accepted, "operation")
        expect(operation.body["id"] == accepted.body["id"], "the link leads to another operation")
        if operation.body["state"] in ("succeeded", "failed"):
            expect(operation.body["state"] == "succeeded", operation.body)
            return operation
        expect(time.monotonic() < deadline, f"not over in time: {operation.body}")
        time.sleep(0.05)


def pages(client):
    page = client.call("list_connectors", {"limit": 5})
    tag, items = page.headers["ETag"], list(page.body["items"])
    expect(page.body["next_cursor"], "a fleet of more than five was expected")
    while page.body["next_cursor"]:
        page = client.follow(page, "nextPage")
        expect(page.headers["ETag"] == tag, "the pages show two moments")
        items += page.body["items"]
    ids = [item["id"] for item in items]
    expect(ids == sorted(set(ids)), f"not ordered by id, each once: {ids}")
    expect(tag.strip('"') == page.body["snapshot"], "the tag is not the snapshot")
    refused(client.call("list_connectors", {"cursor": "nonsense"}), 410, "cursor-expired")
    refused(client.call("list_connectors", {"limit": 0}), 400, "invalid-request")
    cursor = client.call("list_connectors", {"limit": 1}).body["next_cursor"]
    refused(client.call("list_connectors", {"cursor": cursor, "limit": 1}), 422, "cursor-with-filters")
    return items


def unchanged(client):
    """A read of what did not change is 304. (Loads move by themselves now and then: so a few attempts.)"""
    for _ in range(5):
        tag = client.call("list_connectors").headers["ETag"]
        if client.call("list_connectors", {"If-None-Match": tag}).status == 304:
            return
    raise Broken("an unchanged fleet was never 304")


def stop_once(client, connector):
    """A stop, replayed while it is under way and when it is over; another change under its key; a lookup by the key."""
    seen = client.call("read_connector", {"id": connector})
    expect(seen.headers["ETag"] == '"%s"' % seen.body["revision"], "the tag is not the revision")
    name = key()
    accepted = client.follow(seen, "change", {"Idempotency-Key": name}, STOP)
    expect("Idempotent-Replayed" not in accepted.headers, "a new key was taken for an old one")
    # What was accepted cannot be withdrawn: it is answered as what it is.
    replays = [client.follow(accepted, "again"), withdraw(client, connector, name, STOP)]
    to_its_end(client, accepted)
    # The revision that it was for is gone by now: a key that was judged comes before any precondition.
    replays.append(client.call("begin_operation", accepted.asked["parameters"], STOP))
    for replay in replays:
        expect((replay.status, replay.body["id"]) == (202, accepted.body["id"]), f"a replay was answered {replay.status} {replay.body}")
        expect(replay.headers["Location"] == accepted.headers["Location"], "a replay leads elsewhere")
        expect(replay.headers["Idempotent-Replayed"] == "true", "a replay does not say so")
    refused(client.call("begin_operation", {"id": connector, "Idempotency-Key": name}, START), 422, "idempotency-key-reused")
    by_key = client.follow(accepted, "byKey").body["items"]
    expect([operation["id"] for operation in by_key] == [accepted.body["id"]], by_key)
    expect(client.call("find_operations", {"idempotency_key": key()}).body["items"] == [], "an unused key has an operation")
    after = client.follow(accepted, "connector").body
    expect((after["agent"], after["operation_id"]) == ("Stopped", None), after)
    expect(after["revision"] != seen.body["revision"], "the revision did not move")
    print("key", name)
    return seen.body["revision"]


def withdraw(client, connector, name, body):
    """The same once more, held to a revision that no connector has."""
    return change(client, connector, body, Idempotency_Key=name, If_Match=f'"withdrawn-{name}"')


def withdrawn(client, connector):
    """A change that is given up before it arrived: whatever comes of it later is refused, and nothing is carried out."""
    before = client.call("read_connector", {"id": connector}).body
    name = key()
    first = withdraw(client, connector, name, STOP)
    refused(first, 412, "revision-mismatch")
    # The call that was given up comes late: its revision still holds, and so it would be carried out but for its key.
    for held in ({"If_Match": f'"{before["revision"]}"'}, {}):
        late = change(client, connector, STOP, Idempotency_Key=name, **held)
        refused(late, 412, "revision-mismatch")
        expect(late.body == first.body, f"refused in another way: {late.body}, not {first.body}")
    refused(change(client, connector, START, Idempotency_Key=name), 422, "idempotency-key-reused")
    expect(client.call("find_operations", {"idempotency_key": name}).body["items"] == [], "a withdrawn key has an operation")
    after = client.call("read_connector", {"id": connector}).body
    still = ("revision", "agent", "operation_id")
    expect([after[word] for word in still] == [before[word] for word in still], f"it was carried out: {before}, {after}")


def conflicts(client, connector, old_revision):
    """An old revision, an operation under way, and what cannot be done in this state."""
    body = refused(change(client, connector, START, If_Match=f'"{old_revision}"'), 412, "revision-mismatch")
    now = client.call("read_connector", {"id": connector}).body
    expect(body["revision"] == now["revision"], body)
    refused(change(client, connector, STOP), 409, "not-running")
    redeploy = {"action": "redeploy", "target_environment": now["environment"], **BY}
    refused(change(client, connector, redeploy), 409, "same-environment")
    refused(change(client, connector, {**redeploy, "target_environment": "Atlantis"}), 422, "unknown-environment")
    started = change(client, connector, START, If_Match=f'"{now["revision"]}"')
    body = refused(change(client, connector, STOP), 409, "operation-in-progress")
    expect(body["operation_id"] == started.body["id"], body)
    return started


def strangers(client):
    refused(client.call("read_connector", {"id": "no such/one?"}), 404, "unknown-connector")
    refused(client.call("read_operation", {"id": "op-0"}), 404, "unknown-operation")
    refused(client.call("begin_operation", {"id": "x"}, STOP, leave_out=["Idempotency-Key"]), 400, "idempotency-key-missing")
    refused(client.call("list_connectors", token="another"), 401, "unauthorized")
    described = client.document["components"]["schemas"]["Problem"]["properties"]["type"]["description"]
    expect("`operation-in-progress`" in described, "the problems are not named in the document")


def until(events, name, wanted):
    """The next event of this name that is as wanted, and its id; none may be missing before it."""
    for number, event, data in events:
        expect(event != "reset", "events are missing")
        if event == name and wanted(data):
            return number, data
    raise Broken("the stream ended")


def main():
    client = Client(sys.argv[1], os.environ["LIFECYCLE_TOKEN"])
    fleet = pages(client)
    unchanged(client)
    strangers(client)
    running = [c["id"] for c in fleet if c["agent"] == "Online" and c["operation_id"] is None]
    connector = running[0]

    withdrawn(client, connector)

    events = client.events("follow_events")
    next(events)
    old_revision = stop_once(client, connector)
    stopped = lambda data: data["connector"]["id"] == connector and data["connector"]["agent"] == "Stopped"
    last, _ = until(events, "connector.changed", stopped)
    events.close()

    # All that the reader missed meanwhile is delivered, from where it left off.
    started = conflicts(client, connector, old_revision)
    to_its_end(client, started)
    events = client.events("follow_events", {"Last-Event-ID": last})
    next(events)
    ours = lambda data: data["operation"]["id"] == started.body["id"]
    states = []
    while not states or states[-1] != "succeeded":
        states.append(until(events, "operation.changed", ours)[1]["operation"]["state"])
    expect(states == ["accepted", "running", "succeeded"], states)
    events.close()
    events = client.events("follow_events", {"Last-Event-ID": "of another service"})
    next(events)
    expect(next(events)[1] == "reset", "a reader from elsewhere is not told to read again")
    events.close()
    print("done")


main()
