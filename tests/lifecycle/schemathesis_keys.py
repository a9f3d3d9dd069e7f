"""For schemathesis: a new idempotency key for most changes, as the contract asks. Left to itself it sends one that it knows again and again,
and the service then rightly refuses nearly all of its changes as a key that was used for another one."""

import random
import re
import uuid

import schemathesis

VALID = re.compile(r"[\x21-\x7e]{1,255}")
numbers = random.Random(1)
sent = {}


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    # What is wrong on purpose stays as it is.
    if not isinstance(key, str) or not VALID.fullmatch(key):
        return
    change = (str(case.path_parameters), str(case.body))
    # The same change again is a replay, and now and then another one under its key is refused.
    if sent.get(key, change) != change and numbers.random() < 0.75:
        key = str(uuid.UUID(int=numbers.getrandbits(128)))
        case.headers["Idempotency-Key"] = key
    sent[key] = change
