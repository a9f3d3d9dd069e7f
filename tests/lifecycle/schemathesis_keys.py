"""For schemathesis: a new idempotency key for most changes, as the contract asks. Left to itself it sends "0" again and again, and the
service then rightly refuses nearly all of its changes as a key that was used for another one."""

import random
import uuid

import schemathesis
from hypothesis import strategies as st

# Not drawn from the test case, which would be repeated with it; the same in each run all the same.
numbers = random.Random(1)


def renew(headers, chance):
    # What is wrong on purpose comes in a wrapper, and stays as it is.
    if chance < 7 and isinstance(headers, dict) and "Idempotency-Key" in headers:
        return {**headers, "Idempotency-Key": str(uuid.UUID(int=numbers.getrandbits(128)))}
    return headers


@schemathesis.hook
def before_generate_headers(context, strategy):
    return st.builds(renew, strategy, st.integers(0, 7))
